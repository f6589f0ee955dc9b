/** Types of nemeses; `npm run types` checks them. */
import { expectTypeOf } from "bun:test";
import * as v from "valibot";
import { simulate } from "../../lib/simulation/index.ts";
import type { NodeId } from "../../lib/vortex/index.ts";
import {
  type AnyReply,
  defineNemesis,
  duplicate,
  type HistoryEntry,
  kill,
  loss,
  type NemesisDefinition,
  type NemesisTest,
  oneWayPartition,
  partition,
  type ReplyOf,
  slow,
} from "../../lib/workload/index.ts";

const echo = (): void => {};

// A reply is parsed by its fields, or by a whole schema; without either, its fields are unknown.
async function asking(test: NemesisTest) {
  const fields = await test.rpc("n0", { type: "status" }, { leader: v.string() });
  expectTypeOf(fields.leader).toEqualTypeOf<string>();
  const whole = await test.rpc("n0", { type: "status" }, v.looseObject({ term: v.number() }));
  expectTypeOf(whole.term).toEqualTypeOf<number>();
  const any = await test.rpc("n0", { type: "status" });
  expectTypeOf(any).toEqualTypeOf<ReplyOf<AnyReply>>();
  expectTypeOf(any["leader"]).toEqualTypeOf<unknown>();
  // @ts-expect-error -- A body is JSON.
  await test.rpc("n0", { type: "status", at: new Date() });
  // @ts-expect-error -- A body has a type.
  await test.rpc("n0", { leader: "n1" });
}

// Targets are names that the part has, or functions that pick nodes.
const leader = ({ history }: NemesisTest): NodeId | undefined => history.at(-1)?.node;
kill({ targets: ["one", "minority", "majority", "all", leader] });
kill({ targets: [async () => ["n0"]] });
partition({ targets: ["majorities-ring", leader] });
oneWayPartition({ targets: ["majority-deaf", leader] });
loss({ probability: 0.1, targets: [leader] });
slow({ factor: 3 });
// @ts-expect-error -- Not a target of kill.
kill({ targets: ["majorities-ring"] });
// @ts-expect-error -- A function picks names of nodes.
partition({ targets: [() => 1] });
// @ts-expect-error -- It has no factor.
duplicate({ factor: 3 });

const membership = defineNemesis({
  name: "membership",
  doc: "Removes a node, and adds it again.",
  fault: (test) => {
    expectTypeOf(test).toEqualTypeOf<NemesisTest>();
    expectTypeOf(test.history).toEqualTypeOf<readonly HistoryEntry[]>();
    void asking(test);
    return {
      start: async () => ({ n1: "removed" }),
      stop() {},
      operations: { compact: () => null },
    };
  },
  schedule: ({ phases, sleep, once, alternating, intervalS, stagger }) => {
    expectTypeOf(intervalS).toEqualTypeOf<number>();
    return phases([sleep(1), once({ f: "compact" }), stagger(intervalS, alternating)]);
  },
});
expectTypeOf(membership).toEqualTypeOf<NemesisDefinition>();

// @ts-expect-error -- It needs a doc.
defineNemesis({ fault: kill() });
// @ts-expect-error -- It needs a fault.
defineNemesis({ doc: "Does nothing." });
// @ts-expect-error -- A fault that starts has to stop.
defineNemesis({ doc: "Never heals.", fault: () => ({ start: () => null }) });
// @ts-expect-error -- An operation returns JSON.
defineNemesis({ doc: "Returns a map.", fault: () => ({ start: () => new Map(), stop() {} }) });

// A simulation takes definitions beside the names of built-in faults.
const result = simulate(echo, { workload: "echo", nemesis: ["kill", membership] });
expectTypeOf(result.faults["membership"]).toEqualTypeOf<number | undefined>();
expectTypeOf(result.faults.kill).toEqualTypeOf<number | undefined>();
// @ts-expect-error -- Not a fault.
simulate(echo, { workload: "echo", nemesis: ["membership"] });
