import { describe, expect, test } from "bun:test";
import { type WarningEvidence, warningsOf } from "../../../../lib/workbench/run/warnings.ts";
import {
  at,
  type Entry,
  fail,
  history,
  info,
  invoke,
  ok,
  whole,
} from "../../../support/histories/history.ts";

/** Enough reads of n0 to prove something. */
const READS = Array.from({ length: 50 }, () => [on("n0", "read"), ok(0, 1)]);

function on(node: string, f: string): Entry {
  return { ...invoke(0, f), node };
}

function nemesis(f: string, value: Entry["value"] = null): Entry[] {
  const entry: Entry = {
    type: "info",
    process: "nemesis",
    f,
    ...(value === undefined ? {} : { value }),
  };
  return [entry, entry];
}

function warnings(
  entries: readonly (Entry | readonly Entry[])[],
  { options, ...evidence }: Partial<WarningEvidence> = {},
) {
  return warningsOf({
    options: { nodeIds: ["n0"], rate: 5, timeLimitS: 10, nemesis: [], ...options },
    history: history(...entries),
    faults: {},
    messagesBetweenNodes: 0,
    ...evidence,
  });
}

describe("warningsOf", () => {
  test("finds none in a test that did what was asked", () => {
    expect(warnings(READS)).toEqual([]);
  });

  const asked = (rate: number, nemesis: WarningEvidence["options"]["nemesis"] = []) => ({
    options: { nodeIds: ["n0"], rate, timeLimitS: 10, nemesis },
    faults: { kill: 1 },
  });

  test("finds a rate below a quarter of the asked one", () => {
    expect(warnings(READS, asked(20))).toEqual([]);
    expect(warnings(READS, asked(21))).toEqual([{ kind: "low-rate", asked: 210, ran: 50 }]);
  });

  test("expects a lower rate of tests that kill nodes, and of many operations", () => {
    expect(warnings(READS, asked(250, ["kill"]))).toEqual([]);
    expect(warnings(READS, asked(251, ["kill"]))).toMatchObject([{ kind: "low-rate" }]);
    const many = Array.from({ length: 10 }, () => READS).flat();
    expect(warnings(many, asked(1000))).toEqual([]);
    expect(warnings(many, asked(1001))).toMatchObject([{ kind: "low-rate", ran: 500 }]);
  });

  test("counts operations of the main phase only", () => {
    const late = READS.map((entries) => entries.map((entry) => at(11_000, entry)));
    expect(warnings(late)).toEqual([{ kind: "low-rate", asked: 50, ran: 0 }]);
  });

  test("finds few operations", () => {
    const nine = READS.slice(0, 9);
    expect(warnings(nine, asked(1))).toEqual([{ kind: "few-operations", okCount: 9 }]);
    expect(warnings(READS.slice(0, 10), asked(1))).toEqual([]);
  });

  const withFault = (
    fault: WarningEvidence["options"]["nemesis"][number],
    count: number,
    messagesBetweenNodes = 0,
  ) => ({
    options: { nodeIds: ["n0", "n1"], rate: 5, timeLimitS: 10, nemesis: [fault] },
    faults: { [fault]: count },
    messagesBetweenNodes,
  });

  test("finds a partition that separated no nodes", () => {
    const empty = nemesis("start-partition", ["isolated", {}]);
    const cut = nemesis("start-partition", ["isolated", { n0: ["n1"], n1: ["n0"] }]);
    expect(warnings([...READS, empty], withFault("partition", 0))).toEqual([
      {
        kind: "fault-without-effect",
        fault: "partition",
        reason: "separated-no-nodes",
        nodeCount: 2,
      },
    ]);
    // Nodes that send each other nothing are separated all the same.
    expect(warnings([...READS, empty, cut], withFault("partition", 0))).toEqual([]);
  });

  test("finds a partition that dropped no message, although nodes sent some", () => {
    const cut = nemesis("start-partition", ["isolated", { n0: ["n1"] }]);
    expect(warnings([...READS, cut], withFault("partition", 0, 7))).toMatchObject([
      { fault: "partition", reason: "hit-no-message" },
    ]);
  });

  test("finds other faults that hit nothing", () => {
    expect(warnings(READS, withFault("loss", 0))).toMatchObject([{ reason: "hit-no-message" }]);
    expect(warnings(READS, withFault("kill", 0))).toMatchObject([{ reason: "hit-no-node" }]);
    expect(warnings(READS, withFault("loss", 1))).toEqual([]);
  });

  test("finds a node that stopped answering, with the time of its last answer", () => {
    const silent = [on("n0", "read"), info(0)];
    expect(warnings([...READS, silent, silent])).toEqual([
      {
        kind: "node-stopped-answering",
        node: "n0",
        lastAnswer: 100e6,
        unansweredCount: 2,
      },
    ]);
    expect(warnings([...READS, silent, ...READS])).toEqual([]);
  });

  test("expects no answer from a node that is down, or while a fault separates nodes", () => {
    const silent = [on("n0", "read"), info(0)];
    const killed = nemesis("start-kill", { n0: "killed" });
    const cut = nemesis("start-partition", ["isolated", { n0: ["n1"] }]);
    expect(warnings([...READS, killed, silent], withFault("kill", 1))).toEqual([]);
    expect(warnings([...READS, cut, silent], withFault("partition", 1))).toEqual([]);
    const healed = nemesis("stop-partition", "network-healed");
    expect(warnings([...READS, cut, healed, silent], withFault("partition", 1))).toMatchObject([
      { kind: "node-stopped-answering" },
    ]);
  });

  test("finds operations that are rarely ok", () => {
    const failing = Array.from({ length: 19 }, () => [on("n0", "cas"), fail(0, ["abort", ""])]);
    expect(warnings([...READS, ...failing, whole(0, "cas", 1)])).toEqual([
      { kind: "rarely-ok", f: "cas", okCount: 1, count: 20 },
    ]);
  });

  test("accepts the errors of a cas that finds another value", () => {
    const failing = Array.from({ length: 19 }, () => [
      on("n0", "cas"),
      fail(0, ["precondition-failed", ""]),
    ]);
    expect(warnings([...READS, ...failing, whole(0, "cas", 1)])).toEqual([]);
  });
});
