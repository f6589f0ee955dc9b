/** The record of one run of a sweep. */
import * as v from "valibot";
import { Coverage } from "../run/assertions.ts";
import { findingsOf } from "../run/check-history.ts";
import { RequestErrors } from "../run/request-errors.ts";
import { figuresOf, type TestResult } from "../run/results.ts";
import { Warning } from "../run/warnings.ts";

export const Outcome = v.object({
  seed: v.number(),
  valid: v.union([v.boolean(), v.literal("unknown")]),
  /** Kind of failure: the anomaly of the first finding, or `"crash"`. Absent if valid, or not known. */
  kind: v.exactOptional(v.string()),
  /** First finding, in a sentence. Absent if valid. */
  reason: v.exactOptional(v.string()),
  /** The most frequent error that nodes answered. Absent if valid, or without any. */
  mostFrequentError: v.exactOptional(RequestErrors),
  /** Signs that a valid verdict proves little. Absent without any. */
  warnings: v.exactOptional(v.array(Warning)),
  /** Shell command that repeats the run. Absent if valid. */
  command: v.exactOptional(v.string()),
  /** First invalid line on a node's stdout. The node was ignored from then on. */
  badLine: v.exactOptional(v.string()),
  msgsPerOp: v.exactOptional(v.number()),
  medianMs: v.exactOptional(v.number()),
  maxMs: v.exactOptional(v.number()),
  /** The assertion of the program that failed first. Absent if none did. */
  failedAssertion: v.exactOptional(v.string()),
  /** The program's assertions that were reached. Absent if none is known. */
  coverage: v.exactOptional(Coverage),
  /** Number of times that each fault took effect. */
  faults: v.record(v.string(), v.number()),
});
export type Outcome = v.InferOutput<typeof Outcome>;

export function outcomeOf(result: TestResult): Outcome {
  const { seed, valid, faults, badLines, requestErrors = [], warnings, coverage } = result;
  const [bad] = badLines;
  const [failed] = result.assertions?.failures ?? [];
  const [mostFrequent] = requestErrors;
  const outcome = {
    seed,
    valid,
    ...(bad === undefined ? {} : { badLine: `${bad.node}: ${bad.reason}` }),
    ...figuresOf(result),
    faults: { ...faults },
    ...(coverage === undefined ? {} : { coverage }),
    ...(failed === undefined ? {} : { failedAssertion: failed.name }),
    ...(warnings === undefined ? {} : { warnings: [...warnings] }),
  };
  if (valid === true) return outcome;
  return {
    ...outcome,
    ...kindOf(result),
    reason: reasonOf(result),
    ...(mostFrequent === undefined ? {} : { mostFrequentError: mostFrequent }),
  };
}

/** Makes the outcome of a run without a result. It counts as invalid. */
export function outcomeOfCrash(seed: number, message: string): Outcome {
  return { seed, valid: false, kind: "crash", reason: message.split("\n", 1)[0] ?? "", faults: {} };
}

function kindOf(result: TestResult): Pick<Outcome, "kind"> {
  const [finding] = findingsOf(result);
  return finding === undefined ? {} : { kind: finding.anomaly };
}

function reasonOf(result: TestResult): string {
  const [finding] = findingsOf(result);
  if (finding !== undefined) return `${finding.anomaly}: ${finding.sentence}`;
  const error = result.workload?.["error"] ?? result.error;
  return typeof error === "string" ? error : "No checker gave a reason";
}
