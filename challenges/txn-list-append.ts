/**
 * Beyond Gossip Glomers: strict-serializable transactions on lists, on any number of nodes.
 *
 * **Problem.** Clients read and append to several lists per transaction, at any node. All transactions
 * must appear to be executed one after the other, in an order that agrees with real time: a transaction
 * sees everything that was acknowledged before it began.
 *
 * **Idea.** A transaction is one command of a state machine that all nodes run on the same log, and Raft
 * keeps the logs the same (`lib/raft`). So transactions are executed one after the other, and none is
 * ever aborted. What is left for this program is the state machine: `txn-list-append/lists.ts`
 *
 * **Invariant.** A transaction is executed in the state after some entry of the log that a majority has
 * stored, and that entry is no older than any that was answered before its request came.
 *
 * **Algorithm.**
 * - *Transactions that append* become entries of the log.
 * - *Transactions that only read* are answered from the leader's state while it has a lease.
 * - A follower forwards transactions to the leader. It executes the entry itself, so the leader sends
 *   no result.
 *
 * **Faults.**
 * - *Partition.* The side with a majority continues, if need be after an election: 0.6 to 1.1 s. On the
 *   other side transactions wait for 4 s (`--timeout-ms`), and fail.
 * - *Kill.* Everything acknowledged is on the disks of a majority (`--data DIR`). Without a disk, a
 *   restarted node gets the log from the others, while a majority of them was not killed.
 * - A transaction ends with a definite error unless a leader may have it in its log.
 *
 * **Cost.** On 3 nodes, 2 messages at a follower for a transaction that only reads and 3 for any other;
 * at the leader 0 and 2. That is 2.4 per operation of the workload, and 4.1 on 5 nodes.
 *
 * @see Maelstrom workloads, "Txn-list-append"; Ongaro's thesis, "Consensus: Bridging Theory and Practice"
 */
import * as v from "valibot";
import { replicate } from "../lib/raft/index.ts";
import { serve, withOptions } from "../lib/vortex/index.ts";
import { Lists, Txn } from "./txn-list-append/lists.ts";

const Options = v.object({
  /** How long requests wait for others to share their messages, in ms. */
  batchMs: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /** How long a transaction waits for its outcome, in ms: clients of the workload wait 5 s. */
  timeoutMs: v.optional(v.pipe(v.number(), v.minValue(1)), 4000),
  /** A log longer than this, in characters, and than the last snapshot, is compacted. */
  compactionLength: v.optional(v.pipe(v.number(), v.minValue(0)), 2 ** 17),
});

export const txnListAppend = withOptions(Options, (node, options) => {
  const lists = replicate(node, new Lists(), options);
  node.handle("txn", Txn, ({ body }) => lists.execute(body));
});

if (import.meta.main) await serve(txnListAppend);
