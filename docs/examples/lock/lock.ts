import * as v from "valibot";
import {
  defineWorkload,
  expiringLock,
  fail,
  info,
  type Json,
  linearizable,
  operation,
  randomInteger,
  rpc,
} from "vortex/workload";

export const lock = defineWorkload({
  doc: "A lock with leases, on n0, guards a store, on n1. Tokens keep owners out whose lease has expired.",
  // Called for each client: the token is the client's own.
  operations: () => {
    let token: Json = null;
    return {
      acquire: rpc({
        reply: { token: v.number() },
        outcome: (reply) => {
          token = reply.token;
          return token;
        },
      }),
      use: operation({
        async run({ node, rpc }) {
          if (token === null) return fail("has no token");
          const { accepted } = await rpc(node, { type: "use", token }, { accepted: v.boolean() });
          return [token, accepted];
        },
        // The token may have been used, and the model has to know which.
        onError: ({ kind }) => info(kind, [token, null]),
      }),
      release: operation({
        async run({ node, rpc }) {
          if (token === null) return fail("has no token");
          const released = token;
          token = null;
          await rpc(node, { type: "release", token: released }, {});
          return released;
        },
        idempotent: true,
      }),
    };
  },
  nodes: ({ invocation }) => (invocation.f === "use" ? "n1" : "n0"),
  refuse: ({ nodeIds }) => (nodeIds.length === 2 ? undefined : "lock needs --node-count 2"),
  generators: ({ random, cycle, eachClient, phases, once, sleep }) => ({
    main: eachClient(() =>
      cycle(() =>
        phases([
          once({ f: "acquire" }),
          sleep(randomInteger(random, 3)), // Longer than a lease of 1 s, now and then.
          once({ f: "use" }),
          once({ f: "release" }),
        ]),
      ),
    ),
  }),
  check: linearizable({
    ...expiringLock,
    map({ completion, ...operation }) {
      const { f } = operation;
      const ended = completion?.value ?? null;
      if (f === "acquire") return operation;
      if (Array.isArray(ended)) return { ...operation, value: ended[0], result: ended[1] };
      return { ...operation, value: ended };
    },
  }),
});
