/**
 * Measures a start up to `init_ok`, compared with a compiled program that prints one and waits.
 *
 *   bun test/bench/start-up.ts [RUNS] [BINARY...]
 *
 * Programs take turns, so that other load on the machine affects all of them. Time is from exec to the
 * first output. Processor time is that of all threads 10 ms later, page faults and private memory are
 * those of then; other load hardly affects these two. Linux only.
 */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import Table from "cli-table3";
import { DIST } from "../support/processes/vortex.ts";

const INIT = Buffer.from(
  '{"src":"c0","dest":"n0","body":{"type":"init","msg_id":1,"node_id":"n0","node_ids":["n0"]}}\n',
);

const [runs = "50", ...given] = process.argv.slice(2);
const binaries = given.length > 0 ? given : [join(DIST, "echo"), join(DIST, "unique-ids")];

interface Start {
  readonly ms: number;
  readonly cpuMs: number;
  readonly faults: number;
  readonly privateKb: number;
}

async function start(binary: string): Promise<Start> {
  const beganMs = performance.now();
  const child = Bun.spawn([binary], { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  child.stdin.write(INIT);
  await child.stdin.flush();
  await child.stdout.getReader().read();
  const ms = performance.now() - beganMs;
  await Bun.sleep(10);
  const read = (file: string) => readFileSync(`/proc/${child.pid}/${file}`, "utf8");
  const cpuNs = readdirSync(`/proc/${child.pid}/task`)
    .map((thread) => Number(read(`task/${thread}/schedstat`).split(" ")[0]))
    .reduce((sum, ns) => sum + ns);
  // After the name, which may contain spaces, minor faults are the eighth field.
  const faults = Number(read("stat").split(") ")[1]?.split(" ")[7]);
  const [, anonymousKb] = /^Anonymous: +(\d+)/m.exec(read("smaps_rollup")) ?? [];
  child.kill("SIGKILL");
  await child.exited;
  return { ms, cpuMs: cpuNs / 1e6, faults, privateKb: Number(anonymousKb) };
}

async function compileThreeLines(directory: string): Promise<string> {
  const source = join(directory, "three-lines.ts");
  const line = JSON.stringify({ src: "n0", dest: "c0", body: { type: "init_ok", in_reply_to: 1 } });
  await Bun.write(source, `console.log(${JSON.stringify(line)});\nsetInterval(() => {}, 1000);\n`);
  const outfile = join(directory, "three lines");
  await Bun.build({ entrypoints: [source], minify: true, throw: true, compile: { outfile } });
  return outfile;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
}

const directory = await mkdtemp(join(tmpdir(), "start-up-"));
try {
  const programs = [await compileThreeLines(directory), ...binaries];
  const starts = new Map(programs.map((program) => [program, [] as Start[]]));
  for (const program of programs) await start(program); // Fills the page cache.
  for (let run = 0; run < Number(runs); run++) {
    for (const [program, all] of starts) all.push(await start(program));
  }

  const head = ["time, least", "median", "CPU, least", "median", "page faults", "private memory"];
  const table = new Table({
    head: ["", ...head],
    colAligns: ["left", ...head.map(() => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const [program, all] of starts) {
    const sorted = (field: keyof Start) =>
      all.map((one) => one[field]).toSorted((one, other) => one - other);
    const ms = (field: "ms" | "cpuMs", q: number) => `${quantile(sorted(field), q).toFixed(2)} ms`;
    table.push([
      basename(program),
      ...[ms("ms", 0), ms("ms", 0.5), ms("cpuMs", 0), ms("cpuMs", 0.5)],
      quantile(sorted("faults"), 0.5),
      `${quantile(sorted("privateKb"), 0.5)} kB`,
    ]);
  }
  console.log(table.toString());
} finally {
  await rm(directory, { recursive: true, force: true });
}
