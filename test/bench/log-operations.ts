/**
 * Compares kafka's throughput with that of logs in memory, which reply at once.
 *
 *   bun test/bench/log-operations.ts [RUNS]
 *
 * The compiled programs run in turns, RUNS times each (default 5), for 20 s at the load of stage 5b.
 * Clients wait for replies, so a program that waits for storage completes fewer operations.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOnProcesses } from "../../lib/workbench/cli/run-on-processes.ts";
import { ROOT } from "../support/processes/vortex.ts";
import { testOptionsOf } from "../support/simulations/simulate.ts";
import { median } from "../support/statistics.ts";
import { compile } from "./compile.ts";

const [runs = "5"] = process.argv.slice(2);
const LOAD = { nodeCount: 2, concurrency: 4, rate: 1000, timeLimitS: 20, recoveryS: 1 };

const directory = mkdtempSync(join(tmpdir(), "vortex-log-operations-"));

const compiled = (name: string, source: string) =>
  compile(join(ROOT, source), join(directory, name));

const programs = [
  {
    name: "in memory",
    bin: await compiled("memory", "test/support/processes/programs/memory-log.ts"),
    args: [],
  },
  { name: "stored", bin: await compiled("kafka", "challenges/kafka.ts"), args: [] },
  { name: "--no-durable", bin: join(directory, "kafka"), args: ["--no-durable"] },
];

/** Number of ok operations until the time limit, without the final polls. */
async function operations(bin: string, args: readonly string[], seed: number): Promise<number> {
  let count = 0;
  const limitNs = LOAD.timeLimitS * 1e9;
  await runOnProcesses(testOptionsOf("kafka", { ...LOAD, seed }), {
    bin,
    args,
    onOperation: ({ type, process, time }) => {
      if (type === "ok" && process !== "nemesis" && time <= limitNs) count++;
    },
  });
  return count;
}

const counts = new Map(programs.map(({ name }) => [name, [] as number[]]));
for (let seed = 1; seed <= Number(runs); seed++) {
  for (const { name, bin, args } of programs) {
    const count = await operations(bin, args, seed);
    counts.get(name)?.push(count);
    console.error(`seed ${seed}, ${name}: ${count}`);
  }
}

const baseline = median(counts.get("in memory") ?? []);
console.log("program        operations in 20 s, median   of those in memory");
for (const [name, values] of counts) {
  const part = `${((100 * median(values)) / baseline).toFixed(1)} %`;
  console.log(`${name.padEnd(14)}${String(median(values)).padStart(27)}${part.padStart(21)}`);
}
