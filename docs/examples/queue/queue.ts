import * as v from "valibot";
import { defineWorkload, fifoQueue, linearizable, rpc } from "vortex/workload";

export const queue = defineWorkload({
  doc: "A queue: elements leave it in the order in which they came, each once.",
  operations: {
    enqueue: rpc({ request: (element: number) => ({ element }) }),
    dequeue: rpc({
      reply: { element: v.nullable(v.number()) },
      outcome: ({ element }) => element,
    }),
  },
  generators({ mix, eachClient, limit }) {
    let next = 0;
    return {
      main: mix([() => ({ f: "enqueue", value: next++ }), () => ({ f: "dequeue" })]),
      // What is left. A lost element shows when a later one leaves before it.
      final: eachClient(() => limit(3, () => ({ f: "dequeue" }))),
    };
  },
  check: linearizable(fifoQueue),
});
