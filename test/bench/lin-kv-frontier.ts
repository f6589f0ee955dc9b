/**
 * Measures lin-kv's trade-off between messages and latency, in simulation.
 *
 *   bun test/bench/lin-kv-frontier.ts [--runs 3] [--plot FILE]
 *
 * Runs the workload with different delays (`--batch-ms`) on 3 and 5 nodes, RUNS seeds each, and prints
 * medians. Latencies are those of all ok operations.
 *
 *   --plot  draw the frontier as an SVG
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { linKv } from "../../challenges/lin-kv.ts";
import { figuresOf } from "../../lib/workbench/run/results.ts";
import { svgPlot } from "../support/pictures/plot.ts";
import { runSimulated } from "../support/simulations/simulate.ts";
import { median } from "../support/statistics.ts";

const { values: flags } = parseArgs({
  options: { runs: { type: "string", default: "3" }, plot: { type: "string" } },
});

const NODE_COUNTS = [3, 5];
const BATCHES_MS = [0, 2, 5, 10, 20, 30, 50, 75, 100, 150];
/** Maelstrom's demo, with 3 nodes and the same load. It has no lease, and keeps its log in memory. */
const RUBY_MSGS_PER_OP = 2.19;

interface Point {
  readonly nodeCount: number;
  readonly batchMs: number;
  readonly msgsPerOp: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

function measure(nodeCount: number, batchMs: number): Point {
  const runs = Array.from({ length: Number(flags.runs) }, (_, index) => {
    const load = { nodeCount, concurrency: 4 * nodeCount, rate: 100, timeLimitS: 20 };
    const args = ["--batch-ms", String(batchMs)];
    const { result } = runSimulated("lin-kv", linKv, { ...load, seed: index + 1 }, { args });
    if (result.valid !== true) throw new Error(`--batch-ms ${batchMs}, seed ${index + 1}: invalid`);
    return figuresOf(result);
  });
  const figure = (name: "msgsPerOp" | "medianMs" | "maxMs") =>
    median(runs.map((run) => run[name] ?? Number.NaN));
  return {
    ...{ nodeCount, batchMs, msgsPerOp: figure("msgsPerOp") },
    ...{ medianMs: figure("medianMs"), maxMs: figure("maxMs") },
  };
}

const points = NODE_COUNTS.flatMap((nodeCount) =>
  BATCHES_MS.map((batchMs) => measure(nodeCount, batchMs)),
);

const table = new Table({
  head: ["nodes", "--batch-ms", "msgs/op", "median", "max"],
  colAligns: Array(5).fill("right"),
  style: { head: [], border: [], compact: true },
});
for (const { nodeCount, batchMs, msgsPerOp, medianMs, maxMs } of points) {
  const latencies = [medianMs, maxMs].map((ms) => `${ms.toFixed(1)} ms`);
  table.push([nodeCount, batchMs, msgsPerOp.toFixed(2), ...latencies]);
}
console.log(table.toString());

if (flags.plot !== undefined) {
  writeFileSync(
    flags.plot,
    svgPlot({
      title: {
        text: "lin-kv: messages against latency",
        subtext: "4 clients per node, 100 operations a second; down and left is better",
        left: "center",
      },
      legend: { bottom: 0, itemGap: 28 },
      grid: { left: 70, right: 30, top: 80, bottom: 80 },
      xAxis: {
        type: "value",
        name: "messages between servers per operation",
        nameLocation: "middle",
        nameGap: 28,
        min: 0.5,
        max: 3,
      },
      yAxis: { type: "value", name: "latency, ms" },
      series: [
        ...NODE_COUNTS.map((nodeCount) => ({
          name: `${nodeCount} nodes, median`,
          type: "line" as const,
          symbolSize: 7,
          data: points
            .filter((point) => point.nodeCount === nodeCount)
            .map(({ msgsPerOp, medianMs }) => [msgsPerOp, medianMs]),
        })),
        {
          name: "Maelstrom's demo in Ruby, 3 nodes",
          type: "line",
          symbol: "none",
          lineStyle: { type: "dashed" },
          data: [
            [RUBY_MSGS_PER_OP, 0],
            [RUBY_MSGS_PER_OP, Math.max(...points.map(({ medianMs }) => medianMs))],
          ],
        },
      ],
    }),
  );
}
