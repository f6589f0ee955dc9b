import { describe, expect, test } from "bun:test";
import type { Decisions, Intervention } from "../../../../../../lib/workbench/decisions.ts";
import type { JournalEvent } from "../../../../../../lib/workbench/network/journal.ts";
import {
  addressOf,
  afterNs,
  deedsOn,
  describeIntervention,
  isCutByHand,
  linksBetween,
  withInterventions,
} from "../../../../../../lib/workbench/play/page/watch/interventions.ts";

function sent(src: string, dest: string): JournalEvent {
  return { type: "send", time: 0, message: { id: 0, src, dest, body: { type: "x" } } };
}

test("a message is found by its link, and its number on it", () => {
  const recv: JournalEvent = { ...sent("n0", "n1"), type: "recv" };
  const messages = [sent("n0", "n1"), recv, sent("n1", "n0"), sent("n0", "n1"), sent("c1", "n0")];
  expect([0, 1, 2, 3, 4].map((row) => addressOf(messages, row))).toEqual([
    { link: "n0 -> n1", number: 0 },
    { link: "n1 -> n0", number: 0 },
    { link: "n0 -> n1", number: 1 },
    { link: "c1 -> n0", number: 0 },
    undefined,
  ]);
});

test("an intervention comes after all that is shown, and before the next tick", () => {
  const tickOf = (ns: number) => Math.round(ns / 1000);
  for (const ticks of [0, 7, 7.9, 123_456]) {
    const ns = afterNs(ticks, 1000);
    expect(tickOf(ns)).toBe(Math.floor(ticks) + 1);
    expect(tickOf(ns - 1)).toBe(Math.floor(ticks));
  }
  expect(afterNs(-3, 1000)).toBe(0);
});

describe("Decisions with interventions", () => {
  const kill: Intervention = { do: "kill", atNs: 5, node: "n0" };

  test("are those of the seed otherwise, and none without interventions", () => {
    const changed = withInterventions(undefined, [kill]);
    expect(changed).toEqual({ version: 1, base: "seed", interventions: [kill] });
    expect(withInterventions(changed, [])).toBeUndefined();
    expect(withInterventions(undefined, [])).toBeUndefined();
  });

  test("keep what else was decided", () => {
    const given: Decisions = { version: 1, messages: { "n0 -> n1": { 3: [] } } };
    const changed = withInterventions(given, [kill]);
    expect(changed).toEqual({ ...given, interventions: [kill] });
    expect(withInterventions(changed, [])).toEqual(given);
  });
});

test("a group is cut off in both directions", () => {
  expect(linksBetween(["n0"], ["n0", "n1", "lin-kv"])).toEqual([
    "n0 -> n1",
    "n1 -> n0",
    "n0 -> lin-kv",
    "lin-kv -> n0",
  ]);
});

test("a node can be killed if it runs, and restarted if it is down", () => {
  const running = {
    from: 0,
    down: new Set<string>(),
    paused: new Set<string>(),
    cuts: new Map(),
    text: "",
  };
  expect(deedsOn(running, "n0")).toEqual(["kill", "pause"]);
  expect(deedsOn({ ...running, down: new Set(["n0"]) }, "n0")).toEqual(["restart"]);
  expect(deedsOn({ ...running, paused: new Set(["n0"]) }, "n0")).toEqual(["resume", "kill"]);
});

test("interventions are described", () => {
  const address = { link: "n0 -> n1", number: 3 };
  const interventions: Intervention[] = [
    { do: "drop", ...address },
    { do: "delay", ...address, byNs: 25e6 },
    { do: "duplicate", ...address, byNs: 1e6 },
    { do: "pause", atNs: 0, node: "n2" },
    { do: "cut", atNs: 0, links: ["n0 -> n1"] },
    { do: "heal", atNs: 0 },
  ];
  expect(interventions.map(describeIntervention)).toEqual([
    "drop message 3 of n0 -> n1",
    "delay message 3 of n0 -> n1 by 25 ms",
    "deliver message 3 of n0 -> n1 again after 1 ms",
    "pause n2",
    "cut 1 link",
    "heal the cut",
  ]);
});

test("Links can be healed by hand after they were cut by hand, until they are healed", () => {
  const interventions: readonly Intervention[] = [
    { do: "heal", atNs: 300 },
    { do: "kill", atNs: 150, node: "n1" },
    { do: "cut", atNs: 100, links: ["n0 -> n1"] },
  ];
  const isCutAt = (atNs: number) => isCutByHand(interventions, atNs);
  expect([99, 100, 299, 300].map(isCutAt)).toEqual([false, true, true, false]);
});
