/**
 * Compares how many messages per second are simulated here and in turmoil, a simulator of networks
 * for Rust.
 *
 *   bun test/bench/turmoil.ts [RUNS]
 *
 * Builds `peers/turmoil` with cargo. In both, eight clients ask four nodes, one request after the
 * other, with 1 ms of latency in turmoil and none for clients here. The two alternate, so that other
 * load affects both; prints the medians of RUNS (default 5).
 */
import { join } from "node:path";
import Table from "cli-table3";
import { simulate } from "../../lib/workbench/run/simulate.ts";
import { ROOT } from "../support/processes/vortex.ts";
import { challenge } from "../support/simulations/challenges.ts";
import { testOptionsOf } from "../support/simulations/simulate.ts";
import { median } from "../support/statistics.ts";

const runs = Number(process.argv[2] ?? 5);
const SECONDS = 20;
const TARGET = join(ROOT, "dist/bench/turmoil");
const MANIFEST = join(import.meta.dir, "peers/turmoil/Cargo.toml");

/** Runs a task, which returns a number of messages. Returns messages per second of real time. */
function rateOf(task: () => number): number {
  const beganMs = performance.now();
  const count = task();
  return (count / (performance.now() - beganMs)) * 1000;
}

function run(command: readonly string[]): string {
  const env = { ...process.env, CARGO_TARGET_DIR: TARGET };
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { env });
  if (exitCode !== 0) throw new Error(`${command.join(" ")}:\n${stderr}`);
  return stdout.toString();
}

function floodTurmoil(): number {
  return Number(run([join(TARGET, "release/flood"), "8", "4", String(SECONDS)]));
}

function floodVortex(seed: number): number {
  const options = testOptionsOf("echo", {
    nodeCount: 4,
    concurrency: 8,
    rate: 4000,
    timeLimitS: SECONDS,
    seed,
  });
  const { valid, net } = simulate(options, {
    program: challenge("echo"),
    isExplained: false,
  });
  if (valid !== true) throw new Error(`Seed ${seed} is ${valid}`);
  return net.all.msgCount;
}

run(["cargo", "build", "--release", "--quiet", "--manifest-path", MANIFEST]);
const rates = { turmoil: [] as number[], vortex: [] as number[] };
for (let seed = 0; seed <= runs; seed++) {
  const [turmoil, vortex] = [rateOf(floodTurmoil), rateOf(() => floodVortex(seed))];
  if (seed === 0) continue; // Nothing is compiled yet.
  rates.turmoil.push(turmoil);
  rates.vortex.push(vortex);
}

const perSecond = (values: readonly number[]) => Math.round(median(values)).toLocaleString("en");
const table = new Table({
  head: ["", "messages/s", "for each message"],
  style: { head: [], border: [], compact: true },
});
table.push(
  ["turmoil 0.7.2", perSecond(rates.turmoil), "written and parsed as JSON, once each"],
  [
    "vortex",
    perSecond(rates.vortex),
    "copied twice, matched with a schema, counted, as in a sweep;\nfor each operation a history, which is checked",
  ],
);
console.log(table.toString());
