/** Highlights of findings in simulations of broken programs. */
import { describe, expect, test } from "bun:test";
import type { Run } from "../../../../../../lib/workbench/report/page/run/run.ts";
import {
  extentOf,
  focusOf,
  messagesOf,
  operationsOf,
  type Selection,
} from "../../../../../../lib/workbench/report/page/run/selection.ts";
import { findingsOf } from "../../../../../../lib/workbench/run/check-history.ts";
import type { WorkloadName } from "../../../../../../lib/workbench/workloads/index.ts";
import { BROKEN } from "../../../../../broken/index.ts";
import { gossipRun, runOf } from "../../../../../support/report/report-run.ts";
import { runSimulated } from "../../../../../support/simulations/simulate.ts";

/** Simulates a broken program. Returns its run and its findings of one kind. */
function brokenRun(workload: WorkloadName, bug: string, anomaly: string) {
  const found = BROKEN.find((each) => each.workload === workload && each.bug === bug);
  if (found === undefined) throw new Error(`No broken program for ${workload} that ${bug}`);
  const { program, options } = found;
  const { result, history, messages } = runSimulated(workload, program, { ...options, seed: 1 });
  const { nodeCount = 1, concurrency = nodeCount } = options;
  const nodeIds = Array.from({ length: nodeCount }, (_, index) => `n${index}`);
  const run = runOf({ workload, nodeIds, concurrency }, history, messages, findingsOf(result));
  const selections = run.header.findings.flatMap((finding, index): Selection[] =>
    finding.anomaly === anomaly ? [{ kind: "finding", list: "findings", index }] : [],
  );
  expect(selections, `no ${anomaly} in seed 1`).not.toEqual([]);
  return { run, selections };
}

const isWithClient = (run: Run, row: number) => {
  const lanes = [run.columns.messageSource[row] ?? 0, run.columns.messageDest[row] ?? 0];
  return lanes.some((lane) => run.header.lanes[lane]?.role === "client");
};
const isLost = (run: Run, row: number) => (run.columns.messageFlight[row] ?? -1) < 0;
const bodyOf = (run: Run, row: number) => JSON.parse(run.bodyOf(row)) as Record<string, unknown>;

describe("A finding highlights", () => {
  test.each([
    ["broadcast", "sends each value only once", "lost"],
    ["lin-kv", "applies requests locally while the leader is unreachable", "nonlinearizable"],
    ["kafka", "acknowledges every tenth message without storing it", "lost-write"],
    ["txn-rw-register", "lets transactions read each other's uncommitted writes", "G1c"],
    ["txn-list-append", "lets transactions read each other's partial effects", "G0"],
  ] as const)(
    "the requests and replies of its own operations only: %s that %s",
    (workload, bug, anomaly) => {
      const { run, selections } = brokenRun(workload, bug, anomaly);
      for (const selection of selections) {
        const highlighted = messagesOf(run, selection);
        const operations = operationsOf(run, selection);
        for (const operation of operations) {
          const own = run.messagesOf(operation);
          expect(own.length, run.describe(operation)).toBeGreaterThanOrEqual(1);
          expect(highlighted).toEqual(expect.arrayContaining([...own]));
        }
        const ofOthers = highlighted.filter((row) => {
          const operation = (run.columns.messageOperation[row] ?? 0) - 1;
          return isWithClient(run, row) && !operations.includes(operation);
        });
        expect(ofOthers.map((row) => run.bodyOf(row))).toEqual([]);
      }
    },
  );

  test("the lost message of a broadcast", () => {
    const { run, selections } = brokenRun("broadcast", "sends each value only once", "lost");
    for (const selection of selections) {
      const [broadcast = -1] = operationsOf(run, selection);
      const value = Number(run.valuesOf(broadcast).invocation);
      const lost = messagesOf(run, selection).filter((row) => isLost(run, row));
      expect(lost.length).toBeGreaterThan(0);
      for (const row of lost) expect(bodyOf(run, row)["items"]).toContain(value);
    }
  });

  test("the request that a node forwards to the leader of a log", () => {
    const { run, selections } = brokenRun(
      "kafka",
      "acknowledges every tenth message without storing it",
      "lost-write",
    );
    let forwardedCount = 0;
    for (const selection of selections) {
      const [send = -1] = operationsOf(run, selection);
      const types = messagesOf(run, selection).map((row) => run.messageTypeOf(row));
      // The leader's own clients need no forwarding.
      if (run.nodeOf(send) === "n0") continue;
      forwardedCount++;
      expect(types).toContain("decide");
      expect(types).toContain("decided");
    }
    expect(forwardedCount).toBeGreaterThan(0);
  });

  test("few messages, not all that contain the same small numbers", () => {
    const { run, selections } = brokenRun(
      "lin-kv",
      "applies requests locally while the leader is unreachable",
      "nonlinearizable",
    );
    for (const selection of selections) {
      expect(messagesOf(run, selection).length).toBeLessThan(60);
    }
  });
});

test("The focus of a finding ends before a long wait for the final reads", () => {
  const builder = gossipRun();
  const read = { process: 3, node: "n3", f: "read" } as const;
  builder.operation({ ...read, type: "invoke" }, 10_000);
  builder.operation({ ...read, type: "ok", value: [] }, 10_001);
  const operations = [{ index: 0 }, { index: 2 }];
  const run = builder.run([{ anomaly: "lost", sentence: "7 is lost", operations }]);
  const finding: Selection = { kind: "finding", list: "findings", index: 0 };
  const rows = messagesOf(run, finding);
  const ms = (range: readonly number[]) => range.map((ticks) => Math.round(ticks * run.tickMs));
  expect(ms(extentOf(run, finding, rows))).toEqual([100, 10_001]);
  const [from = 0, to = 0] = ms(focusOf(run, finding, rows));
  expect(from).toBe(100);
  expect(to).toBeLessThan(200);
});
