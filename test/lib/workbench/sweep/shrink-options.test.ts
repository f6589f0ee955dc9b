import { describe, expect, test } from "bun:test";
import {
  DEFAULTS,
  nodeNames,
  type TestOptions,
} from "../../../../lib/workbench/run/test-options.ts";
import { Budget } from "../../../../lib/workbench/sweep/minimize.ts";
import { shrinkOptions, type Try } from "../../../../lib/workbench/sweep/shrink-options.ts";

const large: TestOptions = {
  ...DEFAULTS,
  workload: "broadcast",
  nodeIds: nodeNames(25),
  concurrency: 50,
  rate: 100,
  timeLimitS: 20,
  latency: { meanMs: 100, distribution: "constant" },
  nemesis: ["partition", "kill"],
  seed: 7,
};

const budgetOf = (tries: number) => new Budget(tries, Number.POSITIVE_INFINITY, () => 0);

describe("shrinkOptions", () => {
  test("keeps only what the anomaly needs", async () => {
    const fails: Try = ({ nodeIds, nemesis, timeLimitS }) =>
      nodeIds.length >= 3 && nemesis.includes("kill") && timeLimitS >= 5 ? "lost" : undefined;
    expect(await shrinkOptions(large, "lost", fails, budgetOf(1000))).toMatchObject({
      nodeIds: ["n0", "n1", "n2"],
      concurrency: 3,
      nemesis: ["kill"],
      timeLimitS: 5,
      rate: 1,
      latency: { meanMs: 0 },
    });
  });

  test("ignores other anomalies than the given one", async () => {
    const fails: Try = ({ nodeIds }) => (nodeIds.length >= 10 ? "lost" : "never-ok");
    expect((await shrinkOptions(large, "lost", fails, budgetOf(1000))).nodeIds).toHaveLength(10);
  });

  test("tries other seeds for a smaller test, and returns the one that failed", async () => {
    const fails: Try = ({ seed, nodeIds }) =>
      seed === (nodeIds.length < 25 ? 3 : 7) ? "lost" : undefined;
    expect(await shrinkOptions(large, "lost", fails, budgetOf(1000))).toMatchObject({
      seed: 3,
      nodeIds: ["n0"],
    });
  });

  test("returns the test itself when nothing smaller fails", async () => {
    const fails: Try = (options) => (options === large ? "lost" : undefined);
    expect(await shrinkOptions(large, "lost", fails, budgetOf(1000))).toBe(large);
  });

  test("runs at most the tests of its budget", async () => {
    let count = 0;
    const fails: Try = () => {
      count++;
      return undefined;
    };
    await shrinkOptions(large, "lost", fails, budgetOf(20));
    expect(count).toBe(20);
  });
});
