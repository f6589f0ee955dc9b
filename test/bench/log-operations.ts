/**
 * How many operations clients get done with logs that are stored before they are acknowledged, and
 * with logs in memory that nothing holds up, at the load of stage 5b:
 *
 *   bun test/bench/log-operations.ts [RUNS]
 *
 * Both run as compiled programs in turns, RUNS times each (5), for 20 s. Clients wait for answers, so
 * whatever a program waits for costs operations.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runOnProcesses } from "../../lib/workbench/cli/run-on-processes.ts";
import { testOptionsOf } from "../support/simulations/simulate.ts";

const [runs = "5"] = process.argv.slice(2);
const LOAD = { nodeCount: 2, concurrency: 4, rate: 1000, timeLimitS: 20, recoveryS: 1 };

const directory = mkdtempSync(join(tmpdir(), "vortex-log-operations-"));

async function compiled(name: string, source: string): Promise<string> {
  const outfile = join(directory, name);
  const entrypoints = [join(import.meta.dir, source)];
  const options = { minify: true, bytecode: true, format: "esm" } as const;
  await Bun.build({ entrypoints, ...options, compile: { outfile } });
  return outfile;
}

const programs = [
  {
    name: "in memory",
    bin: await compiled("memory", "../support/processes/programs/memory-log.ts"),
    args: [],
  },
  { name: "stored", bin: await compiled("kafka", "../../challenges/kafka.ts"), args: [] },
  { name: "--no-durable", bin: join(directory, "kafka"), args: ["--no-durable"] },
];

/** Operations of the main phase: the same number of seconds for all, unlike the last polls. */
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

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const most = median(counts.get("in memory") ?? []);
console.log("program        operations in 20 s, median   of those in memory");
for (const [name, values] of counts) {
  const part = `${((100 * median(values)) / most).toFixed(1)} %`;
  console.log(`${name.padEnd(14)}${String(median(values)).padStart(27)}${part.padStart(21)}`);
}
