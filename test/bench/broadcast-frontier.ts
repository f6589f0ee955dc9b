/**
 * Measures broadcast's trade-off between messages and latency, and compares it with published results.
 *
 *   bun test/bench/broadcast-frontier.ts [--runs 5] [--processes] [--plot FILE]
 *
 * Runs stage 3d with different cycles (`--flush-ms`), RUNS seeds each, and prints medians. Latencies
 * are stable latencies, as the checker computes them. "Everywhere" is the time from the arrival of a
 * value at the first node to its arrival at the last, independent of acknowledgements.
 *
 *   --processes  measure real processes (30 s per run) instead of simulations
 *   --plot       draw the frontier as an SVG
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { broadcast } from "../../challenges/broadcast.ts";
import { runOnProcesses } from "../../lib/workbench/cli/run-on-processes.ts";
import type { JournalEvent } from "../../lib/workbench/network/journal.ts";
import type { TestResult } from "../../lib/workbench/run/results.ts";
import { simulate } from "../../lib/workbench/run/simulate.ts";
import type { TestOptions } from "../../lib/workbench/run/test-options.ts";
import { svgPlot } from "../support/pictures/plot.ts";
import { DIST } from "../support/processes/vortex.ts";
import { propagationOf } from "../support/simulations/propagation.ts";
import { testOptionsOf } from "../support/simulations/simulate.ts";
import { median } from "../support/statistics.ts";

const { values: flags } = parseArgs({
  options: {
    runs: { type: "string", default: "5" },
    processes: { type: "boolean", default: false },
    plot: { type: "string" },
  },
});

const NODE_COUNT = 25;
const CYCLES_MS = [
  0, 100, 150, 200, 250, 300, 350, 400, 500, 600, 800, 1000, 1200, 1400, 1600, 1750,
];

interface Point {
  readonly msgsPerOp: number;
  readonly medianMs: number;
  readonly maxMs: number;
}

/** Published results for this stage that state all three numbers. */
const PUBLISHED: readonly (Point & { readonly by: string })[] = [
  { by: "dstdfx/dist-sys", msgsPerOp: 14.73, medianMs: 78, maxMs: 102 },
  { by: "teivah/gossip-glomers, 3d", msgsPerOp: 23.38, medianMs: 181, maxMs: 207 },
  { by: "published elsewhere", msgsPerOp: 11.59, medianMs: 203, maxMs: 303 },
  { by: "DnMllr/gossip-glomers", msgsPerOp: 1.99, medianMs: 339, maxMs: 678 },
  { by: "teivah/gossip-glomers, 3e", msgsPerOp: 1.92, medianMs: 764, maxMs: 1087 },
  { by: "published elsewhere", msgsPerOp: 2.99, medianMs: 895, maxMs: 1129 },
];
/** Latencies this close count as equal: it is the spread between runs. */
const SAME_MS = 5;

interface Ours extends Point {
  readonly cycleMs: number;
  readonly everywhereMedianMs: number;
  readonly everywhereMaxMs: number;
}

async function measure(cycleMs: number, seed: number): Promise<Ours> {
  const options: TestOptions = testOptionsOf("broadcast", {
    nodeCount: NODE_COUNT,
    rate: 100,
    timeLimitS: 20,
    latency: { meanMs: 100, distribution: "constant" },
    seed,
  });
  const messages: JournalEvent[] = [];
  const onMessage = (event: JournalEvent) => void messages.push(event);
  const args = ["--flush-ms", String(cycleMs)];
  const result: TestResult = flags.processes
    ? await runOnProcesses(options, { bin: join(DIST, "broadcast"), args, onMessage })
    : simulate(options, { program: broadcast, args, onMessage });
  if (result.valid !== true) throw new Error(`--flush-ms ${cycleMs}, seed ${seed}: not valid`);
  const latencies = Object(result.workload?.["stableLatencies"]);
  const travelled = propagationOf(messages, NODE_COUNT).map(
    ({ givenMs, everywhereMs = Number.POSITIVE_INFINITY }) => everywhereMs - givenMs,
  );
  return {
    cycleMs,
    msgsPerOp: result.net.servers.msgsPerOp ?? Number.NaN,
    medianMs: latencies["0.5"],
    maxMs: latencies["1"],
    everywhereMedianMs: median(travelled),
    everywhereMaxMs: Math.max(...travelled),
  };
}

async function measureCycle(cycleMs: number): Promise<Ours> {
  const runs: Ours[] = [];
  for (let seed = 1; seed <= Number(flags.runs); seed++) runs.push(await measure(cycleMs, seed));
  const figure = (read: (run: Ours) => number) => median(runs.map(read));
  return {
    cycleMs,
    msgsPerOp: figure(({ msgsPerOp }) => msgsPerOp),
    medianMs: figure(({ medianMs }) => medianMs),
    maxMs: figure(({ maxMs }) => maxMs),
    everywhereMedianMs: figure(({ everywhereMedianMs }) => everywhereMedianMs),
    everywhereMaxMs: figure(({ everywhereMaxMs }) => everywhereMaxMs),
  };
}

function isNoWorse(ours: Point, theirs: Point): boolean {
  return (
    ours.msgsPerOp <= theirs.msgsPerOp &&
    ours.medianMs <= theirs.medianMs + SAME_MS &&
    ours.maxMs <= theirs.maxMs + SAME_MS
  );
}

const style = { head: [], border: [], compact: true };
const points: Ours[] = [];
for (const cycleMs of CYCLES_MS) points.push(await measureCycle(cycleMs));

const table = new Table({
  head: ["--flush-ms", "msgs/op", "median", "max", "everywhere: median", "max"],
  colAligns: Array(6).fill("right"),
  style,
});
for (const { cycleMs, msgsPerOp, ...latencies } of points) {
  const { medianMs, maxMs, everywhereMedianMs, everywhereMaxMs } = latencies;
  table.push([
    cycleMs,
    msgsPerOp.toFixed(2),
    ...[medianMs, maxMs, everywhereMedianMs, everywhereMaxMs].map((ms) => `${ms.toFixed(0)} ms`),
  ]);
}
console.log(table.toString());

const comparison = new Table({
  head: ["published", "msgs/op", "median", "max", "no worse on any"],
  style,
});
for (const theirs of PUBLISHED) {
  const best = points.findLast((ours) => isNoWorse(ours, theirs));
  comparison.push([
    theirs.by,
    theirs.msgsPerOp.toFixed(2),
    `${theirs.medianMs} ms`,
    `${theirs.maxMs} ms`,
    best === undefined
      ? "none"
      : `--flush-ms ${best.cycleMs}: ${best.msgsPerOp.toFixed(2)}, ${best.medianMs} / ${best.maxMs} ms`,
  ]);
}
console.log(comparison.toString());

if (flags.plot !== undefined) {
  writeFileSync(
    flags.plot,
    svgPlot({
      title: {
        text: "Broadcast: messages against latency",
        subtext: "25 nodes, 100 operations a second, 100 ms of latency; down and left is better",
        left: "center",
      },
      legend: { bottom: 0, itemGap: 28 },
      grid: { left: 70, right: 30, top: 80, bottom: 80 },
      xAxis: {
        type: "log",
        name: "messages between servers per operation",
        nameLocation: "middle",
        nameGap: 28,
        min: 0.2,
        max: 30,
      },
      yAxis: { type: "value", name: "stable latency, ms", max: 2000 },
      series: [
        {
          name: "Vortex, median",
          type: "line",
          symbolSize: 7,
          data: points.map(({ msgsPerOp, medianMs, cycleMs }) => ({
            value: [msgsPerOp, medianMs],
            name: `--flush-ms ${cycleMs}`,
          })),
        },
        {
          name: "Vortex, maximum",
          type: "line",
          symbolSize: 7,
          lineStyle: { type: "dashed" },
          data: points.map(({ msgsPerOp, maxMs }) => [msgsPerOp, maxMs]),
        },
        {
          name: "published, median",
          type: "scatter",
          symbol: "diamond",
          symbolSize: 11,
          data: PUBLISHED.map(({ msgsPerOp, medianMs }) => [msgsPerOp, medianMs]),
        },
        {
          name: "published, maximum",
          type: "scatter",
          symbol: "triangle",
          symbolSize: 11,
          data: PUBLISHED.map(({ msgsPerOp, maxMs }) => [msgsPerOp, maxMs]),
        },
      ],
    }),
  );
}
