/**
 * Beyond Gossip Glomers: a linearizable key-value store on any number of nodes.
 *
 * **Problem.** Clients read, write and compare-and-set keys at any node, and every operation must appear
 * to take effect at one moment between its request and its reply. No node may answer from what it alone
 * knows, and none may be waited for: it may be cut off, paused or dead.
 *
 * **Idea.** All nodes run the same state machine on the same log, and Raft keeps the logs the same
 * (`lib/raft`). What is left for this program is the state machine: `lin-kv/store.ts`
 *
 * **Invariant.** A request is answered from the state after some entry of the log that a majority has
 * stored, and that entry is no older than any that was answered before the request came.
 *
 * **Algorithm.**
 * - *Writes* become entries of the log, and so do compare-and-sets that match.
 * - *Reads* are answered from the leader's state while it has a lease, and so are compare-and-sets that
 *   do not match, which are most.
 * - A follower forwards requests to the leader. It applies the entry itself, so the leader sends no
 *   result.
 *
 * **Faults.**
 * - *Partition.* The side with a majority continues, if need be after an election: 0.6 to 1.1 s. On the
 *   other side requests wait for 900 ms (`--timeout-ms`), and fail.
 * - *Kill.* Everything acknowledged is on the disks of a majority (`--data DIR`). Without a disk, a
 *   restarted node gets the log from the others, while a majority of them was not killed.
 * - A request ends with a definite error unless a leader may have it in its log.
 *
 * **Cost.** At a follower, 2 messages for a read and 3 for a write; at the leader 0 and 2. On 3 nodes 1.8
 * per operation of the workload; with `--batch-ms 50`, which lets requests wait for others, 1.2.
 *
 * @see Maelstrom workloads, "Lin-kv"; Ongaro's thesis, "Consensus: Bridging Theory and Practice"
 */
import * as v from "valibot";
import { replicate } from "../lib/raft/index.ts";
import { serve, withOptions } from "../lib/vortex/index.ts";
import { Command, Store } from "./lin-kv/store.ts";

const Options = v.object({
  /** How long requests wait for others to share their messages, in ms. */
  batchMs: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /** How long a request waits for its outcome, in ms: clients of the workload wait 1 s. */
  timeoutMs: v.optional(v.pipe(v.number(), v.minValue(1)), 900),
  /** A log longer than this, in characters, and than the last snapshot, is compacted. */
  compactionLength: v.optional(v.pipe(v.number(), v.minValue(0)), 2 ** 17),
});

export const linKv = withOptions(Options, (node, options) => {
  const store = replicate(node, new Store(), options);
  for (const schema of Command.options) {
    node.handle(schema.entries.type.literal, schema, ({ body }) => store.execute(body));
  }
});

if (import.meta.main) await serve(linKv);
