/** The result of a test: verdicts and statistics, under Maelstrom's names in camelCase. */
import * as v from "valibot";
import type { ConvergenceVerdict } from "../checkers/convergence/index.ts";
import { checkLatency, type LatencyVerdict } from "../checkers/every-test/latency.ts";
import { checkNet, type NetVerdict } from "../checkers/every-test/net.ts";
import type { BadLine } from "../clusters/cluster.ts";
import type { Diagnostic } from "../diagnostics/kinds.ts";
import type { History } from "../history/history.ts";
import type { Fault } from "../nemesis/faults.ts";
import type { Journal } from "../network/journal.ts";
import { checkHistory, type HistoryVerdicts } from "./check-history.ts";
import type { RequestErrors } from "./request-errors.ts";
import type { TestOptions } from "./test-options.ts";
import { type Warning, warningsOf } from "./warnings.ts";

export interface TestResult extends HistoryVerdicts {
  readonly net: NetVerdict;
  readonly perf: LatencyVerdict;
  /** Lines on a node's stdout that were not valid messages. */
  readonly badLines: readonly BadLine[];
  /** Common program errors, one per kind and node; absent without any. */
  readonly diagnostics?: readonly Diagnostic[];
  /** How often each fault took effect: messages dropped or delayed, nodes killed or paused. */
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  /** Requests that nodes answered with an error or not at all, in groups; absent without any. */
  readonly requestErrors?: readonly RequestErrors[];
  /** Signs that a valid verdict proves little; absent without any. */
  readonly warnings?: readonly Warning[];
  readonly seed: number;
}

/** The record of a test, from which its result is computed. */
export interface Evidence
  extends Pick<TestResult, "badLines" | "diagnostics" | "faults" | "requestErrors"> {
  readonly options: TestOptions;
  readonly history: History;
  readonly journal: Journal;
  /** Number of messages that nodes sent each other. */
  readonly messagesBetweenNodes: number;
  readonly convergence?: ConvergenceVerdict;
}

/** Runs the checkers on the record of a test. */
export function checkTest({
  options,
  history,
  journal,
  messagesBetweenNodes,
  convergence,
  ...rest
}: Evidence): TestResult {
  const { workload, availability, consistencyModels, seed } = options;
  const checkOptions = {
    consistencyModels,
    ...(availability === undefined ? {} : { availability }),
  };
  const verdicts = checkHistory(workload, history, checkOptions, convergence);
  const { faults } = rest;
  const warnings =
    verdicts.valid === true ? warningsOf({ options, history, faults, messagesBetweenNodes }) : [];
  return {
    ...verdicts,
    net: checkNet(journal, history),
    perf: checkLatency(history),
    ...rest,
    ...(warnings.length === 0 ? {} : { warnings }),
    seed,
  };
}

/** The figures by which tests are compared. */
export interface Figures {
  /** Messages between servers per operation; absent without operations. */
  readonly msgsPerOp?: number;
  /** Stable latencies if the workload has them, or else latencies of operations, in ms. */
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
