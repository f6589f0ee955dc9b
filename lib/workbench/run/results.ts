/** What a test ends with: verdicts and statistics, under Maelstrom's names in camelCase. */
import * as v from "valibot";
import type { Checker, Finding, Validity, Verdict } from "../checkers/checker.ts";
import { compose, type Failure } from "../checkers/compose.ts";
import type { ConvergenceVerdict } from "../checkers/convergence/index.ts";
import {
  type AvailabilityVerdict,
  checkAvailability,
} from "../checkers/every-test/availability.ts";
import { checkExceptions, type ExceptionsVerdict } from "../checkers/every-test/exceptions.ts";
import { checkLatency, type LatencyVerdict } from "../checkers/every-test/latency.ts";
import { checkNet, type NetVerdict } from "../checkers/every-test/net.ts";
import { checkStats, type StatsVerdict } from "../checkers/every-test/stats.ts";
import {
  mergeVerdicts,
  type UnansweredVerdict,
  type Verdicts,
} from "../checkers/every-test/unanswered.ts";
import type { BadLine } from "../clusters/cluster.ts";
import type { Diagnostic } from "../diagnostics/kinds.ts";
import type { History } from "../history/history.ts";
import type { Fault } from "../nemesis/faults.ts";
import type { Journal } from "../network/journal.ts";
import type { TestOptions } from "./test-options.ts";

export interface TestResult {
  /** All verdicts merged; those that `unanswered` excuses count as unknown. */
  readonly valid: Validity;
  /** Which sorts of operations nobody could answer, since nodes were killed or paused. */
  readonly unanswered?: UnansweredVerdict;
  /** Why there is no verdict: a checker met what makes all of them void. The next four are absent. */
  readonly error?: string;
  /** The workload's own verdict and what it measured. */
  readonly workload?: Verdict;
  readonly stats?: StatsVerdict | Failure;
  readonly availability?: AvailabilityVerdict | Failure;
  readonly exceptions?: ExceptionsVerdict | Failure;
  /** Whether the nodes held the same in the end, where that was asked for. */
  readonly convergence?: ConvergenceVerdict;
  readonly net: NetVerdict;
  readonly perf: LatencyVerdict;
  /** Lines on a node's stdout that were no messages. */
  readonly badLines: readonly BadLine[];
  /** Common program errors, one per kind and node; absent if there are none. */
  readonly diagnostics?: readonly Diagnostic[];
  /** How often each fault took effect: messages dropped or disturbed, nodes killed or paused. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly seed: number;
}

export interface Evidence {
  readonly options: TestOptions;
  readonly history: History;
  readonly journal: Journal;
  readonly checker: Checker;
  readonly convergence?: ConvergenceVerdict;
  readonly badLines: readonly BadLine[];
  readonly diagnostics?: readonly Diagnostic[];
  readonly faults: TestResult["faults"];
}

/** Judges what happened. */
export function judge(evidence: Evidence): TestResult {
  const { options, history, journal, checker, convergence, ...rest } = evidence;
  const { availability, consistencyModels, seed } = options;
  const checkOptions = {
    consistencyModels,
    ...(availability === undefined ? {} : { availability }),
  };
  const check = compose({
    workload: checker,
    stats: checkStats,
    availability: checkAvailability,
    exceptions: checkExceptions,
  });
  const composed = check(history, checkOptions);
  const { valid: _, ...parts } = composed;
  return {
    ...mergeVerdicts(history, { ...verdictsOf(composed), convergence }),
    ...parts,
    ...(convergence === undefined ? {} : { convergence }),
    net: checkNet(journal, history),
    perf: checkLatency(history),
    ...rest,
    seed,
  };
}

/** The parts of a verdict; where a checker made all of them void, that alone. */
function verdictsOf(result: Pick<TestResult, "valid" | "error" | JudgedPart>): Verdicts {
  const { valid, error, workload, stats, availability, exceptions } = result;
  return error === undefined ? { workload, stats, availability, exceptions } : { all: { valid } };
}

type JudgedPart = "workload" | "stats" | "availability" | "exceptions";

/** What was found, the workload's findings first; but before them, why some count for nothing. */
export function findingsOf(result: TestResult): readonly Finding[] {
  const { unanswered, workload, stats, availability, convergence } = result;
  return [unanswered, workload, stats, availability, convergence].flatMap(
    (verdict) => verdict?.explanation ?? [],
  );
}

/** The numbers that tests are compared by. */
export interface Figures {
  /** Messages between servers for each operation; absent when there was no operation. */
  readonly msgsPerOp?: number;
  /** Stable latencies where the workload has them, else latencies of operations, in ms. */
  readonly medianMs?: number;
  readonly maxMs?: number;
}

const Latencies = v.looseObject({
  stableLatencies: v.looseObject({ "0.5": v.number(), "1": v.number() }),
});

export function figuresOf({ net, perf, workload }: TestResult): Figures {
  const { msgsPerOp } = net.servers;
  const stable = v.safeParse(Latencies, workload);
  const latencies = stable.success ? stable.output.stableLatencies : perf.latencies["all"];
  return {
    ...(msgsPerOp === undefined ? {} : { msgsPerOp }),
    ...(latencies === undefined ? {} : { medianMs: latencies["0.5"], maxMs: latencies["1"] }),
  };
}
