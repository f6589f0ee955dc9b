/**
 * Tests a cluster of three hosts for a while, with cut links, killed servers and killed nodes:
 *
 *     bun test/namespaces/soak.ts [kafka|lin-kv ...] [--seconds 600] [--rate 50] [--seed 1]
 *
 * Needs root, iproute2, nats-server, and the compiled programs (`bun run build.ts`).
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as v from "valibot";
import { randomStream } from "../../lib/workbench/random.ts";
import { DIST } from "../support/processes/vortex.ts";
import { Hosts, problemOfNamespaces } from "./hosts.ts";
import { injectRealFaults } from "./real-faults.ts";

const CLUSTER = "soak";
const NODES = ["n0", "n1", "n2"];
/** Flags of each workload beside the length. */
const WORKLOADS: Readonly<Record<string, readonly string[]>> = {
  kafka: ["-w", "kafka", "--concurrency", "2n"],
  "lin-kv": ["-w", "lin-kv", "--concurrency", "4n"],
};
const REAL_FAULTS = { faultS: [2, 8], calmS: [5, 12], killsServers: true } as const;
const SAMPLE_INTERVAL_MS = 5000;

const Result = v.looseObject({
  valid: v.union([v.boolean(), v.literal("unknown")]),
  stats: v.looseObject({ okCount: v.number(), failCount: v.number(), infoCount: v.number() }),
  faults: v.looseObject({ kill: v.number() }),
  hosts: v.looseObject({}),
});

/** Resident memory of a process without what it shares, in MB. */
function memoryOf(pid: number): number {
  try {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const [, kilobytes = "0"] = /^Pss:\s+(\d+)/m.exec(rollup) ?? [];
    return Number(kilobytes) / 1024;
  } catch {
    return 0; // It has exited.
  }
}

async function soak(workload: string, seconds: number, rate: string, seed: number) {
  const flags = WORKLOADS[workload];
  if (flags === undefined) throw new Error(`Unknown workload "${workload}": kafka or lin-kv`);
  await using hosts = await Hosts.start();
  await Promise.all(
    NODES.map((node) => hosts.startSidecar(CLUSTER, node, NODES, [join(DIST, workload)])),
  );
  const controller = new AbortController();
  const random = randomStream(seed, "faults");
  const faults = injectRealFaults(hosts, random, controller.signal, REAL_FAULTS);
  // The last part of the test is without faults: final reads must succeed.
  const ending = setTimeout(() => controller.abort(), Math.max(0, seconds - 10) * 1000);
  const samples: number[][] = [];
  const sampling = setInterval(() => {
    samples.push([...hosts.sidecarIds.values()].map(memoryOf));
  }, SAMPLE_INTERVAL_MS);
  try {
    const { exitCode, stdout, stderr } = await hosts.runTester([
      "test",
      "--nats",
      hosts.urls,
      "--cluster",
      CLUSTER,
      ...flags,
      "--rate",
      rate,
      "--time-limit",
      String(seconds),
      "--nemesis",
      "kill",
      "--recovery",
      "20",
      "--seed",
      String(seed),
      "--no-store",
      "--json",
    ]);
    controller.abort();
    const real = await faults;
    if (exitCode !== 0 && stdout === "") throw new Error(stderr);
    const { valid, stats, faults: simulated, hosts: summary } = v.parse(Result, JSON.parse(stdout));
    const { okCount, failCount, infoCount } = stats;
    console.log(`${workload}, ${seconds} s: ${valid === true ? "valid" : `valid: ${valid}`}`);
    console.log(`  operations   ${okCount} ok, ${failCount} fail, ${infoCount} info`);
    console.log(`  faults       ${JSON.stringify({ ...real, "killed nodes": simulated.kill })}`);
    console.log(`  memory (MB)  ${describeMemory(samples)}`);
    console.log(`  hosts        ${JSON.stringify(summary)}`);
    return valid === true;
  } finally {
    controller.abort();
    clearTimeout(ending);
    clearInterval(sampling);
    await faults.catch(() => {});
  }
}

/** Means of each sidecar's memory over the second and the last fifth of the samples. */
function describeMemory(samples: readonly number[][]): string {
  const fifth = Math.max(1, Math.floor(samples.length / 5));
  const mean = (part: readonly number[][], index: number) =>
    part.reduce((sum, each) => sum + (each[index] ?? 0), 0) / Math.max(1, part.length);
  return NODES.map((node, index) => {
    const [early, late] = [samples.slice(fifth, 2 * fifth), samples.slice(-fifth)];
    return `${node} ${mean(early, index).toFixed(0)} → ${mean(late, index).toFixed(0)}`;
  }).join(", ");
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "600" },
    rate: { type: "string", default: "50" },
    seed: { type: "string", default: "1" },
  },
});
const problem = problemOfNamespaces();
if (problem !== undefined) {
  console.error(`Skipped: ${problem}`);
} else {
  for (const workload of positionals.length > 0 ? positionals : Object.keys(WORKLOADS)) {
    const isValid = await soak(workload, Number(values.seconds), values.rate, Number(values.seed));
    if (!isValid) process.exitCode = 1;
  }
}
