/** The implementation of `api.ts`: the workbench's simulation, for users' own tests. */
import { type BoundProgram, bindOptions } from "../vortex/program.ts";
import { modelNames } from "../workbench/checkers/elle/consistency-models.ts";
import { InvalidOptions } from "../workbench/invalid-options.ts";
import { isNemesis } from "../workbench/nemesis/definition.ts";
import { FAULTS } from "../workbench/nemesis/faults.ts";
import { type OwnNemeses, selectNemeses } from "../workbench/nemesis/select.ts";
import type { JournalEvent } from "../workbench/network/journal.ts";
import { LATENCY_DISTRIBUTIONS } from "../workbench/network/latency.ts";
import { describeGroup } from "../workbench/report/terminal/request-errors.ts";
import { describeWarning } from "../workbench/report/terminal/warnings.ts";
import type { Coverage } from "../workbench/run/assertions.ts";
import { findingsOf } from "../workbench/run/check-history.ts";
import { figuresOf, type TestResult } from "../workbench/run/results.ts";
import { simulate as runTest } from "../workbench/run/simulate.ts";
import { TestCrash } from "../workbench/run/test-crash.ts";
import {
  DEFAULTS,
  nodeNames,
  STRATEGIES,
  type TestOptions,
} from "../workbench/run/test-options.ts";
import { explore } from "../workbench/search/explore.ts";
import { Stall, watched } from "../workbench/sweep/progress-watch.ts";
import { StalledProgram, Turn } from "../workbench/sweep/stalled-program.ts";
import { isWorkload } from "../workbench/workloads/definition.ts";
import { WORKLOAD_NAMES } from "../workbench/workloads/index.ts";
import { TOPOLOGY_NAMES } from "../workbench/workloads/topology.ts";
import type { simulate as Described, Operation, SimulationOptions } from "./api.ts";

export { InvalidOptions as InvalidSimulation } from "../workbench/invalid-options.ts";
export { TestCrash as SimulationCrash } from "../workbench/run/test-crash.ts";

export const simulate: typeof Described = (program, options) => {
  requireLists(options);
  const nemeses = ownNemesesOf(options);
  const testOptions = testOptionsOf(options);
  selectNemeses(testOptions.nemesis, nemeses);
  const history: Operation[] = [];
  const messages: JournalEvent[] = [];
  const logs: { node: string; line: string }[] = [];
  const bound = bindProgram(program, options.options);
  const result = run(testOptions, bound, nemeses, { history, messages, logs });
  const { msgsPerOp, medianMs, maxMs } = figuresOf(result);
  const hasLatency = medianMs !== undefined && maxMs !== undefined;
  return {
    valid: result.valid,
    problems: problemsOf(result),
    warnings: (result.warnings ?? []).map(describeWarning),
    findings: findingsOf(result),
    seed: result.seed,
    ...(msgsPerOp === undefined ? {} : { messagesPerOperation: msgsPerOp }),
    ...(hasLatency ? { latencyMs: { median: medianMs, maximum: maxMs } } : {}),
    faults: result.faults,
    sometimes: byName(result.coverage?.sometimes),
    always: byName(result.coverage?.always),
    history,
    messages,
    logs,
  };
};

function byName(counts: Coverage["sometimes"] = []): Readonly<Record<string, number>> {
  return Object.fromEntries(counts.map(({ name, count }) => [name, count]));
}

function bindProgram(...[program, options]: Parameters<typeof bindOptions>): BoundProgram {
  try {
    return bindOptions(program, options);
  } catch (error) {
    throw new InvalidOptions(error instanceof Error ? error.message : String(error));
  }
}

interface Recorded {
  readonly history: Operation[];
  readonly messages: JournalEvent[];
  readonly logs: { node: string; line: string }[];
}

/** Maximum real time of one message or timer, in seconds: a loop would block the test for ever. */
const STALL_LIMIT_S = 10;

function run(
  options: TestOptions,
  program: BoundProgram,
  nemeses: OwnNemeses,
  { history, messages, logs }: Recorded,
): TestResult {
  const turn = new Turn();
  const explored = explore(options);
  try {
    return runTest(explored.options, {
      onTurn: (node, received) => turn.set(node, received),
      repeatStep: watched(STALL_LIMIT_S * 1000),
      program,
      args: [],
      parts: { nemeses, ...explored.parts },
      onOperation: (operation) => void history.push(operation),
      onMessage: (event) => void messages.push(event),
      onLog: ({ node, line }) => void logs.push({ node, line }),
    });
  } catch (thrown) {
    const error =
      thrown instanceof Stall
        ? new StalledProgram(turn.describe(), STALL_LIMIT_S, thrown.eventCount)
        : thrown;
    const seed = `(seed ${options.seed})`;
    if (error instanceof TestCrash && !error.message.endsWith(seed)) error.message += `\n${seed}`;
    throw error;
  }
}

/** Maximum number of groups of errors among the problems. */
const MAX_ERRORS = 6;

function problemsOf(result: TestResult): string[] {
  const { valid, error, seed, diagnostics = [], requestErrors = [] } = result;
  if (valid === true) return [];
  const found = findingsOf(result).map(({ anomaly, sentence }) => `${anomaly}: ${sentence}`);
  const answered = requestErrors.slice(0, MAX_ERRORS).map(describeGroup);
  const detected = diagnostics.map(({ node, kind, reason, sent }) => {
    return `${node}, ${kind}: ${reason}; it sent ${sent}`;
  });
  const reason = error ?? result.workload?.["error"];
  const verdict =
    valid === "unknown" ? `no verdict${reason === undefined ? "" : `: ${reason}`}` : "";
  return [verdict, ...found, ...answered, ...detected, `seed ${seed}`].filter(
    (text) => text !== "",
  );
}

const OPTIONS: Readonly<Record<keyof SimulationOptions, true>> = {
  workload: true,
  workloadOptions: true,
  nodeCount: true,
  options: true,
  concurrency: true,
  rate: true,
  timeLimitS: true,
  latencyMs: true,
  latencyDistribution: true,
  nemesis: true,
  nemesisIntervalS: true,
  recoveryS: true,
  topology: true,
  converge: true,
  livenessLimitS: true,
  consistencyModels: true,
  keyCount: true,
  maxTxnLength: true,
  maxWritesPerKey: true,
  resumesFromCommitted: true,
  search: true,
  availability: true,
  seed: true,
};

/** @throws {InvalidOptions} for options that `vortex sim` would refuse too. */
function testOptionsOf(options: SimulationOptions): TestOptions {
  const { workload, nodeCount = 5, seed = 1, latencyMs = 0 } = options;
  const { latencyDistribution = "constant", ...others } = withoutUndefined(options);
  const {
    options: _,
    nodeCount: __,
    latencyMs: ___,
    nemesis = [],
    workload: ____,
    ...named
  } = others;
  const { workloadOptions, ...known } = named;
  const testOptions: TestOptions = {
    ...DEFAULTS,
    concurrency: nodeCount,
    ...known,
    ...selectionOf(workload),
    ...(workloadOptions === undefined ? {} : { ownOptions: workloadOptions }),
    nemesis: nemesis.map((fault) => (typeof fault === "string" ? fault : nameOf(fault))),
    nodeIds: nodeNames(nodeCount),
    latency: { meanMs: latencyMs, distribution: latencyDistribution },
    seed,
  };
  requireKnown("option", Object.keys(options), Object.keys(OPTIONS));
  const builtIn = nemesis.filter((fault) => typeof fault === "string");
  requireKnown("fault", builtIn, FAULTS);
  requireKnown("topology", [testOptions.topology], TOPOLOGY_NAMES);
  requireKnown("consistency model", testOptions.consistencyModels, modelNames);
  requireStrategies(testOptions.search);
  requireKnown("latency distribution", [latencyDistribution], LATENCY_DISTRIBUTIONS);
  const { concurrency, keyCount, maxTxnLength, maxWritesPerKey } = testOptions;
  requireIntegers(1, { nodeCount, concurrency, keyCount, maxTxnLength, maxWritesPerKey });
  requireIntegers(0, { latencyMs, seed });
  const { rate, timeLimitS, nemesisIntervalS, recoveryS } = testOptions;
  requireNumbers("a number above 0", (value) => value > 0, { timeLimitS, nemesisIntervalS });
  requireNumbers("a number of at least 0", (value) => value >= 0, { rate, recoveryS });
  const { livenessLimitS } = testOptions;
  if (livenessLimitS !== undefined) {
    requireNumbers("a number above 0", (value) => value > 0, { livenessLimitS });
  }
  const { availability = "total" } = testOptions;
  if (availability !== "total") {
    const isPart = (value: number) => value >= 0 && value <= 1;
    requireNumbers('"total" or a number from 0 to 1', isPart, { availability });
  }
  return testOptions;
}

/** @throws {InvalidOptions} for a single name in place of a list, which JavaScript allows. */
function requireLists({ nemesis, consistencyModels, search }: SimulationOptions): void {
  for (const [name, value] of Object.entries({ nemesis, consistencyModels, search })) {
    if (value === undefined || Array.isArray(value)) continue;
    throw new InvalidOptions(`${name} must be a list, such as ["..."], but is ${String(value)}`);
  }
}

/** @throws {InvalidOptions} for what is neither a name nor a workload. */
function selectionOf(workload: unknown): Pick<TestOptions, "workload" | "definition"> {
  if (isWorkload(workload)) return { workload: workload.name ?? "own", definition: workload };
  if (typeof workload !== "string") {
    throw new InvalidOptions("workload takes the name of one, or what defineWorkload returns");
  }
  requireKnown("workload", [workload], WORKLOAD_NAMES);
  return { workload };
}

/** Finds the nemeses that are not built in, by their names. */
function ownNemesesOf({ nemesis = [] }: SimulationOptions): OwnNemeses {
  const own = nemesis.filter((fault) => typeof fault !== "string");
  return new Map(
    own.map((definition) => {
      const name = nameOf(definition);
      return [name, { ...definition, name }];
    }),
  );
}

/** @throws {InvalidOptions} for a definition without a name, and for what is not a definition. */
function nameOf(definition: unknown): string {
  if (!isNemesis(definition)) {
    throw new InvalidOptions("nemesis takes names of faults, and what defineNemesis returns");
  }
  const { name } = definition;
  if (name !== undefined) return name;
  throw new InvalidOptions("A nemesis has no name. Add one: defineNemesis({ name: ... })");
}

/** Drops options whose value is undefined. */
function withoutUndefined(options: SimulationOptions): SimulationOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { workload: options.workload, ...Object.fromEntries(given) };
}

function requireKnown(what: string, words: readonly string[], known: readonly string[]): void {
  const unknown = words.find((word) => !known.includes(word));
  if (unknown === undefined) return;
  throw new InvalidOptions(`Unknown ${what} "${unknown}". Choose from ${known.join(", ")}`);
}

const SEARCHES: readonly string[] = STRATEGIES.filter((strategy) => strategy !== "lenient");

function requireStrategies(strategies: TestOptions["search"] = []): void {
  requireKnown("search strategy", strategies, SEARCHES);
  if (strategies.includes("mixed") && strategies.length > 1) {
    throw new InvalidOptions('search has "mixed", which cannot be combined with others');
  }
}

function requireIntegers(least: number, values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new InvalidOptions(`${name} is ${value}, but must be an integer of at least ${least}`);
  }
}

function requireNumbers(
  wanted: string,
  isWanted: (value: number) => boolean,
  values: Readonly<Record<string, number>>,
): void {
  for (const [name, value] of Object.entries(values)) {
    if (Number.isFinite(value) && isWanted(value)) continue;
    throw new InvalidOptions(`${name} is ${value}, but must be ${wanted}`);
  }
}
