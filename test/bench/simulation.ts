/**
 * Measures how fast simulations run, compared with the same tests in real time.
 *
 *   bun test/bench/simulation.ts [RUNS]
 *
 * - stage 3d: 25 nodes, 100 operations/s, 100 ms latency, 20 s and 10 s of recovery; median of RUNS
 *   (default 5)
 * - the stages of Gossip Glomers at their official lengths, one after another, on one core, and the others;
 *   medians of RUNS
 * - a sweep of 1,000 seeds of stage 3c, 5 nodes under partitions, by the compiled command on all cores
 * - the first test again as a whole command, `vortex sim`, which runs it twice; median of RUNS
 */
import { join } from "node:path";
import Table from "cli-table3";
import { stageOptions } from "../../lib/workbench/cli/stage-options.ts";
import { simulate } from "../../lib/workbench/run/simulate.ts";
import { STAGES } from "../../lib/workbench/stages/stages.ts";
import { broadcast } from "../programs/broadcast.ts";
import { DIST, ROOT } from "../support/processes/vortex.ts";
import { challenge } from "../support/simulations/challenges.ts";
import { runSimulated } from "../support/simulations/simulate.ts";
import { median } from "../support/statistics.ts";

const runs = Number(process.argv[2] ?? 5);

function seconds(task: () => void): number {
  const beganMs = performance.now();
  task();
  return (performance.now() - beganMs) / 1000;
}

function medianSeconds(task: (seed: number) => void): number {
  return median(Array.from({ length: runs }, (_, index) => seconds(() => task(index + 1))));
}

function simulateLargeTest(seed: number): void {
  runSimulated("broadcast", broadcast, {
    nodeCount: 25,
    rate: 100,
    timeLimitS: 20,
    latency: { meanMs: 100, distribution: "constant" },
    topology: "tree4",
    seed,
  });
}

const OFFICIAL = STAGES.filter(({ isBeyond = false }) => !isBeyond);
const BEYOND = STAGES.filter(({ isBeyond = false }) => isBeyond);

function simulateStages(stages: typeof STAGES, seed: number): void {
  for (const stage of stages) {
    const { args = [] } = stage;
    const { valid } = simulate(stageOptions(stage, seed), { program: challenge(stage.bin), args });
    if (valid !== true) throw new Error(`Stage ${stage.id} with seed ${seed} is ${valid}`);
  }
}

function sweepThousandSeeds(): void {
  const { exitCode, stdout } = Bun.spawnSync([
    join(DIST, "vortex"),
    ...["sim", join(ROOT, "test/programs/broadcast.ts"), "-w", "broadcast", "--node-count", "5"],
    ...["--rate", "10", "--time-limit", "20", "--nemesis", "partition", "--seeds", "1..1000"],
  ]);
  if (exitCode !== 0) throw new Error(stdout.toString());
}

function simulateCold(): void {
  const { exitCode, stderr } = Bun.spawnSync([
    join(DIST, "vortex"),
    ...["sim", join(ROOT, "test/programs/broadcast.ts"), "-w", "broadcast", "--node-count", "25"],
    ...["--rate", "100", "--time-limit", "20", "--latency", "100", "--topology", "tree4"],
  ]);
  if (exitCode !== 0) throw new Error(stderr.toString());
}

const table = new Table({
  head: ["", "simulated", "in real time", "target"],
  style: { head: [], border: [], compact: true },
});
table.push(
  [
    "25 nodes, rate 100, 20 s",
    `${medianSeconds(simulateLargeTest).toFixed(3)} s`,
    "30 s",
    "0.08 s",
  ],
  [
    `${OFFICIAL.length} runs of Gossip Glomers`,
    `${medianSeconds((seed) => simulateStages(OFFICIAL, seed)).toFixed(1)} s`,
    "6 min",
    "3.5 s",
  ],
  [
    `${BEYOND.length} runs of other stages`,
    `${medianSeconds((seed) => simulateStages(BEYOND, seed)).toFixed(1)} s`,
    "2 min",
    "",
  ],
  ["1,000 seeds of stage 3c", `${seconds(sweepThousandSeeds).toFixed(1)} s`, "8 hours", "3 s"],
  ["25 nodes, whole command", `${medianSeconds(simulateCold).toFixed(2)} s`, "30 s", "0.4 s"],
);
console.log(table.toString());
