/** Types of workloads; `npm run types` checks them. */
import { expectTypeOf } from "bun:test";
import * as v from "valibot";
import { simulate } from "../../lib/simulation/index.ts";
import type { Node } from "../../lib/vortex/index.ts";
import { defineWorkload, fail, operation, rpc } from "../../lib/workload/index.ts";

type Transfer = { readonly from: string; readonly to: string; readonly amount: number };

const check = () => ({ valid: true }) as const;

// outcome sees the reply as its schemas parse it, and the argument that request takes.
const transfer = rpc({
  request: ({ from, to, amount }: Transfer) => ({ from, to, amount }),
  reply: { balance: v.pipe(v.number(), v.transform(String)) },
  outcome: (reply, value) => {
    expectTypeOf(reply.balance).toEqualTypeOf<string>();
    expectTypeOf(value).toEqualTypeOf<Transfer>();
    return reply.balance === "" ? fail("empty") : { ...value, balance: reply.balance };
  },
});
const read = rpc({
  reply: v.looseObject({ accounts: v.record(v.string(), v.number()) }),
  outcome: ({ accounts }) => {
    expectTypeOf(accounts).toEqualTypeOf<{ [account: string]: number }>();
    return accounts;
  },
});

// A field that the reply does not have, and a result that is not JSON.
// @ts-expect-error
rpc({ reply: { balance: v.number() }, outcome: ({ sum }) => sum });
// @ts-expect-error
rpc({ reply: { balance: v.number() }, outcome: () => new Map() });
// @ts-expect-error -- What is not a schema.
rpc({ reply: { balance: "number" } });
// @ts-expect-error -- A body that is not JSON.
rpc({ request: (at: Date) => ({ at }) });

// run sees replies likewise.
operation({
  async run({ node, nodeIds, rpc: ask }, count: number) {
    const replies = await Promise.all(
      nodeIds.map((peer) => ask(peer, { type: "vote" }, { yes: v.boolean() })),
    );
    expectTypeOf(replies).toEqualTypeOf<{ yes: boolean }[]>();
    // @ts-expect-error -- A body needs a type.
    void ask(node, { count }, {});
    return replies.length + count;
  },
});

// A generator emits the workload's operations, with their arguments.
const bank = defineWorkload({
  options: { accounts: v.optional(v.number(), 5) },
  operations: { transfer, read },
  nodes: ({ invocation, nodeIds, last }) => {
    expectTypeOf(invocation.f).toEqualTypeOf<"transfer" | "read">();
    return last?.node ?? nodeIds[0] ?? "";
  },
  generators({ options, mix, once, inOrder, eachClient }) {
    expectTypeOf(options).toEqualTypeOf<{ accounts: number }>();
    // @ts-expect-error -- There is no such operation.
    once({ f: "transfr", value: { from: "a", to: "b", amount: 1 } });
    // @ts-expect-error -- An argument of another type.
    inOrder([{ f: "transfer", value: { from: "a", to: "b", amount: "1" } }]);
    // @ts-expect-error -- An argument is missing.
    mix([() => ({ f: "transfer" })]);
    // @ts-expect-error -- The operation takes none.
    once({ f: "read", value: 5 });
    return {
      main: mix([
        [3, () => ({ f: "transfer", value: { from: "a", to: "b", amount: 1 } })],
        () => ({ f: "read" }),
      ]),
      final: eachClient(() => once({ f: "read", final: true })),
    };
  },
  check,
});

defineWorkload({
  operations: { read },
  // @ts-expect-error -- There is no such operation.
  mayNeverBeOk: ["write"],
  generators: () => ({ main: () => ({ f: "read" }) }),
  check,
});

defineWorkload({
  operations: { read },
  // @ts-expect-error -- A function that makes another operation.
  generators: () => ({ main: () => ({ f: "write" }) }),
  check,
});

// Operations that hold the state of a client have the same types, and messages of nodes are parsed.
defineWorkload({
  operations: ({ handle, options, latency }) => {
    expectTypeOf(options).toExtend<object>();
    expectTypeOf(latency.meanMs).toEqualTypeOf<number>();
    handle("granted", { token: v.number() }, ({ token }, node) => {
      expectTypeOf(token).toEqualTypeOf<number>();
      expectTypeOf(node).toEqualTypeOf<string>();
    });
    // @ts-expect-error -- A field that the message does not have.
    handle("revoked", {}, ({ token }) => ({ token }));
    return { acquire: operation({ run: async () => 1 }) };
  },
  generators: ({ once }) => {
    // @ts-expect-error -- There is no such operation.
    once({ f: "release" });
    return { main: once({ f: "acquire" }) };
  },
  check,
});

// A simulation takes a workload, or the name of one.
const program = (_node: Node): void => {};
simulate(program, { workload: bank, workloadOptions: { accounts: 3 } });
// @ts-expect-error
simulate(program, { workload: "bank" });
// @ts-expect-error
simulate(program, { workload: { operations: { read } } });
