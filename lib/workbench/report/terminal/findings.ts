/** Formats findings: each as a sentence, of each anomaly a few. */
import { isObject } from "../../../protocol/message.ts";
import type { Finding } from "../../checkers/checker.ts";
import { withMore } from "../../checkers/wording.ts";
import { linearizationLines } from "./linearization.ts";
import { printable } from "./printable.ts";

/** Formats findings as sentences, with partial linearizations below, and counts those not described. */
export function sentencesOf(findings: readonly Finding[]): string[] {
  return findings.flatMap(({ anomaly, sentence, linearization, moreCount }) => [
    printable(`${anomaly}: ${sentence}`),
    ...(linearization === undefined ? [] : linearizationLines(linearization)),
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
  // The sentence begins with it: "value 4", "element 4".
  const [noun = "value"] = worst.sentence.split(" ", 1);
  const were = staleCount === 1 ? "was" : "were";
  const sentence = `${staleCount} of ${attemptCount} ${noun}s ${were} missing from reads for a while after being acknowledged, which is allowed; the worst: ${worst.sentence}`;
  const others = findings.filter(({ anomaly }) => anomaly !== "stale");
  return [...others, { ...rest, sentence }];
}

/** Number of examples of an anomaly that are shown, unless all are. */
const FIRST_SHOWN = 3;

/** Keeps the first examples of each anomaly, and counts the others as more. */
export function firstOfEach(findings: readonly Finding[]): readonly Finding[] {
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
