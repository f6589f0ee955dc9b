/** Results as text for people. */
import pc from "picocolors";
import { isObject } from "../../vortex/message.ts";
import type { Finding } from "../checkers/checker.ts";
import { ADVICE, type Mistake, type MistakeName } from "../mistakes.ts";
import { findingsOf, type TestResult } from "../results.ts";

/** A mistake and what to do about it, where a person should read it at once. */
export function describeMistake({ node, mistake, reason, sent, received, mutes }: Mistake): string {
  const isReply = REPLIES.has(mistake);
  return [
    `${node}, ${mistake}: ${reason}`,
    `  it sent       ${sent}`,
    ...(received === undefined
      ? []
      : [`  ${isReply ? "in answer to" : "after it got"}  ${received}`]),
    `  ${ADVICE[mistake]}.`,
    ...(mutes ? [`  As in Maelstrom, nothing that ${node} sends is heard any more.`] : []),
  ].join("\n");
}

const REPLIES: ReadonlySet<MistakeName> = new Set([
  "second reply",
  "extra field in a reply",
  "malformed reply",
]);

/** Text that a node had a part in, without what a terminal would act on: escape sequences and the like. */
export function printable(text: string): string {
  // Control characters are what this is about.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are to be found
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, escaped);
}

function escaped(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** A result for people: all of it, and then what was found, in sentences. */
export function describeResult(result: TestResult): string {
  const fields = Object.entries(result).map(([name, verdict]) => [name, withoutFindings(verdict)]);
  // Exceptions do no harm to a verdict, but are often why it is what it is.
  const findings = [...findingsOf(result), ...(result.exceptions?.explanation ?? [])];
  return [inspect(Object.fromEntries(fields)), ...sentencesOf(findings)].join("\n");
}

/** Fields of a verdict, laid out. */
export function inspect(fields: unknown): string {
  const text = Bun.inspect(fields, { depth: 8, colors: pc.isColorSupported });
  // The escape sequences that are left are those of the colours.
  return text.replace(/[\u007f-\u009f]/g, escaped);
}

/** What was found, in sentences. */
export function sentencesOf(findings: readonly Finding[]): string[] {
  return findings.map(({ anomaly, sentence }) => printable(`${anomaly}: ${sentence}`));
}

/** A verdict without what its sentences tell; anything else as it is. */
export function withoutFindings(verdict: unknown): unknown {
  if (!isObject(verdict)) return verdict;
  const { explanation: _, anomalies: __, ...fields } = verdict;
  return fields;
}
