/**
 * Challenge 4, a grow-only counter: every add is stored in seq-kv before it is acknowledged.
 *
 * **Problem.** Clients add on any node, and every node must report the sum. Nodes get killed and cut
 * off from each other. seq-kv survives, but it may answer reads from a past state and may refuse a
 * compare-and-set for one; a request without an answer may or may not have happened.
 *
 * **Idea.** Each node owns a bucket in seq-kv with the total of its own adds. The value is the sum of
 * all totals, so nodes never write to the same key.
 *
 * **Invariant.** Buckets form a chain of compare-and-sets with unique ids: every acknowledged add is in
 * the chain exactly once. What a node shows never goes down.
 *
 * **Algorithm.** `counter/counter.ts` has it, with the proof.
 * - *Adds* that arrive while a write is in flight share the next one.
 * - *Reads* add up the node's own total and those that its peers answer to `local`. A total received in
 *   the last second (`--fresh-ms`) is not asked for again; concurrent reads share a round of questions.
 *
 * **Faults.**
 * - *Partition, pause, loss*: adds only need seq-kv, which is never cut off. A read waits 300 ms
 *   (`--ask-ms`) for a peer that falls silent, and from then on reads the peer's bucket.
 * - *A write times out*: the same compare-and-set is repeated. It cannot happen twice.
 * - *Kill*: a restarted node reads its bucket and replaces it, so that writes from before the kill
 *   either are part of it or fail.
 * - After 4 s an operation fails with an error, before its client gives up: a definite one if no write
 *   includes the add, else `timeout` (0).
 *
 * **Cost.** Two messages per write and two per stale peer: 0.73 per operation in stage 4. `--no-durable`
 * acknowledges at once and stores every 2.5 s (`--store-ms`): 0.10, and a kill loses the adds since.
 *
 * @see Maelstrom workloads, "G-counter"; Fly.io Gossip Glomers, challenge 4
 */
import * as v from "valibot";
import { serve, withOptions } from "../lib/vortex/index.ts";
import { Counter } from "./counter/counter.ts";
import { CounterOptions } from "./counter/limits.ts";

const Add = v.object({ delta: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) });
const Read = v.object({});

export const gCounter = withOptions(CounterOptions, (node, options) => {
  const counter = new Counter(node, options);
  let shown = 0;

  node.handle("add", Add, async ({ body }) => {
    await counter.add(body.delta);
    return { type: "add_ok" };
  });
  node.handle("read", Read, async () => {
    const value = await counter.read();
    node.always(value >= shown, "the value shown never goes down", { shown, value });
    shown = value;
    return { type: "read_ok", value };
  });
});

if (import.meta.main) await serve(gCounter);
