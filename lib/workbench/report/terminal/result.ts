/** Formats results. */
import pc from "picocolors";
import * as v from "valibot";
import { isObject } from "../../../protocol/message.ts";
import type { Finding } from "../../checkers/checker.ts";
import { enumerate, withMore } from "../../checkers/wording.ts";
import { findingsOf, type HistoryVerdicts } from "../../run/check-history.ts";
import { figuresOf, type TestResult } from "../../run/results.ts";
import { describeRequestErrors, type ErrorContext } from "./request-errors.ts";
import { verdictSentence } from "./verdict-sentence.ts";
import { warningLines } from "./warnings.ts";

/** Escapes control characters: a node must not control the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are to be found
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, escaped);
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

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
  const { stats, faults, workload } = result;
  const { msgsPerOp, medianMs, maxMs } = figuresOf(result);
  const latency = workload?.["stableLatencies"] === undefined ? "latency" : "stable latency";
  const active = Object.entries(faults).map(([fault, count]) => `${fault} ${count}`);
  return rowLines([
    ["operations", countsOf(stats)],
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
    ["diagnostics", diagnosticCounts(result)],
  ]);
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

/** Formats the fields of a verdict. */
export function inspect(fields: unknown): string {
  const text = Bun.inspect(fields, { depth: 8, colors: pc.isColorSupported });
  // `Bun.inspect` escapes the other control characters, except in its own colours.
  return text.replace(/[\u007f-\u009f]/g, escaped);
}

/** Formats findings as sentences, and counts those that are not described. */
export function sentencesOf(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ anomaly, sentence, moreCount }) => [
    printable(`${anomaly}: ${sentence}`),
    ...(moreCount === undefined ? [] : [`${anomaly}: and ${moreCount} more`]),
  ]);
}

/** Joins stale values into one finding: they are allowed, and a valid run may have many. */
export function withStaleInOne(
  findings: readonly Finding[],
  verdict: { readonly [field: string]: unknown } | undefined,
): readonly Finding[] {
  const [worst] = findings.filter(({ anomaly }) => anomaly === "stale");
  const { staleCount, attemptCount } = verdict ?? {};
  if (worst === undefined || typeof staleCount !== "number") return findings;
  const { moreCount: _, ...rest } = worst;
  const were = staleCount === 1 ? "was" : "were";
  const sentence = `${staleCount} of ${attemptCount} values ${were} missing from reads for a while after being acknowledged, which is allowed; the worst: ${worst.sentence}`;
  const others = findings.filter(({ anomaly }) => anomaly !== "stale");
  return [...others, { ...rest, sentence }];
}

/** Number of examples of an anomaly that are shown, unless all are. */
const FIRST_SHOWN = 3;

/** Keeps the first examples of each anomaly, and counts the others as more. */
function firstOfEach(findings: readonly Finding[]): readonly Finding[] {
  const ofKind = Map.groupBy(findings, ({ anomaly }) => anomaly);
  return [...ofKind.values()].flatMap((examples) => {
    const notDescribed = examples.at(-1)?.moreCount ?? 0;
    return withMore(examples.slice(0, FIRST_SHOWN), examples.length + notDescribed);
  });
}

/** Returns a verdict without its findings, and anything else unchanged. */
export function withoutFindings(verdict: unknown): unknown {
  if (!isObject(verdict)) return verdict;
  const { explanation: _, anomalies: __, ...fields } = verdict;
  return fields;
}
