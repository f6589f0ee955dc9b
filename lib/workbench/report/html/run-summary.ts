/** The summary at the top of a report: options, figures, findings, observations. */
import type { StageTarget } from "../../stages/stages.ts";
import type { StoredDescription, StoredResults } from "../../store/stored-results.ts";
import type { Target } from "../../workloads/stage.ts";
import type { Gauge } from "../recorder/run-data.ts";
import type { FindingEntry, RunSummary } from "../recorder/run-recorder.ts";
import { describeHosts } from "../terminal/hosts.ts";
import { describeGroup } from "../terminal/request-errors.ts";
import { verdictSentence } from "../terminal/verdict-sentence.ts";
import { describeWarning } from "../terminal/warnings.ts";
import { causesOf, otherExceptions, withCauses } from "./causes.ts";

/** The part of a run's summary that a report states above its diagrams. */
export type ReportedSummary = Pick<
  RunSummary,
  | "workload"
  | "seed"
  | "options"
  | "valid"
  | "verdict"
  | "gauges"
  | "findings"
  | "remarks"
  | "coverage"
>;

/**
 * Summarises a run.
 *
 * @param results `undefined` if it has none.
 * @param crash Why it has none, if that is known.
 */
export function summaryOf(
  description: StoredDescription,
  results: StoredResults | undefined,
  {
    crash,
    target,
  }: { readonly crash?: string | undefined; readonly target?: StageTarget | undefined },
): ReportedSummary {
  const { workload, seed } = description.options;
  const verdict = verdictSentence(workload, results, crash);
  const general = { workload, seed, options: optionsOf(description), verdict };
  if (results === undefined) {
    return { ...general, valid: "crashed", gauges: [], findings: [], remarks: [] };
  }
  const { valid, coverage } = results;
  return {
    ...general,
    valid,
    gauges: gaugesOf(description, results, target),
    findings: withCauses(seriousFindingsOf(workload, results), results),
    remarks: remarksOf(workload, results),
    ...(coverage === undefined ? {} : { coverage }),
  };
}

/** Lists the options that a reader needs to judge the run. */
export function optionsOf({ options }: StoredDescription): [string, string][] {
  const { nodeIds, concurrency, rate, timeLimitS, latency, nemesis, topology } = options;
  const { workload, workloadFile } = options;
  const { meanMs, distribution } = latency;
  return [
    ["nodes", String(nodeIds.length)],
    ["clients", String(concurrency)],
    ["rate", `${rate}/s`],
    ["time limit", `${timeLimitS} s`],
    ["latency", meanMs === 0 ? "none" : `${meanMs} ms, ${distribution}`],
    ["faults", nemesis.join(", ") || "none"],
    ...(workload === "broadcast" ? ([["topology", topology]] satisfies [string, string][]) : []),
    ...(workloadFile === undefined
      ? []
      : ([["workload file", workloadFile]] satisfies [string, string][])),
    ...(workloadFile === undefined && workload.startsWith("txn")
      ? ([["consistency", options.consistencyModels.join(", ")]] satisfies [string, string][])
      : []),
  ];
}

/** Returns the run's figures, with the targets of its stage or its options. */
export function gaugesOf(
  { options }: StoredDescription,
  { net, perf, workload, availability }: StoredResults,
  target: StageTarget = {},
): Gauge[] {
  const stable = workload?.stableLatencies;
  const requests = perf.latencies["all"];
  const latencies = stable ?? requests;
  const kind = stable === undefined ? "request" : "stable";
  const latencyKind =
    stable === undefined
      ? "from invocation to ok"
      : "from acknowledgement until every read returns the value";
  const okFraction = availability?.okFraction;
  const wantedFraction = options.availability === "total" ? 1 : options.availability;
  return [
    {
      name: "Messages per operation",
      unit: "",
      mustBe: "at most",
      explanation: "between servers",
      ...figure(net.servers.msgsPerOp, target.msgsPerOp),
      ...ownerOf("msgsPerOp", target),
    },
    {
      name: `Median ${kind} latency`,
      unit: "ms",
      mustBe: "at most",
      explanation: latencyKind,
      ...figure(latencies?.["0.5"], target.medianMs),
      ...ownerOf("medianMs", target),
    },
    {
      name: `Maximum ${kind} latency`,
      unit: "ms",
      mustBe: "at most",
      explanation: latencyKind,
      ...figure(latencies?.["1"], target.maxMs),
      ...ownerOf("maxMs", target),
    },
    ...(stable === undefined
      ? []
      : [
          {
            name: "Median request latency",
            unit: "ms",
            mustBe: "at most",
            explanation: "from invocation to ok",
            ...figure(requests?.["0.5"], undefined),
          } satisfies Gauge,
        ]),
    {
      name: "Availability",
      unit: "%",
      mustBe: "at least",
      explanation: "operations that completed ok",
      ...figure(percent(okFraction), percent(wantedFraction)),
    },
  ];
}

function figure(
  value: number | undefined,
  target: number | undefined,
): Pick<Gauge, "value" | "target"> {
  return {
    ...(value === undefined ? {} : { value }),
    ...(target === undefined ? {} : { target }),
  };
}

/** Returns the owner of a figure's bound, and Fly.io's limit. */
function ownerOf(name: keyof Target, { limits }: StageTarget): Pick<Gauge, "isOwn" | "limit"> {
  const limit = limits?.[name];
  return {
    ...(limits === undefined ? {} : { isOwn: true }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function percent(fraction: number | undefined): number | undefined {
  return fraction === undefined ? undefined : fraction * 100;
}

/** Anomalies that the set checker reports although they do not make a run invalid. */
const HARMLESS: ReadonlySet<string> = new Set(["stale", "unexpected", "duplicated"]);

function isHarmless(workload: string, { anomaly }: FindingEntry): boolean {
  return (workload === "broadcast" || workload === "g-set") && HARMLESS.has(anomaly);
}

/** Returns the findings that bear on the verdict. */
export function seriousFindingsOf(
  workload: string,
  { findings }: StoredResults,
): readonly FindingEntry[] {
  return findings.filter((finding) => !isHarmless(workload, finding));
}

/** Returns observations that do not bear on the verdict. */
function remarksOf(workload: string, results: StoredResults): FindingEntry[] {
  const { findings, badLines, requestErrors, warnings, hosts } = results;
  const causes = new Set(causesOf(results));
  const others = requestErrors.filter((group) => !causes.has(group));
  return [
    ...(hosts === undefined
      ? []
      : [{ anomaly: "hosts", sentence: describeHosts(hosts), operations: [] }]),
    ...others.map((group) => ({
      anomaly: group.kind === "timeout" ? "no answer" : "error",
      sentence: describeGroup(group),
      operations: [],
    })),
    ...warnings.map((warning) => ({
      anomaly: "warning",
      sentence: describeWarning(warning),
      operations: [],
    })),
    ...findings.filter((finding) => isHarmless(workload, finding)),
    ...otherExceptions(results),
    ...badLines.map(({ node, line, reason }) => ({
      anomaly: "bad line",
      sentence: `${node} printed an invalid message (${reason}) and was ignored from then on: ${line}`,
      operations: [],
    })),
  ];
}
