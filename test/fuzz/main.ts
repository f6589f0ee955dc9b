/**
 * Fuzzes challenges: compiled ones, or their programs in this process.
 *
 *   npm run fuzz -- [--in-process] [--lines N] [--giant-mb MB] [--seed N] [CHALLENGE...]
 */
import { parseArgs } from "node:util";
import { fuzz } from "./fuzz.ts";
import { fuzzInProcess } from "./in-process.ts";
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
  const { expectedAnswers, wrongs } = await fuzzInProcess(name, { lines, seed });
  console.log(`${name}: ${lines} lines, ${expectedAnswers} of them to be answered`);
  return wrongs;
}

async function runCompiled(name: string): Promise<readonly string[]> {
  const result = await fuzz(name, { lines, seed, giantBytes });
  console.log(
    `${name}: ${lines} lines, ${result.probes} valid requests and ${result.expectedAnswers} of the ` +
      `noise to be answered (${result.givenUp} refused for want of time), memory ${megabytes(result.memoryBytes)} MB in the end and ` +
      `${megabytes(result.maxMemoryBytes)} MB at most`,
  );
  return result.wrongs;
}

for (const name of positionals.length > 0 ? positionals : Object.keys(SUBJECTS)) {
  const beganMs = performance.now();
  const wrongs = await (values["in-process"] ? runInProcess(name) : runCompiled(name));
  const seconds = (performance.now() - beganMs) / 1000;
  console.log(`  ${seconds.toFixed(0)} s, ${wrongs.length === 0 ? "all well" : "wrong:"}`);
  for (const wrong of wrongs) console.log(`  ${wrong}`);
  if (wrongs.length > 0) process.exitCode = 1;
}
