import { expect, test } from "bun:test";
import {
  latencyDistribution,
  latencyPoints,
  operationRate,
} from "../../../../../../lib/workbench/report/page/charts/series.ts";
import { RunBuilder } from "../../../../../support/report/report-run.ts";

test("Charts have a series for each function and each outcome that occurs", () => {
  const builder = new RunBuilder("echo", ["n0"]).start();
  for (const [index, type] of (["ok", "fail", "info", "ok"] as const).entries()) {
    builder.operation({ process: 0, node: "n0", type: "invoke", f: "echo" }, index * 1000);
    builder.operation({ process: 0, node: "n0", type, f: "echo" }, index * 1000 + 8);
  }
  const run = builder.run();
  expect(latencyPoints(run).names).toEqual(["echo", "fail", "info"]);
  expect(latencyPoints(run).ys[0]?.filter((y) => y !== null)).toEqual([8, 8]);
  const { x, ys } = operationRate(run);
  const perBucket = x[1] ?? 1;
  expect(ys[0]?.reduce((sum, rate) => (sum ?? 0) + (rate ?? 0) * perBucket, 0)).toBeCloseTo(2);
});

test("Charts tell functions from outcomes of the same name, and show invisible characters", () => {
  const builder = new RunBuilder("odd", ["n0"]).start();
  const names = ["fail", "", "constructor", "\u202eread", "x".repeat(90)];
  for (const [index, f] of names.entries()) {
    for (const [ms, type] of [
      [0, "invoke"],
      [8, "ok"],
    ] as const) {
      builder.operation({ process: 0, node: "n0", type, f }, index * 1000 + ms);
    }
  }
  const shown = ['"fail"', '""', "constructor", "\\u202eread", `${"x".repeat(31)}…`];
  expect(latencyPoints(builder.run()).names).toEqual(shown);
  expect(latencyDistribution(builder.run()).names).toEqual(shown);
});
