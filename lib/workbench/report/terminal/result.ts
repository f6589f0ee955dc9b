/** Formats the result of a test. */
import * as v from "valibot";
import { enumerate } from "../../checkers/wording.ts";
import { findingsOf, type HistoryVerdicts } from "../../run/check-history.ts";
import { figuresOf, type Rate, stableLatenciesOf, type TestResult } from "../../run/results.ts";
import { reachedBy } from "./coverage.ts";
import { firstOfEach, sentencesOf, withoutFindings, withStaleInOne } from "./findings.ts";
import { describeHosts } from "./hosts.ts";
import { inspect, printable } from "./printable.ts";
import { describeRequestErrors, type ErrorContext } from "./request-errors.ts";
import { verdictSentence } from "./verdict-sentence.ts";
import { warningLines } from "./warnings.ts";

/** Formats the verdict in a sentence, the figures, and the findings in sentences. */
function describeResult(workload: string, result: TestResult): string {
  const errors = errorLines(workload, result);
  return [
    ...describeVerdicts(workload, result, errors, figureLines(result)),
    ...warningLines(result.warnings).map(printable),
  ].join("\n");
}

/**
 * Formats the verdicts on a history, in brief: a sentence, the figures, what nodes answered in
 * error, and the first findings.
 */
export function describeVerdicts(
  workload: string,
  verdicts: HistoryVerdicts,
  errors: readonly string[],
  figures = rowLines([["operations", countsOf(verdicts.stats)]]),
): string[] {
  const stored = { ...verdicts, findings: findingsOf(verdicts) };
  return [
    printable(verdictSentence(workload, stored)),
    ...figures,
    ...errors,
    ...sentencesOf(firstOfEach(withStaleInOne(findingsOf(verdicts), verdicts.workload))),
  ];
}

/** Formats what nodes answered in error, in brief. */
export function errorLines(workload: string, result: TestResult): string[] {
  const { requestErrors = [], valid, stats, badLines } = result;
  const ignoredNodes = badLines.map(({ node }) => node);
  const context = { ...contextOf(workload, valid, stats), ignoredNodes };
  return describeRequestErrors(requestErrors, context).map(printable);
}

const CountsOf = v.object({
  okCount: v.number(),
  byF: v.record(v.string(), v.object({ okCount: v.number() })),
});

/** @param stats The verdict of the `stats` checker, or the fields of a stored one. */
export function contextOf(
  workload: string,
  valid: ErrorContext["valid"],
  stats: unknown,
): ErrorContext {
  const counts = v.safeParse(CountsOf, stats);
  if (!counts.success) return { workload, valid };
  const { okCount, byF } = counts.output;
  return { workload, valid, okCount, okCountOf: (f) => byF[f]?.okCount };
}

/** Formats a result, in brief or with all its fields. */
export function formatResult(
  result: TestResult,
  { workload }: { readonly workload: string },
  { verbose }: { readonly verbose?: true },
): string {
  return verbose ? describeWholeResult(workload, result) : describeResult(workload, result);
}

/** Formats all fields of a result, and the findings in sentences. */
function describeWholeResult(workload: string, result: TestResult): string {
  const fields = Object.entries(result).map(([name, verdict]) => [name, withoutFindings(verdict)]);
  return [
    inspect(Object.fromEntries(fields)),
    ...errorLines(workload, result),
    ...sentencesOf(findingsOf(result)),
    ...warningLines(result.warnings).map(printable),
  ].join("\n");
}

function figureLines(result: TestResult): string[] {
  const { stats, rate, faults, workload, coverage, hosts } = result;
  const { msgsPerOp, medianMs, maxMs } = figuresOf(result);
  const latency = stableLatenciesOf(workload) === undefined ? "latency" : "stable latency";
  const active = Object.entries(faults).map(([fault, count]) => `${fault} ${count}`);
  return rowLines([
    ["operations", countsOf(stats)],
    ["rate", rate === undefined ? undefined : describeRate(rate)],
    [
      "messages",
      msgsPerOp === undefined ? undefined : `${msgsPerOp.toFixed(2)} per operation between servers`,
    ],
    [
      latency,
      medianMs === undefined || maxMs === undefined
        ? undefined
        : `median ${medianMs.toFixed(1)} ms, maximum ${maxMs.toFixed(1)} ms`,
    ],
    [
      "faults",
      active.length === 0 ? undefined : `${active.join(", ")} (how often each took effect)`,
    ],
    ["reached", coverage === undefined ? undefined : reachedBy(coverage)],
    ["hosts", hosts === undefined ? undefined : describeHosts(hosts)],
    ["diagnostics", diagnosticCounts(result)],
  ]);
}

/** Formats a rate: `9,964 of 10,000 operations/s asked for`. */
function describeRate({ asked, reached }: Rate): string {
  const digits = { maximumFractionDigits: asked < 100 ? 1 : 0 };
  const [of, to] = [reached, asked].map((rate) => rate.toLocaleString("en", digits));
  return `${of} of ${to} operations/s asked for`;
}

/** Counts the diagnostics, which were shown at their first occurrence only. */
function diagnosticCounts({ diagnostics = [] }: TestResult): string | undefined {
  if (diagnostics.length === 0) return undefined;
  return enumerate(diagnostics, ({ node, kind, count }) => `${node} ${kind} ${count} ×`);
}

/** Formats rows of a label and its text; omits those without a text. */
function rowLines(rows: readonly (readonly [string, string | undefined])[]): string[] {
  return rows.flatMap(([name, text]) =>
    text === undefined ? [] : [`  ${name.padEnd(LABEL_WIDTH)}${text}`],
  );
}

const LABEL_WIDTH = "stable latency".length + 2;

function countsOf(stats: TestResult["stats"]): string | undefined {
  if (stats === undefined || stats.valid === "unknown") return undefined;
  return `${stats["okCount"]} ok, ${stats["failCount"]} fail, ${stats["infoCount"]} info`;
}
