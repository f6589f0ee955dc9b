/** The requests of clients, and a check of the answers. `vortex workloads` lists ready ones. */
import * as v from "valibot";
import { defineWorkload, linearizable, randomInteger, register, rpc } from "vortex/workload";

export const workload = defineWorkload({
  doc: "Clients write a number and read it back, each at any node.",
  operations: {
    // {"type": "write", "value": 3} → {"type": "write_ok"}
    write: rpc({ request: (value: number) => ({ value }) }),
    // {"type": "read"} → {"type": "read_ok", "value": 3}
    read: rpc({
      reply: { value: v.nullable(v.number()) },
      outcome: ({ value }) => value,
      idempotent: true,
    }),
  },
  generators: ({ random, mix }) => ({
    main: mix([() => ({ f: "write", value: randomInteger(random, 100) }), () => ({ f: "read" })]),
  }),
  // Every operation must appear to take effect at one moment between its start and its end.
  check: linearizable(register),
});
