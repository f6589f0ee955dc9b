/**
 * Measures how small the failures of broken programs become, and in which time.
 *
 *   bun test/bench/shrinking.ts [--groups easy,raft,subtle] [--search mixed] [--only TEXT] [--shard i/n] [--json]
 *
 * Each program is run with plain seeds, or those of a search, until one shows the bug: a test in which
 * nothing succeeded does not. That run is shrunk within the limits of `vortex sim --shrink`, in processor
 * time. A row has what is left: operations of clients, faults (starts,
 * and messages lost or duplicated), nodes; and whether the decisions replay to the same history.
 */
import { parseArgs } from "node:util";
import { type AnyProgram, stringifyJson } from "../../lib/vortex/index.ts";
import type { Decisions } from "../../lib/workbench/decisions.ts";
import type { Operation } from "../../lib/workbench/history/history.ts";
import { InvalidOptions } from "../../lib/workbench/invalid-options.ts";
import { simulate } from "../../lib/workbench/run/simulate.ts";
import { TestCrash } from "../../lib/workbench/run/test-crash.ts";
import type { Strategy } from "../../lib/workbench/run/test-options.ts";
import { explore } from "../../lib/workbench/search/explore.ts";
import { Budget } from "../../lib/workbench/sweep/minimize.ts";
import { parseShard, shardOf } from "../../lib/workbench/sweep/seeds.ts";
import {
  anomalyOf,
  type FailingTest,
  MAX_SHRINK_MS,
  MAX_SHRINK_TRIES,
  shrink,
} from "../../lib/workbench/sweep/shrink.ts";
import { testOptionsOf } from "../support/simulations/simulate.ts";
import { median } from "../support/statistics.ts";
import { parseStrategies } from "./campaigns/strategies.ts";
import { GROUPS, SUBJECTS, type Subject } from "./campaigns/subjects.ts";

const { values: flags } = parseArgs({
  options: {
    groups: { type: "string", default: GROUPS.join(",") },
    only: { type: "string", default: "" },
    search: { type: "string", default: "plain" },
    shard: { type: "string", default: "1/1" },
    "max-seeds": { type: "string", default: "200" },
    json: { type: "boolean", default: false },
  },
});

interface Row {
  readonly name: string;
  readonly anomaly: string;
  readonly operations: number;
  readonly faults: number;
  readonly nodes: number;
  /** Entries of the decisions beside operations and faults. */
  readonly others: number;
  readonly tries: number;
  readonly cpuS: number;
  readonly replays: boolean;
}

/** The anomalies of a test in which faults have left nothing that succeeded, also of a correct program. */
const STARVED = ["never-ok", "empty-transaction-graph"];

const search = strategiesOf(flags.search);

/** Runs a test; returns its anomaly, and its history as bytes. */
function run(
  program: AnyProgram,
  { options, decisions }: FailingTest,
  onDecisions?: (decisions: Decisions) => void,
): { readonly anomaly: string | undefined; readonly bytes: string } {
  const history: Operation[] = [];
  const bytes = () => stringifyJson(history.map((operation) => ({ ...operation })));
  const explored = explore(options);
  try {
    const result = simulate(explored.options, {
      program,
      parts: explored.parts,
      ...(decisions === undefined ? {} : { decisions }),
      ...(onDecisions === undefined ? {} : { onDecisions }),
      onOperation: (operation) => void history.push(operation),
    });
    return { anomaly: anomalyOf(result), bytes: bytes() };
  } catch (error) {
    if (error instanceof TestCrash) return { anomaly: "crash", bytes: bytes() };
    if (error instanceof InvalidOptions) return { anomaly: undefined, bytes: "" };
    throw error;
  }
}

const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function rowOf(subject: Subject): Promise<Row | undefined> {
  const program = await subject.load();
  for (let seed = 1; seed <= Number(flags["max-seeds"]); seed++) {
    const given = testOptionsOf(subject.workload, { ...subject.options, seed });
    const { options } = explore({ ...given, search });
    const { anomaly } = run(program, { options });
    if (anomaly === undefined || STARVED.some((it) => anomaly.startsWith(it))) continue;
    const budget = new Budget(MAX_SHRINK_TRIES, MAX_SHRINK_MS, cpuMs);
    const beganMs = cpuMs();
    const smallest = await shrink(
      { options },
      {
        anomaly,
        anomalyOf: async (test) => run(program, test).anomaly,
        record: async (test) => {
          let recorded: Decisions | undefined;
          run(program, test, (decisions) => {
            recorded = decisions;
          });
          return recorded;
        },
        budget,
      },
    );
    const cpuS = (cpuMs() - beganMs) / 1000;
    const first = run(program, smallest);
    const second = run(program, smallest);
    return {
      name: subject.name,
      anomaly,
      ...countsOf(smallest),
      tries: budget.tryCount,
      cpuS,
      replays: first.anomaly === anomaly && first.bytes === second.bytes,
    };
  }
  return undefined;
}

function countsOf({ options, decisions }: FailingTest) {
  const { main, final, messages = {}, draws = {} } = decisions ?? {};
  const all = [...(main?.operations ?? []), ...(final?.operations ?? [])];
  const fates = Object.values(messages).flatMap((link) => Object.values(link));
  const irregular = fates.filter(({ length }) => length !== 1).length;
  const starts = all.filter(({ thread, f }) => thread === "nemesis" && f.startsWith("start-"));
  const delays = draws.delays === "mean" ? {} : (draws.delays ?? {});
  return {
    operations: all.filter(({ thread }) => thread !== "nemesis").length,
    faults: starts.length + irregular,
    nodes: options.nodeIds.length,
    others: fates.length - irregular + Object.values(delays).flat().length,
  };
}

const groups = flags.groups.split(",");
const chosen = SUBJECTS.filter(
  ({ group, name }) => groups.includes(group) && name.includes(flags.only),
);
const indexes = shardOf([...chosen.keys()], parseShard(flags.shard));
const rows: Row[] = [];
for (const index of indexes) {
  const subject = chosen[index];
  if (subject === undefined) continue;
  const row = await rowOf(subject);
  if (row === undefined) {
    console.log(`no failure within ${flags["max-seeds"]} seeds: ${subject.name}`);
    continue;
  }
  rows.push(row);
  console.log(flags.json ? JSON.stringify(row) : cells(row).join(" | "));
}
const medians = (["operations", "faults", "nodes", "others", "tries", "cpuS"] as const).map(
  (field) => `${field} ${round(median(rows.map((row) => row[field])))}`,
);
const replayCount = rows.filter(({ replays }) => replays).length;
console.log(`${rows.length} programs, medians: ${medians.join(", ")}; ${replayCount} replay`);

function cells({ name, anomaly, ...row }: Row): (string | number | boolean)[] {
  const { operations, faults, nodes, others, tries, cpuS, replays } = row;
  return [name, anomaly, operations, faults, nodes, others, tries, round(cpuS), replays];
}

/** @throws {Error} for a search that varies runs before: their decisions are no options of a test. */
function strategiesOf(text: string): readonly Strategy[] {
  const strategies = parseStrategies(text);
  if (strategies !== "guided") return strategies;
  throw new Error("A guided search needs a campaign. Choose another one, such as mixed");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
