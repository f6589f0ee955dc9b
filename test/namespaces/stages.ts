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

/** The figures of a run. */
interface Figures {
  readonly verdict: string;
  readonly ok: string;
  readonly msgsPerOp: string;
  readonly medianMs: string;
  readonly maxMs: string;
}

/** @throws if the run crashed, with the last line of its output. */
function figuresOf(stdout: string, stderr: string): Figures {
  const result = v.safeParse(Result, stdout.trim() === "" ? undefined : JSON.parse(stdout));
  if (!result.success) throw new Error(`crashed: ${stderr.trim().split("\n").at(-1)}`);
  const { valid, stats, net, perf, workload } = result.output;
  const latencies = workload.stableLatencies ?? perf.latencies["all"];
  return {
    verdict: valid === true ? "valid" : `valid: ${valid}`,
    ok: `${stats.okCount.toLocaleString("en")} of ${stats.count.toLocaleString("en")}`,
    msgsPerOp: (net.servers.msgsPerOp ?? 0).toFixed(2),
    medianMs: latencies?.["0.5"].toFixed(1) ?? "",
    maxMs: latencies?.["1"].toFixed(0) ?? "",
  };
}

function describe({ verdict, ok, msgsPerOp, medianMs, maxMs }: Figures): string {
  return `${verdict}, ${ok} ok, ${msgsPerOp} msgs/op, ${medianMs} / ${maxMs} ms`;
}

/** A row of the table of docs/cluster.md. */
function rowOf({ id, args = [] }: Stage, cuts: number | undefined, hosts: Figures, alone: Figures) {
  return [
    `| ${id}${args.length === 0 ? "" : `, \`${args.join(" ")}\``}`,
    cuts ?? "",
    hosts.ok,
    `${hosts.msgsPerOp}, ${alone.msgsPerOp}`,
    `${hosts.medianMs}, ${alone.medianMs} |`,
  ].join(" | ");
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
    : undefined;
  const ending = setTimeout(() => controller.abort(), Number(seconds) * 1000);
  try {
    const where = ["--nats", hosts.urls, "--cluster", CLUSTER];
    const end = ["--recovery", String(RECOVERY_S), "--seed", String(seed), "--no-store", "--json"];
    const { stdout, stderr } = await hosts.runTester(["test", ...where, ...words, ...end]);
    controller.abort();
    const counts = await faults;
    const cuts = counts && counts.cuts + counts["isolated hosts"];
    return { figures: figuresOf(stdout, stderr), cuts };
  } finally {
    clearTimeout(ending);
    controller.abort();
    await faults;
    await hosts.stopSidecars();
  }
}

/** Runs a stage on the hosts and on this machine alone, prints its figures, and returns their row. */
async function compare(hosts: Hosts, stage: Stage, seconds: string, seed: string): Promise<string> {
  const { figures, cuts } = await runOnHosts(hosts, stage, seconds, Number(seed));
  console.log(`  three hosts  ${describe(figures)}${cuts === undefined ? "" : `, ${cuts} cuts`}`);
  const bin = ["--bin", join(DIST, stage.bin)];
  const words = [...bin, ...wordsOf(stage, seconds, false)];
  const end = ["--recovery", String(RECOVERY_S), "--seed", seed, "--no-store", "--json", "--"];
  const { stdout, stderr } = await vortex("test", ...words, ...end, ...(stage.args ?? []));
  const alone = figuresOf(stdout, stderr);
  console.log(`  one machine  ${describe(alone)}`);
  if (![figures, alone].every(({ verdict }) => verdict === "valid")) process.exitCode = 1;
  return rowOf(stage, cuts, figures, alone);
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
  const rows: string[] = [];
  for (const stage of STAGES) {
    if (positionals.length > 0 && !positionals.includes(stage.id)) continue;
    const args = stage.args?.join(" ") ?? "";
    console.log(`${stage.id} ${stage.name}${args === "" ? "" : ` (${args})`}`);
    try {
      rows.push(await compare(hosts, stage, seconds, seed));
    } catch (error) {
      console.log(`  ${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
    }
  }
  console.log(`\nThe rows of the table in docs/cluster.md:\n${rows.join("\n")}`);
}
