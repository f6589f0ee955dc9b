/**
 * Challenge 6, totally available transactions on registers.
 *
 * **Problem.** Clients read and write several registers per transaction, on any node. A node must answer
 * every transaction, even if it reaches no other node, and no transaction may see another in part.
 * In the end all nodes must have the same values.
 *
 * **Idea.** A transaction runs on its node's own replica, in one step, and is sent to the other nodes
 * afterwards. Its writes share one stamp, and in every register the highest stamp wins.
 *
 * **Invariant.** A replica holds the merged writes of a set of whole transactions, and the stamp of a
 * register never goes back. So reads are never dirty, intermediate, circular or fractured: this is read
 * atomic. Replicas that have merged the same transactions are equal, whatever the order.
 *
 * **Algorithm.**
 * - *Stamps.* A Lamport clock; of equal clocks, the name of the writer's incarnation decides.
 *   `txn-rw-register/registers.ts`
 * - *Replication.* A node keeps its own transactions until every peer has acknowledged them, and sends
 *   each peer what it lacks, whole transactions only. Acknowledgements ride on news; when nothing is
 *   new, nothing is sent. `replica.ts`, `log.ts`, `progress.ts`
 * - *Catching up.* A peer that lacks more than the log holds gets a snapshot of all registers, in pages
 *   if need be, and merges it when it is complete. `snapshot.ts`
 * - *Timing.* News waits 50 ms for more (`--flush-ms`). `transport.ts`
 *
 * **Faults.**
 * - *Partition, loss, pause.* A peer that does not answer is probed every 400 ms. Its first answer is
 *   followed by what it lacks.
 * - *Kill.* A restarted node is a new incarnation, and gets snapshots. Its peers send each other theirs
 *   too, because one of them may be the only node that has a transaction of the earlier incarnation.
 *   Until the first message from a peer, its clock is behind: its writes may lose against older ones.
 * - A transaction survives a kill once another node has it: soon after the answer or, with `--durable`,
 *   before it. With `--durable` it needs another node, so it is no longer totally available.
 * - Like every totally available database, it does not prevent lost updates.
 *
 * **Cost.** One batch per peer and flush: 0.02 messages per operation on 2 nodes (6b, 6c), 0.75 with
 * `--durable`.
 *
 * @see Maelstrom workloads, "Txn-rw-register"; Fly.io Gossip Glomers, challenge 6
 */
import * as v from "valibot";
import { JsonInteger, serve, withOptions } from "../lib/vortex/index.ts";
import { TxnOptions } from "./txn-rw-register/limits.ts";
import { identity, type Write } from "./txn-rw-register/registers.ts";
import { Replica } from "./txn-rw-register/replica.ts";
import { Transport } from "./txn-rw-register/transport.ts";

const isRead = v.custom<"r">((name) => name === "r", 'must be "r" or "w"');
const anything = v.custom<unknown>((value) => value !== undefined);
const ReadOperation = v.strictTuple([isRead, JsonInteger, anything]);
const WriteOperation = v.strictTuple([v.literal("w"), JsonInteger, JsonInteger]);
const Operation = v.lazy((value) =>
  Array.isArray(value) && value[0] === "w" ? WriteOperation : ReadOperation,
);
type Operation = v.InferOutput<typeof Operation>;
const Txn = v.object({ txn: v.array(Operation) });

export const txnRwRegister = withOptions(TxnOptions, (node, options) => {
  const replica = new Replica({ incarnation: node.generateId(), peers: node.peers, node });
  const transport = new Transport(node, replica, options);
  for (const [name, holds] of replica.invariants) node.invariant(name, holds);

  node.handle("txn", Txn, ({ body }) => {
    const { results, writes } = execute(body.txn, (key) => replica.read(key));
    replica.commit(writes);
    transport.flushSoon();
    const reply = { type: "txn_ok", txn: results };
    if (!options.durable) return reply;
    return transport.replicated(replica.lastCommitted).then(() => reply);
  });
});

/** Runs a transaction: reads see its own earlier writes. Returns its last write to each key. */
function execute(txn: readonly Operation[], read: (key: JsonInteger) => JsonInteger | null) {
  const writes = new Map<string | number, Write>();
  const results = txn.map((operation) => {
    const [name, key, value] = operation;
    const own = writes.get(identity(key));
    if (name === "r") return [name, key, own?.[1] ?? read(key)] as const;
    writes.set(identity(key), [key, value]);
    return operation;
  });
  return { results, writes: [...writes.values()] };
}

if (import.meta.main) await serve(txnRwRegister);
