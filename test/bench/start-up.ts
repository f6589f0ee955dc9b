/**
 * How long a node takes from exec to `init_ok`, beside a compiled program that does nothing.
 *
 *   bun test/bench/start-up.ts [RUNS] [BINARY...]
 *
 * Runs take turns, so that a busy moment of the machine meets all of them. The time of the empty
 * program is from exec to its end; it is what a compiled Bun program costs before its own first line.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
const INIT = Buffer.from(
  '{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}\n',
);

const [runs = "50", ...given] = process.argv.slice(2);
const binaries =
  given.length > 0 ? given : [join(ROOT, "dist/echo"), join(ROOT, "dist/unique-ids")];

/** Milliseconds from exec to the first bytes on stdout, or to its end if there are none. */
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
  const outfile = join(directory, "does-nothing");
  await Bun.write(source, "export {};\n");
  await Bun.build({
    entrypoints: [source],
    minify: true,
    bytecode: true,
    format: "esm",
    compile: { outfile },
  });
  return outfile;
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
