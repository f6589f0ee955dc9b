/**
 * Runs the stages of Fly.io on three hosts, beside the same on this machine alone:
 *
 *     bun test/namespaces/stages.ts [ID...] [--seconds 10] [--seed 1]
 *
 * If a stage asks for partitions, links between the hosts are cut in place of the simulated ones. Needs
 * root, iproute2, nats-server, and the compiled programs (`bun run build.ts`).
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as v from "valibot";
import { randomStream } from "../../lib/workbench/random.ts";
import { STAGES, type Stage } from "../../lib/workbench/stages/stages.ts";
import { DIST, vortex } from "../support/processes/vortex.ts";
import { Hosts, problemOfNamespaces } from "./hosts.ts";
import { injectRealFaults } from "./real-faults.ts";

const CLUSTER = "stages";
const REAL_FAULTS = { faultS: [1, 4], calmS: [0.5, 3], killsServers: false } as const;
/** How long nodes have to converge after the faults, in seconds. */
const RECOVERY_S = 10;

const Quantiles = v.looseObject({ "0.5": v.number(), "1": v.number() });
const Result = v.looseObject({
  valid: v.union([v.boolean(), v.literal("unknown")]),
  stats: v.looseObject({ okCount: v.number(), count: v.number() }),
  net: v.looseObject({ servers: v.looseObject({ msgsPerOp: v.exactOptional(v.number()) }) }),
  perf: v.looseObject({ latencies: v.record(v.string(), Quantiles) }),
  workload: v.looseObject({ stableLatencies: v.exactOptional(Quantiles) }),
});

/** Formats the figures of a run. */
function describe(stdout: string, stderr: string): string {
  const result = v.safeParse(Result, stdout.trim() === "" ? undefined : JSON.parse(stdout));
  if (!result.success) return `crashed: ${stderr.trim().split("\n").at(-1)}`;
  const { valid, stats, net, perf, workload } = result.output;
  const latencies = workload.stableLatencies ?? perf.latencies["all"];
  const median = latencies?.["0.5"].toFixed(1);
  return [
    valid === true ? "valid" : `valid: ${valid}`,
    `${stats.okCount}/${stats.count} ok`,
    `${(net.servers.msgsPerOp ?? 0).toFixed(2)} msgs/op`,
    `${median} / ${latencies?.["1"].toFixed(0)} ms`,
  ].join(", ");
}

/** Returns the words of a stage's flags, with another length and without partitions. */
function wordsOf({ flags }: Stage, seconds: string, isOnHosts: boolean): string[] {
  const words = flags.split(" ");
  words[words.indexOf("--time-limit") + 1] = seconds;
  const nemesis = words.indexOf("--nemesis");
  if (isOnHosts && nemesis >= 0) words.splice(nemesis, 2);
  return words;
}

async function runOnHosts(hosts: Hosts, stage: Stage, seconds: string, seed: number) {
  const { bin, args = [] } = stage;
  const words = wordsOf(stage, seconds, true);
  const count = Number(words[words.indexOf("--node-count") + 1]);
  const nodes = Array.from({ length: count }, (_, index) => `n${index}`);
  const program = [join(DIST, bin), ...args];
  await Promise.all(nodes.map((node) => hosts.startSidecar(CLUSTER, node, nodes, program)));
  const controller = new AbortController();
  const isCut = stage.flags.includes("--nemesis partition");
  const random = randomStream(seed, `faults ${stage.id}`);
  const faults = isCut
    ? injectRealFaults(hosts, random, controller.signal, REAL_FAULTS)
    : Promise.resolve({ cuts: 0, "isolated hosts": 0 });
  const ending = setTimeout(() => controller.abort(), Number(seconds) * 1000);
  try {
    const where = ["--nats", hosts.urls, "--cluster", CLUSTER];
    const end = ["--recovery", String(RECOVERY_S), "--seed", String(seed), "--no-store", "--json"];
    const { stdout, stderr } = await hosts.runTester(["test", ...where, ...words, ...end]);
    controller.abort();
    const { cuts, "isolated hosts": isolated } = await faults;
    return `${describe(stdout, stderr)}${isCut ? `, ${cuts + isolated} cuts` : ""}`;
  } finally {
    clearTimeout(ending);
    controller.abort();
    await faults;
    await hosts.stopSidecars();
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "10" },
    seed: { type: "string", default: "1" },
  },
});
const problem = problemOfNamespaces();
if (problem !== undefined) {
  console.error(`Skipped: ${problem}`);
} else {
  await using hosts = await Hosts.start();
  const { seconds, seed } = values;
  for (const stage of STAGES) {
    if (positionals.length > 0 && !positionals.includes(stage.id)) continue;
    const args = stage.args?.join(" ") ?? "";
    console.log(`${stage.id} ${stage.name}${args === "" ? "" : ` (${args})`}`);
    console.log(`  three hosts  ${await runOnHosts(hosts, stage, seconds, Number(seed))}`);
    const bin = ["--bin", join(DIST, stage.bin)];
    const end = ["--recovery", String(RECOVERY_S), "--seed", seed, "--no-store", "--json", "--"];
    const words = wordsOf(stage, seconds, false);
    const alone = await vortex("test", ...bin, ...words, ...end, ...(stage.args ?? []));
    console.log(`  one machine  ${describe(alone.stdout, alone.stderr)}`);
  }
}
