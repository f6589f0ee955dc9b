/**
 * Measures how many operations per second lin-kv serves, on 3 nodes that are processes and sync.
 *
 *   bun test/bench/raft-throughput.ts [--rates 1000,2500,5000,7500] [--clients 120] [--seconds 10]
 *
 * For each rate, runs `vortex test` on the compiled program, as a person would, and beside it a loop
 * that writes a record and syncs it, again and again, before and after the run, on the same disk. All
 * three nodes, the tester and their disks share this machine.
 *
 * - reached: operations per second that were answered, ok or with a definite error
 * - syncs: per second and node; the most of the three nodes, which is the leader's
 * - plain: syncs per second of the plain loop, the better of the two measurements
 * - ratio: operations reached, divided by the syncs of the plain loop
 * - CPU: time of the three nodes per operation
 */
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { processUsage } from "../soak/process-usage.ts";
import { ROOT } from "../support/processes/vortex.ts";
import { compile } from "./compile.ts";
import { plainSyncsPerSecond } from "./plain-syncs.ts";

const { values: flags } = parseArgs({
  options: {
    rates: { type: "string", default: "1000,2500,5000,7500" },
    clients: { type: "string", default: "120" },
    seconds: { type: "string", default: "10" },
  },
});

const NODE_COUNT = 3;
const PLAIN_MS = 1000;
const RECORD = Buffer.from(`${"x".repeat(120)}\n`);

const seconds = Number(flags.seconds);
const directory = fs.mkdtempSync(join(tmpdir(), "vortex-bench-raft-"));
try {
  const bin = join(directory, "lin-kv");
  const plainFile = join(directory, "plain");
  await compile(join(import.meta.dir, "programs/counted-lin-kv.ts"), bin);
  const rows = [];
  for (const rate of flags.rates.split(",").map(Number)) {
    const before = await plainSyncsPerSecond(plainFile, RECORD, PLAIN_MS);
    const run = await measure(bin, rate);
    const plain = Math.max(before, await plainSyncsPerSecond(plainFile, RECORD, PLAIN_MS));
    rows.push([
      rate,
      run.reached.toFixed(0),
      run.medianMs.toFixed(1),
      run.syncs.toFixed(0),
      plain.toFixed(0),
      (run.reached / plain).toFixed(2),
      `${run.cpuUs.toFixed(0)} µs`,
      run.valid,
    ]);
  }
  const head = ["asked, ops/s", "reached", "median, ms", "syncs/s", "plain/s", "ratio", "CPU/op"];
  const table = new Table({
    head: [...head, "valid"],
    colAligns: Array(8).fill("right"),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  console.log(table.toString());
} finally {
  fs.rmSync(directory, { recursive: true });
}

/** Runs the workload at a rate. */
async function measure(bin: string, rate: number) {
  const args = [
    ...["test", "-w", "lin-kv", "--bin", bin, "--node-count", String(NODE_COUNT)],
    ...["--concurrency", flags.clients, "--rate", String(rate), "--time-limit", flags.seconds],
    ...["--recovery", "1", "--log-stderr", "--json"],
  ];
  const tester = Bun.spawn([join(ROOT, "dist/vortex"), ...args], {
    cwd: directory,
    stdout: "pipe",
    stderr: "pipe",
  });
  const processes = watch(tester.pid);
  const [out, errors] = await Promise.all([
    new Response(tester.stdout).text(),
    new Response(tester.stderr).text(),
  ]);
  const cpuMs = processes.stop();
  const result = JSON.parse(out);
  const counts = new Map<string, number>();
  for (const [, node = "", count] of errors.matchAll(/(n\d+)\b.*synced (\d+) times/g)) {
    counts.set(node, Number(count));
  }
  if (counts.size !== NODE_COUNT) throw new Error(`Missing counts of syncs in:\n${errors}`);
  const { okCount, failCount } = result.stats;
  const answered = okCount + failCount;
  return {
    reached: answered / seconds,
    medianMs: result.perf.latencies.all["0.5"] ?? Number.NaN,
    syncs: Math.max(...counts.values()) / seconds,
    cpuUs: (1000 * cpuMs) / answered,
    valid: result.valid,
  };
}

/** Adds up the CPU time of the nodes that a tester starts, while they run. */
function watch(tester: number) {
  const cpuMs = new Map<number, number>();
  const look = () => {
    for (const pid of childrenOf(tester)) {
      const usage = processUsage(pid);
      if (usage !== undefined) cpuMs.set(pid, usage.cpuMs);
    }
  };
  const timer = setInterval(look, 100);
  return {
    stop() {
      clearInterval(timer);
      return [...cpuMs.values()].reduce((sum, one) => sum + one, 0);
    },
  };
}

function childrenOf(pid: number): number[] {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.split(" ").filter(Boolean).map(Number);
}
