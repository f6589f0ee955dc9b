/**
 * Fuzzes challenges, as compiled binaries or in this process:
 *
 *   npm run fuzz -- [--in-process] [--lines N] [--giant-mb MB] [--seed N] [CHALLENGE...]
 */
import { parseArgs } from "node:util";
import { fuzzBinary } from "./fuzz-binary.ts";
import { fuzzInProcess } from "./fuzz-in-process.ts";
import { SUBJECTS } from "./subjects.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "in-process": { type: "boolean", default: false },
    lines: { type: "string", default: "1000000" },
    "giant-mb": { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
  },
});
const lines = Number(values.lines);
const seed = Number(values.seed);
const giantBytes = Number(values["giant-mb"]) * 1e6;
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);

async function runInProcess(name: string): Promise<readonly string[]> {
  const { expectedReplies, problems } = await fuzzInProcess(name, { lines, seed });
  console.log(`${name}: ${lines} lines, of which ${expectedReplies} required a reply`);
  return problems;
}

async function runCompiled(name: string): Promise<readonly string[]> {
  const result = await fuzzBinary(name, { lines, seed, giantBytes });
  console.log(
    `${name}: ${lines} lines, of which ${result.expectedReplies} required a reply; ` +
      `${result.probes} valid requests; ${result.timedOut} timed out; ` +
      `memory ${megabytes(result.memoryBytes)} MB at the end, peak ${megabytes(result.maxMemoryBytes)} MB`,
  );
  return result.problems;
}

for (const name of positionals.length > 0 ? positionals : Object.keys(SUBJECTS)) {
  const startedMs = performance.now();
  const problems = await (values["in-process"] ? runInProcess(name) : runCompiled(name));
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`  ${seconds.toFixed(0)} s, ${problems.length === 0 ? "passed" : "failed:"}`);
  for (const problem of problems) console.log(`  ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
}
