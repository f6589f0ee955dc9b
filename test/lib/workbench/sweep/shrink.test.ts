import { describe, expect, test } from "bun:test";
import { type AnyProgram, stringifyJson } from "../../../../lib/vortex/index.ts";
import type { Decisions } from "../../../../lib/workbench/decisions.ts";
import { InvalidOptions } from "../../../../lib/workbench/invalid-options.ts";
import { Budget } from "../../../../lib/workbench/sweep/minimize.ts";
import { anomalyOf, type FailingTest, shrink } from "../../../../lib/workbench/sweep/shrink.ts";
import { BROKEN } from "../../../broken/index.ts";
import { runSimulated, testOptionsOf } from "../../../support/simulations/simulate.ts";

/** Programs whose runs need an operation, several, a fault, a lost message, two nodes. */
const BUGS: readonly (readonly [bug: string, operations: number, faults: number, nodes: number])[] =
  [
    ["stores the text in a variable that all requests share", 2, 0, 1],
    ["keeps separate values on each node", 4, 0, 2],
    ["applies requests locally while the leader is unreachable", 4, 1, 3],
    ["uses the time in milliseconds", 2, 0, 2],
    ["keeps its total in memory only", 3, 1, 1],
  ];

describe("shrink", () => {
  test.each(BUGS)("%s: at most %d operations, %d faults and %d nodes", async (bug, ...sizes) => {
    const broken = BROKEN.find((one) => one.bug === bug);
    if (broken === undefined) throw new Error(`No program "${bug}"`);
    const { program, workload, options, withinSeeds } = broken;
    const { failing, anomaly } = firstFailure(program, withinSeeds, (seed) =>
      testOptionsOf(workload, { ...options, seed }),
    );
    const smallest = await shrink(failing, {
      anomaly,
      anomalyOf: async (one) => run(program, one).anomaly,
      record: async (one) => run(program, one).decisions,
      budget: new Budget(3000, Number.POSITIVE_INFINITY, () => 0),
    });
    const [first, second] = [run(program, smallest), run(program, smallest)];
    expect(first.anomaly).toBe(anomaly);
    expect(first.bytes).toBe(second.bytes);
    expect(first.remarks).toEqual([]);
    const invoked = first.bytes.split('"type":"invoke"').length - 1;
    const { main, messages = {} } = smallest.decisions ?? {};
    const started = main?.operations.filter(({ f }) => f.startsWith("start-")) ?? [];
    const irregular = Object.values(messages)
      .flatMap((link) => Object.values(link))
      .filter(({ length }) => length !== 1);
    const [operations, faults, nodes] = sizes;
    expect(invoked).toBeLessThanOrEqual(operations);
    expect(started.length + irregular.length).toBeLessThanOrEqual(faults);
    expect(smallest.options.nodeIds.length).toBeLessThanOrEqual(Number(nodes));
  });

  test("ends when its budget is spent, with a test that fails", async () => {
    const broken = BROKEN.find(({ bug }) => bug === "keeps separate values on each node");
    if (broken === undefined) throw new Error("No such program");
    const { program, workload, options } = broken;
    const failing = { options: testOptionsOf(workload, { ...options, seed: 1 }) };
    const { anomaly = "" } = run(program, failing);
    let count = 0;
    const smallest = await shrink(failing, {
      anomaly,
      anomalyOf: async (one) => {
        count++;
        return run(program, one).anomaly;
      },
      record: async (one) => run(program, one).decisions,
      budget: new Budget(20, Number.POSITIVE_INFINITY, () => 0),
    });
    // And once to see whether the decisions fail as well.
    expect(count).toBeLessThanOrEqual(21);
    expect(run(program, smallest).anomaly).toBe(anomaly);
  });
});

function firstFailure(
  program: AnyProgram,
  seedCount: number,
  optionsOf: (seed: number) => FailingTest["options"],
): { readonly failing: FailingTest; readonly anomaly: string } {
  for (let seed = 1; seed <= seedCount; seed++) {
    const failing = { options: optionsOf(seed) };
    const { anomaly } = run(program, failing);
    if (anomaly !== undefined) return { failing, anomaly };
  }
  throw new Error(`No failure within ${seedCount} seeds`);
}

function run(program: AnyProgram, { options, decisions }: FailingTest) {
  let recorded: Decisions | undefined;
  const remarks: string[] = [];
  try {
    const { workload } = options;
    const simulated = runSimulated(workload as "echo", program, options, {
      ...(decisions === undefined ? {} : { decisions }),
      onDecisions: (found) => {
        recorded = found;
      },
      onRemark: (text) => void remarks.push(text),
    });
    const bytes = simulated.history.map((operation) => stringifyJson(operation)).join("\n");
    return { anomaly: anomalyOf(simulated.result), bytes, remarks, decisions: recorded };
  } catch (error) {
    if (error instanceof InvalidOptions) return { anomaly: undefined, bytes: "", remarks };
    throw error;
  }
}
