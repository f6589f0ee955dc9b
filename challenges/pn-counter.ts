/**
 * A counter that goes up and down: the algorithm of the grow-only counter (`g-counter.ts`), with deltas
 * of both signs.
 *
 * A node's total may fall. It still has a version, so no node returns to an older total.
 *
 * @see Maelstrom workloads, "PN-counter"
 */
import * as v from "valibot";
import { serve, withOptions } from "../lib/vortex/index.ts";
import { Counter } from "./counter/counter.ts";
import { CounterOptions } from "./counter/limits.ts";

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
