/**
 * A counter that goes up and down: every add is stored in seq-kv before it is acknowledged.
 *
 * The same algorithm as the grow-only counter's (`g-counter.ts` tells what faults do): a node's total
 * may fall, but each has a version, and no node returns from a version to an older one.
 *
 * @see Maelstrom workloads, "PN-counter"
 */
import * as v from "valibot";
import { serve, withOptions } from "../lib/vortex/index.ts";
import { Counter, CounterOptions } from "./counter/counter.ts";

const Add = v.object({ delta: v.pipe(v.number(), v.safeInteger()) });
const Read = v.object({});

export const pnCounter = withOptions(CounterOptions, (node, options) => {
  const counter = new Counter(node, options);
  node.handle("add", Add, async ({ body }) => {
    await counter.add(body.delta);
    return { type: "add_ok" };
  });
  node.handle("read", Read, async () => ({ type: "read_ok", value: await counter.read() }));
});

if (import.meta.main) await serve(pnCounter);
