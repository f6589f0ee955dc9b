/** Formats results. */
import pc from "picocolors";
import { isObject } from "../../../protocol/message.ts";
import type { Finding } from "../../checkers/checker.ts";
import { findingsOf } from "../../run/check-history.ts";
import { figuresOf, type TestResult } from "../../run/results.ts";
import { verdictSentence } from "./verdict-sentence.ts";

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
  const stored = { ...result, findings: findingsOf(result) };
  return [
    printable(verdictSentence(workload, stored)),
    ...figureLines(result),
    ...sentencesOf(findingsAndExceptions(result)),
  ].join("\n");
}

/** Formats a result, in brief or with all its fields. */
export function formatResult(
  result: TestResult,
  { workload }: { readonly workload: string },
  { verbose }: { readonly verbose?: true },
): string {
  return verbose ? describeWholeResult(result) : describeResult(workload, result);
}

/** Formats all fields of a result, and the findings in sentences. */
function describeWholeResult(result: TestResult): string {
  const fields = Object.entries(result).map(([name, verdict]) => [name, withoutFindings(verdict)]);
  return [inspect(Object.fromEntries(fields)), ...sentencesOf(findingsAndExceptions(result))].join(
    "\n",
  );
}

/** Exceptions do not affect the verdict, but often explain it. */
function findingsAndExceptions(result: TestResult): Finding[] {
  return [...findingsOf(result), ...(result.exceptions?.explanation ?? [])];
}

function figureLines(result: TestResult): string[] {
  const { stats, faults, workload } = result;
  const { msgsPerOp, medianMs, maxMs } = figuresOf(result);
  const latency = workload?.["stableLatencies"] === undefined ? "latency" : "stable latency";
  const active = Object.entries(faults).map(([fault, count]) => `${fault} ${count}`);
  const rows: readonly (readonly [string, string | undefined])[] = [
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
  ];
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

/** Formats findings as sentences. */
export function sentencesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ anomaly, sentence }) => printable(`${anomaly}: ${sentence}`));
}

/** Returns a verdict without its findings, and anything else unchanged. */
export function withoutFindings(verdict: unknown): unknown {
  if (!isObject(verdict)) return verdict;
  const { explanation: _, anomalies: __, ...fields } = verdict;
  return fields;
}
