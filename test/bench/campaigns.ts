/**
 * Measures how long a search takes to find the broken programs: runs and processor time until the first
 * test that shows the bug. A test in which nothing succeeded does not.
 *
 *   bun test/bench/campaigns.ts --out FILE [--strategies plain,swarm+order,...] [--groups subtle,raft,easy]
 *     [--only TEXT] [--campaigns 20] [--max-runs 1000] [--shard i/n]
 *   bun test/bench/campaigns.ts --table FILE,... [--csv] [--strategies plain,...] [--groups ...]
 *
 * A campaign has seeds of its own, and ends with the first failure or after `--max-runs`. Its result is a
 * line of FILE at once; campaigns that FILE holds are not run again, so a command that was stopped goes on
 * where it was. The table has the medians of the campaigns; one without a failure counts as longer than
 * any other.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as v from "valibot";
import type { TestResult } from "../../lib/workbench/run/results.ts";
import { TestCrash } from "../../lib/workbench/run/test-crash.ts";
import { parseShard, shardOf } from "../../lib/workbench/sweep/seeds.ts";
import { testOptionsOf } from "../support/simulations/simulate.ts";
import { symptomsOf } from "../support/simulations/symptoms.ts";
import { median } from "../support/statistics.ts";
import { parseStrategies, startCampaign } from "./campaigns/strategies.ts";
import { GROUPS, SUBJECTS, type Subject } from "./campaigns/subjects.ts";

/** Divisible by the strategies of `mixed`, so that each campaign begins with the one that seed 1 has. */
const SEEDS_PER_CAMPAIGN = 1_200_000;

/** Symptoms of a test in which faults have left nothing that succeeded, also of a correct program. */
const STARVED = ["never ok", "no verdict", "malformed replies", "empty-transaction-graph"];

const Campaign = v.object({
  subject: v.string(),
  strategy: v.string(),
  campaign: v.number(),
  /** Runs up to the first failure, it included; or all, without one. */
  runs: v.number(),
  found: v.boolean(),
  cpuS: v.number(),
});
type Campaign = v.InferOutput<typeof Campaign>;

const { values: flags } = parseArgs({
  options: {
    out: { type: "string" },
    table: { type: "string" },
    csv: { type: "boolean", default: false },
    strategies: { type: "string", default: "plain" },
    groups: { type: "string", default: GROUPS.join(",") },
    only: { type: "string", default: "" },
    campaigns: { type: "string", default: "20" },
    "max-runs": { type: "string", default: "1000" },
    shard: { type: "string", default: "1/1" },
  },
});

const strategies = flags.strategies.split(",");
for (const strategy of strategies) parseStrategies(strategy);
const groups = chosen(flags.groups, GROUPS, "group");
const subjects = SUBJECTS.filter(
  ({ group, name }) => groups.includes(group) && name.includes(flags.only),
);
const maxRuns = positiveInteger("max-runs", flags["max-runs"]);

if (flags.table !== undefined) {
  printTable(flags.table.split(",").flatMap(readCampaigns));
} else if (flags.out !== undefined) {
  await runAll(flags.out);
} else {
  throw new Error("Name a file for the results, --out FILE, or print those of one, --table FILE");
}

async function runAll(file: string): Promise<void> {
  const done = new Set((existsSync(file) ? readCampaigns(file) : []).filter(isDone).map(keyOf));
  const shard = parseShard(flags.shard);
  const numbers = [...Array(positiveInteger("campaigns", flags.campaigns)).keys()];
  for (const campaign of shardOf(numbers, shard)) {
    for (const subject of subjects) {
      for (const strategy of strategies) {
        const task = { subject: subject.name, strategy, campaign };
        if (done.has(keyOf(task))) continue;
        const ended = { ...task, ...(await run(subject, strategy, campaign)) };
        appendFileSync(file, `${JSON.stringify(ended)}\n`);
        console.error(JSON.stringify(ended));
      }
    }
  }
}

/** Whether a campaign is over for as many runs as are asked for. */
function isDone({ found, runs }: Campaign): boolean {
  return found ? runs <= maxRuns : runs >= maxRuns;
}

async function run(
  { workload, options: given, shows, load }: Subject,
  strategy: string,
  campaign: number,
): Promise<Pick<Campaign, "runs" | "found" | "cpuS">> {
  const program = await load();
  const options = { ...testOptionsOf(workload, given), seed: campaign * SEEDS_PER_CAMPAIGN + 1 };
  const next = startCampaign(program, options, parseStrategies(strategy));
  const began = process.cpuUsage();
  let [runs, found] = [0, false];
  while (!found && runs < maxRuns) {
    runs++;
    found = isFailure(next, shows);
  }
  const { user, system } = process.cpuUsage(began);
  return { runs, found, cpuS: Number(((user + system) / 1e6).toFixed(3)) };
}

/** Whether a run shows a bug. */
function isFailure(next: () => TestResult, shows: string | undefined): boolean {
  try {
    const result = next();
    if (result.valid === true) return false;
    return [...symptomsOf(result)].some((it) => it === shows || !STARVED.includes(it));
  } catch (error) {
    // Such as an assertion of Raft that fails while a node starts.
    if (error instanceof TestCrash) return true;
    throw error;
  }
}

function readCampaigns(file: string): Campaign[] {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => v.parse(Campaign, JSON.parse(line)));
}

function keyOf({
  subject,
  strategy,
  campaign,
}: Pick<Campaign, "subject" | "strategy" | "campaign">) {
  return JSON.stringify([subject, strategy, campaign]);
}

interface Figures {
  readonly runs: number;
  readonly cpuS: number;
  /** Whether fewer than half of the campaigns found the bug: the figures are lower bounds. */
  readonly isLowerBound: boolean;
}

function printTable(campaigns: readonly Campaign[]): void {
  // The last one of a kind counts: it had more runs.
  const newest = [...new Map(campaigns.map((campaign) => [keyOf(campaign), campaign])).values()];
  const rows = subjects.flatMap((subject) => {
    const figures = strategies.map((strategy) => {
      return figuresOf(
        newest.filter((it) => it.subject === subject.name && it.strategy === strategy),
      );
    });
    return figures.every((it) => it === undefined) ? [] : [{ subject, figures }];
  });
  const head = ["group", "program", ...strategies.flatMap((it) => [`${it}: runs`, "CPU s"])];
  const body = rows.map(({ subject, figures }) => [
    subject.group,
    subject.name,
    ...figures.flatMap((it) => [cell(it, "runs"), cell(it, "cpuS")]),
  ]);
  if (flags.csv) {
    for (const row of [head, ...body]) console.log(row.map(csvCell).join(","));
    return;
  }
  const line = (cells: readonly string[]) => console.log(`| ${cells.join(" | ")} |`);
  line(head);
  line(head.map((_, index) => (index < 2 ? "---" : "---:")));
  for (const row of body) line(row);
  for (const [index, strategy] of strategies.entries()) {
    if (strategy === "plain") continue;
    for (const group of groups) {
      const pairs = rows
        .filter(({ subject }) => subject.group === group)
        .map(({ figures }) => [figures[strategies.indexOf("plain")], figures[index]] as const);
      console.log(`\n${strategy}, ${group}: ${describeRatios(pairs)}`);
    }
  }
}

function figuresOf(campaigns: readonly Campaign[]): Figures | undefined {
  if (campaigns.length === 0) return undefined;
  const middle = (value: (campaign: Campaign) => number) => {
    return median(campaigns.map((it) => (it.found ? value(it) : Number.POSITIVE_INFINITY)));
  };
  const isLowerBound = middle(({ runs }) => runs) === Number.POSITIVE_INFINITY;
  const values = isLowerBound ? campaigns : campaigns.filter(({ found }) => found);
  return {
    runs: isLowerBound ? Math.max(...values.map(({ runs }) => runs)) : middle(({ runs }) => runs),
    cpuS: isLowerBound ? Math.max(...values.map(({ cpuS }) => cpuS)) : middle(({ cpuS }) => cpuS),
    isLowerBound,
  };
}

/** How many times sooner a strategy finds the programs of a group than plain seeds do. */
function describeRatios(
  pairs: readonly (readonly [Figures | undefined, Figures | undefined])[],
): string {
  const ratios = (unit: "runs" | "cpuS") =>
    pairs.flatMap(([plain, other]) => {
      // A lower bound of the divisor says nothing.
      if (plain === undefined || other === undefined || other.isLowerBound) return [];
      return [plain[unit] / other[unit]];
    });
  const runs = ratios("runs");
  if (runs.length === 0) return "no program that both have run";
  const cpu = ratios("cpuS");
  const missed = pairs.filter(([plain, other]) => plain && other?.isLowerBound).length;
  const times = (value: number) => `${value.toFixed(2)} times`;
  return [
    `median ${times(median(runs))} fewer runs and ${times(median(cpu))} less CPU time`,
    `the least ${times(Math.min(...runs))} and ${times(Math.min(...cpu))}`,
    `${missed} of ${pairs.length} not found`,
  ].join("; ");
}

function cell(figures: Figures | undefined, unit: "runs" | "cpuS"): string {
  if (figures === undefined) return "";
  const value = unit === "runs" ? String(figures.runs) : figures.cpuS.toFixed(2);
  return figures.isLowerBound ? `> ${value}` : value;
}

function csvCell(text: string): string {
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** @throws {Error} for a name that is not known. */
function chosen(text: string, known: readonly string[], what: string): string[] {
  const names = text.split(",");
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new Error(`Unknown ${what} "${unknown}". Choose from ${known.join(", ")}`);
}

function positiveInteger(name: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`--${name} takes a positive integer, not "${text}"`);
}
