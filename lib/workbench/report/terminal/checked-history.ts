/** Formats the verdict on a stored history. */
import type { Validity } from "../../checkers/checker.ts";
import { plural } from "../../checkers/wording.ts";
import type { HistoryVerdicts, StoredCheck } from "../../run/check-history.ts";
import type { StoredHistory } from "../../store/stored-history.ts";
import { sentencesOf } from "./findings.ts";
import { inspect, printable } from "./printable.ts";
import { describeRequestErrors } from "./request-errors.ts";
import { contextOf, describeVerdicts } from "./result.ts";

/** A stored history with its verdict. */
export interface CheckedHistory extends Pick<StoredHistory, "number" | "expected"> {
  /** As given on the command line. */
  readonly file: string;
  readonly workload: string;
  readonly operationCount: number;
  readonly verdicts: HistoryVerdicts;
  readonly check: StoredCheck;
  readonly alsoUnder?: readonly CheckUnder[];
}

/** The verdict under other consistency models. */
export interface CheckUnder extends StoredCheck {
  readonly consistencyModels: readonly string[];
}

/**
 * Describes the verdict as a test does, and repeats it on the last line.
 *
 * @param isVerbose Whether to list every field of the verdict, and all findings.
 */
export function describeChecked(checked: CheckedHistory, isVerbose = false): string {
  const { file, number, workload, operationCount, verdicts, check, alsoUnder = [] } = checked;
  const { explanation, requestErrors = [], ...fields } = check;
  const { overallValid, stats } = check;
  const name = number === undefined ? file : `${file}, case ${number}`;
  const errors = [
    ...describeRequestErrors(requestErrors, contextOf(workload, overallValid, stats)),
    ...describeOtherTransactions(check),
  ];
  return [
    `${name}: ${workload}, ${operationCount} entries`,
    ...(isVerbose
      ? [inspect(fields), ...errors.map(printable), ...sentencesOf(explanation)]
      : describeVerdicts(workload, verdicts, errors.map(printable))),
    ...alsoUnder.map(
      ({ consistencyModels, overallValid }) =>
        `Under ${consistencyModels.join(", ")}: ${describeValidity(overallValid)}`,
    ),
    ...record(checked),
    `${name}: ${describeValidity(check.overallValid)}\n`,
  ].join("\n");
}

function describeOtherTransactions({ otherTransactions }: StoredCheck): string[] {
  if (otherTransactions === undefined) return [];
  const { count, index, reason } = otherTransactions;
  const answers = plural(count, "answer");
  return [
    `${answers} to another transaction than was asked for, the first in entry ${index}: ${reason}`,
  ];
}

export function describeValidity(valid: Validity): string {
  if (valid === "unknown") return "unknown";
  return valid ? "valid" : "invalid";
}

/** Compares the verdict with the recorded one. */
function record({ expected, check }: CheckedHistory): string[] {
  if (expected === undefined) return [];
  const { valid, overallValid = check.overallValid } = expected;
  const isSame = valid === check.valid && overallValid === check.overallValid;
  const recorded = `valid: ${valid}, overallValid: ${overallValid}`;
  return [isSame ? "This is the recorded verdict" : `The recorded verdict differs: ${recorded}`];
}
