/** Summarises many runs. */
import type { Coverage } from "../run/assertions.ts";
import type { Outcome } from "./outcome.ts";

export interface Summary {
  readonly count: number;
  readonly validCount: number;
  readonly invalidCount: number;
  readonly unknownCount: number;
  /** Runs that were not valid, by seed. */
  readonly failures: readonly Outcome[];
  /** The same by kind of failure, the most frequent first. */
  readonly failureKinds: readonly FailureKind[];
  /** Runs in which nodes printed invalid lines, and the one with the lowest seed. */
  readonly badLines: { readonly runCount: number; readonly first?: Outcome };
  /** Valid runs with warnings, and the one with the lowest seed. */
  readonly warnings: { readonly runCount: number; readonly first?: Outcome };
  readonly figures: { readonly [Name in FigureName]?: Distribution };
  readonly faults: { readonly [fault: string]: FaultSummary };
  /** The assertions of the program; absent if none is known. */
  readonly coverage?: CoverageSummary;
}

/** The assertions of a program that all runs together reached, the most frequent first. */
export interface CoverageSummary {
  /** The runs in which each `node.sometimes` was reached. */
  readonly sometimes: readonly ReachedSummary[];
  /** The runs in which each `node.always` was evaluated. */
  readonly always: readonly ReachedSummary[];
}

export interface ReachedSummary {
  readonly name: string;
  readonly runCount: number;
  /** Over all runs. */
  readonly count: number;
}

export interface FailureKind {
  readonly kind: string;
  /** The assertion that failed, if that is the kind. */
  readonly assertion?: string;
  readonly valid: Outcome["valid"];
  readonly seeds: readonly number[];
  /** The failure of the lowest seed. */
  readonly example: Outcome;
}

const FIGURES = ["msgsPerOp", "medianMs", "maxMs"] as const;
type FigureName = (typeof FIGURES)[number];

export interface Distribution {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

export interface FaultSummary {
  /** Number of runs in which the fault took effect. */
  readonly runCount: number;
  /** Number of times it took effect, over all runs. */
  readonly effectCount: number;
}

export function summarize(outcomes: readonly Outcome[]): Summary {
  const count = (valid: Outcome["valid"]) => outcomes.filter((one) => one.valid === valid).length;
  const figures = FIGURES.flatMap((name) => {
    const values = outcomes.flatMap((outcome) => outcome[name] ?? []);
    return values.length === 0 ? [] : [[name, distribution(values)] as const];
  });
  const failures = outcomes
    .filter(({ valid }) => valid !== true)
    .sort((one, other) => one.seed - other.seed);
  return {
    count: outcomes.length,
    validCount: count(true),
    invalidCount: count(false),
    unknownCount: count("unknown"),
    failures,
    failureKinds: kindsOf(failures),
    badLines: summarizeRuns(outcomes.filter(({ badLine }) => badLine !== undefined)),
    warnings: summarizeRuns(outcomes.filter(({ warnings }) => warnings !== undefined)),
    figures: Object.fromEntries(figures),
    faults: summarizeFaults(outcomes),
    ...summarizeCoverage(outcomes),
  };
}

/** Whether valid runs prove little: some have warnings, or none reached some of the assertions. */
export function isDoubtful({ warnings, coverage }: Summary): boolean {
  const { sometimes = [], always = [] } = coverage ?? {};
  return warnings.runCount > 0 || [...sometimes, ...always].some(({ runCount }) => runCount === 0);
}

/** Counts runs that have something in common, and finds the one with the lowest seed. */
function summarizeRuns(runs: readonly Outcome[]): { runCount: number; first?: Outcome } {
  const [first] = runs.toSorted((one, other) => one.seed - other.seed);
  return { runCount: runs.length, ...(first === undefined ? {} : { first }) };
}

/** Groups failures that differ in numbers only: crashes, and doubts of a checker, have no anomaly. */
function kindsOf(failures: readonly Outcome[]): FailureKind[] {
  const groups = Map.groupBy(failures, ({ kind = "", valid, reason = "", failedAssertion }) => {
    const isNamed = kind !== "" && kind !== "crash";
    const similar = isNamed ? failedAssertion : reason.replace(/\d+/g, "0");
    return JSON.stringify([kind, valid, similar]);
  });
  return [...groups.values()]
    .flatMap(([example, ...others]) => {
      if (example === undefined) return [];
      const seeds = [example, ...others].map(({ seed }) => seed);
      const { kind = "no anomaly", valid, failedAssertion: assertion } = example;
      return [{ kind, ...(assertion === undefined ? {} : { assertion }), valid, seeds, example }];
    })
    .sort((one, other) => other.seeds.length - one.seeds.length);
}

function summarizeFaults(outcomes: readonly Outcome[]): Summary["faults"] {
  const summaries = new Map<string, { runCount: number; effectCount: number }>();
  for (const { faults } of outcomes) {
    for (const [fault, count] of Object.entries(faults)) {
      const summary = summaries.get(fault) ?? { runCount: 0, effectCount: 0 };
      summaries.set(fault, summary);
      if (count > 0) summary.runCount++;
      summary.effectCount += count;
    }
  }
  return Object.fromEntries(summaries);
}

function summarizeCoverage(outcomes: readonly Outcome[]): Pick<Summary, "coverage"> {
  const covered = outcomes.flatMap(({ coverage }) => coverage ?? []);
  if (covered.length === 0) return {};
  const merge = (kind: keyof Coverage): readonly ReachedSummary[] => {
    const merged = new Map<string, { runCount: number; count: number }>();
    for (const { name, count } of covered.flatMap((coverage) => coverage[kind])) {
      const summary = merged.getOrInsertComputed(name, () => ({ runCount: 0, count: 0 }));
      if (count > 0) summary.runCount++;
      summary.count += count;
    }
    return [...merged]
      .map(([name, summary]) => ({ name, ...summary }))
      .sort((one, other) => other.runCount - one.runCount || (one.name < other.name ? -1 : 1));
  };
  return { coverage: { sometimes: merge("sometimes"), always: merge("always") } };
}

function distribution(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const at = (q: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
  return { min: at(0), median: at(0.5), p95: at(0.95), max: at(1) };
}
