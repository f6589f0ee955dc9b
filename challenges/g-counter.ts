/**
 * Challenge 4, a grow-only counter: every add is stored in seq-kv before it is acknowledged.
 *
 * Each node owns a bucket in seq-kv with the total of what was added there; a read asks the other
 * nodes for their totals and adds up. How that works is told at `Counter`. What it comes to:
 *
 * - **Adds** that come while a write is under way share the next one. An add of 0 is not stored.
 * - **Reads** show whatever was acknowledged more than a second before (`--fresh-ms`) anywhere, and
 *   all that was acknowledged by this node. Totals heard within that second are not asked for again.
 *   All reads that wait share one round of questions. What one node shows never goes down.
 *
 * What faults do, case by case:
 *
 * - **A partition between nodes.** Adds do not notice: seq-kv is not part of it. A read waits 300 ms
 *   (`--ask-ms`) for a node that has fallen silent. From then on that node's bucket is read instead,
 *   without that wait, after a write of this node's own, so that seq-kv shows no past: the second
 *   still holds. Every five seconds the silent node is asked again. A one-way cut, a pause and a loss
 *   of messages are no different.
 * - **A write that times out.** Nobody knows whether it was carried out. The same compare-and-set is
 *   tried again: it can succeed once only. If it is refused, what is stored tells whether it was this
 *   one that succeeded before.
 * - **An add that waits for 4 s** is answered with an error before its client gives up: a definite one
 *   if no write has taken it, for none will; else `timeout` (0): it may count, once.
 * - **A kill.** The bucket is all that a node needs. Started again, it reads the bucket, freshly, and
 *   replaces it by another of the same total before anything else: a write that was on its way when
 *   the node was killed comes before that, and is part of the total, or is refused. Its first read
 *   reads the others' buckets as well: so it shows no less than was shown before the kill.
 * - **seq-kv shows the past.** A compare-and-set that it refuses may have been compared with a past
 *   bucket. So nothing is concluded from the refusal, but from a read after a write.
 *
 * `--no-durable` acknowledges at once, and stores in intervals of 2.5 s (`--store-ms`): a kill
 * loses what was added since the last. Reads show what was stored 3.5 s before.
 *
 * @see Maelstrom workloads, "G-counter"; Fly.io Gossip Glomers, challenge 4
 */
import * as v from "valibot";
import { serve, withOptions } from "../lib/vortex/index.ts";
import { Counter, CounterOptions } from "./counter/counter.ts";

const Add = v.object({ delta: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) });
const Read = v.object({});

export const gCounter = withOptions(CounterOptions, (node, options) => {
  const counter = new Counter(node, options);
  node.handle("add", Add, async ({ body }) => {
    await counter.add(body.delta);
    return { type: "add_ok" };
  });
  node.handle("read", Read, async () => ({ type: "read_ok", value: await counter.read() }));
});

if (import.meta.main) await serve(gCounter);
