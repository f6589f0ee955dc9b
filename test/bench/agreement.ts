/**
 * Checks that simulations agree with real runs: on verdicts, and without faults on messages per
 * operation.
 *
 *   bun test/bench/agreement.ts [--runs 10] [--jobs 4] [--full] [--calm] [PATTERN]
 *
 * Runs each challenge without faults, at its stages' loads, and each program of `test/programs` and
 * `test/broken` under its faults: RUNS seeds as processes and the same seeds in virtual time.
 *
 *   PATTERN  only programs whose "workload: name" matches this regular expression
 *   --jobs   number of real runs at once
 *   --full   full length, instead of 10 s and 2 s of recovery
 *   --calm   only tests without faults
 */
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import type { AnyProgram } from "../../lib/vortex/index.ts";
import { stringifyJson } from "../../lib/vortex/index.ts";
import type { Validity } from "../../lib/workbench/checkers/checker.ts";
import { runOnProcesses } from "../../lib/workbench/cli/run-on-processes.ts";
import { stageOptions } from "../../lib/workbench/cli/stage-options.ts";
import type { TestResult } from "../../lib/workbench/run/results.ts";
import { simulate } from "../../lib/workbench/run/simulate.ts";
import { TestCrash } from "../../lib/workbench/run/test-crash.ts";
import type { TestOptions } from "../../lib/workbench/run/test-options.ts";
import { shellCommand } from "../../lib/workbench/shell.ts";
import { STAGES } from "../../lib/workbench/stages/stages.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import { BROKEN } from "../broken/index.ts";
import { PROGRAMS } from "../programs/index.ts";
import { DIST } from "../support/processes/vortex.ts";
import { challenge } from "../support/simulations/challenges.ts";
import { testOptionsOf } from "../support/simulations/simulate.ts";
import { compile } from "./compile.ts";

const { values: flags, positionals } = parseArgs({
  options: {
    runs: { type: "string", default: "10" },
    jobs: { type: "string", default: "4" },
    full: { type: "boolean", default: false },
    calm: { type: "boolean", default: false },
  },
  allowPositionals: true,
});
const pattern = new RegExp(positionals[0] ?? "");
const SHORT = { timeLimitS: 10, recoveryS: 2, nemesisIntervalS: 1 };

interface Subject {
  readonly name: string;
  readonly workload: WorkloadName;
  readonly program: AnyProgram;
  readonly options: TestOptions;
  readonly args?: readonly string[];
  /** Path of the program as an executable. */
  readonly bin: () => string;
}

type Verdict = Validity | "crashed";

interface Observed {
  readonly verdict: Verdict;
  readonly msgsPerOp: number | undefined;
}

const directory = mkdtempSync(join(tmpdir(), "vortex-agreement-"));
// Compiled, as challenges are: nodes that start slowly exchange more messages before the test.
const server = await compile(
  join(import.meta.dir, "../support/processes/serve-case.ts"),
  join(directory, "serve-case"),
);

/** Writes an executable that serves a program of `test/programs` or `test/broken`. */
function executable(workload: WorkloadName, name: string): string {
  const file = join(mkdtempSync(join(directory, "program-")), "node");
  const command = shellCommand([server, workload, name]);
  writeFileSync(file, `#!/bin/sh\nexec ${command} "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

const CASES = [...PROGRAMS, ...BROKEN.map(({ bug, ...rest }) => ({ name: bug, ...rest }))];

/** The stages without their faults. Stages that differ in faults only appear once. */
const calmStages = new Map(
  STAGES.map((stage) => {
    const options: TestOptions = { ...stageOptions(stage, 0), nemesis: [] };
    return [stringifyJson([options, stage.args ?? []]), { stage, options }];
  }),
);

const subjects: Subject[] = [
  ...[...calmStages.values()].map(({ stage, options }) => ({
    name: `stage ${stage.id}`,
    workload: stage.bin,
    program: challenge(stage.bin),
    options,
    args: stage.args ?? [],
    bin: () => join(DIST, stage.bin),
  })),
  ...(["g-set", "pn-counter"] as const).map((workload) => ({
    name: "stage 4's load",
    workload,
    program: challenge(workload),
    options: testOptionsOf(workload, { nodeCount: 3, rate: 100, timeLimitS: 20 }),
    bin: () => join(DIST, workload),
  })),
  ...CASES.map(({ name, workload, program, options }) => ({
    name,
    workload,
    program,
    options: testOptionsOf(workload, options),
    bin: () => executable(workload, name),
  })),
].filter(
  ({ workload, name, options }) =>
    pattern.test(`${workload}: ${name}`) && !(flags.calm && options.nemesis.length > 0),
);

async function observe(run: () => TestResult | Promise<TestResult>): Promise<Observed> {
  try {
    const { valid, net } = await run();
    return { verdict: valid, msgsPerOp: net.servers.msgsPerOp };
  } catch (error) {
    if (error instanceof TestCrash) return { verdict: "crashed", msgsPerOp: undefined };
    throw error;
  }
}

/** Runs tasks, `count` at a time; returns their results in order. */
async function inParallel<T>(tasks: readonly (() => Promise<T>)[], count: number): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const work = async () => {
    for (let index = next++; index < tasks.length; index = next++) {
      const task = tasks[index];
      if (task !== undefined) results[index] = await task();
    }
  };
  await Promise.all(Array.from({ length: count }, work));
  return results;
}

function mean(observed: readonly Observed[]): number | undefined {
  const values = observed.flatMap(({ msgsPerOp }) => msgsPerOp ?? []);
  if (values.length === 0) return undefined;
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function verdicts(observed: readonly Observed[]): string {
  const counts = Map.groupBy(observed, ({ verdict }) => verdict);
  return [...counts].map(([verdict, group]) => `${verdict} ${group.length}`).join(", ");
}

function isUnanimous(observed: readonly Observed[]): boolean {
  return new Set(observed.map(({ verdict }) => verdict)).size === 1;
}

const table = new Table({
  head: ["program", "workload", "processes", "simulated", "msgs/op", "simulated", "apart"],
  style: { head: [], border: [], compact: true },
});
let disagreements = 0;
for (const subject of subjects) {
  const { name, workload, program, options, args = [] } = subject;
  const test = (seed: number): TestOptions => ({ ...options, ...(flags.full ? {} : SHORT), seed });
  const seeds = Array.from({ length: Number(flags.runs) }, (_, index) => index + 1);
  const bin = subject.bin();
  const real = await inParallel(
    seeds.map((seed) => () => observe(() => runOnProcesses(test(seed), { bin, args }))),
    Number(flags.jobs),
  );
  const simulated: Observed[] = [];
  for (const seed of seeds)
    simulated.push(await observe(() => simulate(test(seed), { program, args })));

  const isQuiet = options.nemesis.length === 0;
  const [realMean, simulatedMean] = [mean(real), mean(simulated)];
  const apart =
    isQuiet && realMean !== undefined && simulatedMean !== undefined && realMean > 0
      ? simulatedMean / realMean - 1
      : undefined;
  const agrees =
    (!isUnanimous(real) || simulated.some(({ verdict }) => verdict === real[0]?.verdict)) &&
    Math.abs(apart ?? 0) <= 0.05;
  if (!agrees) disagreements++;
  table.push([
    name.slice(0, 60),
    workload,
    verdicts(real),
    verdicts(simulated),
    realMean?.toFixed(3) ?? "",
    simulatedMean?.toFixed(3) ?? "",
    `${apart === undefined ? "" : `${(100 * apart).toFixed(1)} %`}${agrees ? "" : " !"}`,
  ]);
  console.error(
    `${name}: ${verdicts(real)} | ${verdicts(simulated)} | ${realMean?.toFixed(3)} ${simulatedMean?.toFixed(3)}`,
  );
}
console.log(table.toString());
console.log(`${subjects.length} programs, ${disagreements} disagree`);
