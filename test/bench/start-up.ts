/**
 * Measures the time from exec to `init_ok`, compared with a compiled program that does nothing.
 *
 *   bun test/bench/start-up.ts [RUNS] [BINARY...]
 *
 * Programs take turns, so that other load on the machine affects all of them. The time of the empty
 * program, from exec to exit, is the cost of any compiled Bun program.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { DIST } from "../support/processes/vortex.ts";
import { compile } from "./compile.ts";

const INIT = Buffer.from(
  '{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}\n',
);

const [runs = "50", ...given] = process.argv.slice(2);
const binaries = given.length > 0 ? given : [join(DIST, "echo"), join(DIST, "unique-ids")];

/** Milliseconds from exec to the first output, or to the exit if there is none. */
async function startUpMs(binary: string): Promise<number> {
  const beganMs = performance.now();
  const child = Bun.spawn([binary], { stdin: INIT, stdout: "pipe", stderr: "inherit" });
  const reader = child.stdout.getReader();
  await reader.read();
  const tookMs = performance.now() - beganMs;
  child.kill("SIGKILL");
  await child.exited;
  return tookMs;
}

async function compileEmptyProgram(directory: string): Promise<string> {
  const source = join(directory, "empty.ts");
  await Bun.write(source, "export {};\n");
  return await compile(source, join(directory, "does-nothing"));
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
}

const directory = await mkdtemp(join(tmpdir(), "start-up-"));
try {
  const programs = [await compileEmptyProgram(directory), ...binaries];
  const times = new Map(programs.map((program) => [program, [] as number[]]));
  for (const program of programs) await startUpMs(program); // Fills the page cache.
  for (let run = 0; run < Number(runs); run++) {
    for (const [program, tookMs] of times) tookMs.push(await startUpMs(program));
  }

  console.log(
    `${"program".padEnd(16)}${"median".padStart(10)}${"p10".padStart(10)}${"p90".padStart(10)}`,
  );
  for (const [program, tookMs] of times) {
    const sorted = tookMs.toSorted((one, other) => one - other);
    const columns = [0.5, 0.1, 0.9].map((q) => `${quantile(sorted, q).toFixed(2)} ms`.padStart(10));
    console.log(`${basename(program).padEnd(16)}${columns.join("")}`);
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
