/** The result of a test: verdicts and statistics, under Maelstrom's names in camelCase. */
import * as v from "valibot";
import type { ConvergenceVerdict } from "../checkers/convergence/index.ts";
import { checkAssertions, type FailedAssertion } from "../checkers/every-test/assertions.ts";
import { checkLatency, type LatencyVerdict } from "../checkers/every-test/latency.ts";
import type { LivenessVerdict } from "../checkers/every-test/liveness.ts";
import { checkNet, type NetVerdict } from "../checkers/every-test/net.ts";
import type { BadLine } from "../clusters/cluster.ts";
import type { Diagnostic } from "../diagnostics/kinds.ts";
import type { History } from "../history/history.ts";
import type { FaultCounts } from "../nemesis/faults.ts";
import type { UnhealedFault } from "../nemesis/scheduled-fault.ts";
import type { Journal } from "../network/journal.ts";
import type { Coverage, LoggedAssertion } from "./assertions.ts";
import { checkHistory, exemptionsOf, type HistoryVerdicts } from "./check-history.ts";
import type { HostsSummary } from "./hosts-summary.ts";
import type { RequestErrors } from "./request-errors.ts";
import { isDrawn, type TestOptions } from "./test-options.ts";
import { type Warning, warningsOf } from "./warnings.ts";

export interface TestResult extends HistoryVerdicts {
  readonly net: NetVerdict;
  readonly perf: LatencyVerdict;
  /** Operations per second in the main phase; absent if the options ask for none. */
  readonly rate?: Rate;
  /** Lines on a node's stdout that were not valid messages. */
  readonly badLines: readonly BadLine[];
  /** Common program errors, one per kind and node; absent without any. */
  readonly diagnostics?: readonly Diagnostic[];
  /** How often each fault took effect: messages dropped or delayed, nodes killed or paused. */
  readonly faults: FaultCounts;
  /** Requests that nodes answered with an error or not at all, in groups; absent without any. */
  readonly requestErrors?: readonly RequestErrors[];
  /** The program's assertions that were reached; absent if none is known, and on processes. */
  readonly coverage?: Coverage;
  /** In what it differed from a test on one machine; absent on one machine. */
  readonly hosts?: HostsSummary;
  /** Signs that a valid verdict proves little; absent without any. */
  readonly warnings?: readonly Warning[];
  readonly seed: number;
}

export interface Rate {
  readonly asked: number;
  /** Less than asked if clients had to wait for nodes, or the machine is too slow. */
  readonly reached: number;
}

/** The record of a test, from which its result is computed. */
export interface Evidence
  extends Pick<TestResult, "badLines" | "diagnostics" | "faults" | "hosts" | "requestErrors"> {
  readonly options: TestOptions;
  readonly history: History;
  readonly journal: Journal;
  /** Number of messages that nodes sent each other. */
  readonly messagesBetweenNodes: number;
  readonly convergence?: ConvergenceVerdict;
  readonly liveness?: LivenessVerdict;
  /** Faults that were active during the final operations. */
  readonly unhealed?: readonly UnhealedFault[];
  readonly failedAssertions?: readonly FailedAssertion[];
  readonly coverage?: Coverage | undefined;
  /** Failed assertions in the logs of processes. */
  readonly loggedAssertions?: readonly LoggedAssertion[];
}

/** Runs the checkers on the record of a test. */
export function checkTest({
  options,
  history,
  journal,
  messagesBetweenNodes,
  convergence,
  liveness,
  unhealed = [],
  loggedAssertions = [],
  failedAssertions = [],
  coverage,
  ...rest
}: Evidence): TestResult {
  const { workload, definition = workload, availability, consistencyModels, seed } = options;
  const mayNeverBeOk = isDrawn(options);
  const checkOptions = {
    consistencyModels,
    ...(availability === undefined ? {} : { availability }),
    ...(mayNeverBeOk ? { mayNeverBeOk } : {}),
  };
  const verdicts = checkHistory(definition, history, checkOptions, {
    convergence,
    liveness,
    assertions: checkAssertions(failedAssertions, history),
  });
  const { faults } = rest;
  const warnings: readonly Warning[] = [
    // Whatever the verdict: it may be due to the fault.
    ...loggedAssertions.map((logged) => ({ kind: "logged-assertion", ...logged }) as const),
    ...unhealed.map((fault) => ({ kind: "not-healed", ...fault }) as const),
    ...(verdicts.valid === true
      ? warningsOf({ options, history, faults, messagesBetweenNodes, ...exemptionsOf(definition) })
      : []),
  ];
  return {
    ...verdicts,
    net: checkNet(journal, history),
    perf: checkLatency(history),
    ...(options.rate > 0 ? { rate: rateOf(options, history) } : {}),
    ...rest,
    ...(coverage === undefined ? {} : { coverage }),
    ...(warnings.length === 0 ? {} : { warnings }),
    seed,
  };
}

function rateOf({ rate, timeLimitS }: TestOptions, history: History): Rate {
  const endNs = timeLimitS * 1e9;
  let count = 0;
  for (const { type, time } of history) if (type === "invoke" && time < endNs) count++;
  return { asked: rate, reached: count / timeLimitS };
}

/** The figures by which tests are compared. */
export interface Figures {
  /** Messages between servers per operation; absent without operations. */
  readonly msgsPerOp?: number;
  /** Stable latencies if the workload has them, or else latencies of operations, in ms. */
  readonly medianMs?: number;
  readonly maxMs?: number;
}

const StableLatencies = v.looseObject({
  stableLatencies: v.looseObject({ "0.5": v.number(), "1": v.number() }),
});

/** The stable latencies of a verdict; `undefined` if it has none, or a field of that name without them. */
export function stableLatenciesOf(workload: unknown) {
  const { success, output } = v.safeParse(StableLatencies, workload);
  return success ? output.stableLatencies : undefined;
}

export function figuresOf({ net, perf, workload }: TestResult): Figures {
  const { msgsPerOp } = net.servers;
  const latencies = stableLatenciesOf(workload) ?? perf.latencies["all"];
  return {
    ...(msgsPerOp === undefined ? {} : { msgsPerOp }),
    ...(latencies === undefined ? {} : { medianMs: latencies["0.5"], maxMs: latencies["1"] }),
  };
}
