/** The meaning of the verdicts of a workload's checker, at the end and while a test runs. */
import type { Verdict } from "../checkers/checker.ts";
import { plural } from "../checkers/wording.ts";

/** Clauses of the sentence that a test ends with. */
export interface Summary {
  /** Statement of a valid verdict: `"all ids were unique"`. */
  readonly valid: string;
  /** Statement of an invalid verdict: `"2 ids were returned more than once"`. */
  readonly invalid: (verdict: Verdict) => string;
}

/**
 * Reads a verdict on the operations so far: `"3 values missing"`, or `undefined` if
 * nothing is wrong yet.
 */
export type EarlyCheck = (verdict: Verdict) => string | undefined;

/** For anomalies that no later operation removes. */
export const permanent: EarlyCheck = ({ valid }) => (valid === false ? "invalid" : undefined);

/** The number that a field of a verdict is, or the length of its list. */
export function countIn(verdict: Verdict, field: string): number {
  const value = verdict[field];
  return typeof value === "number" ? value : Array.isArray(value) ? value.length : 0;
}

/** The items of a list in a verdict, separated by commas. */
export function listIn(verdict: Verdict, field: string): string {
  const value = verdict[field];
  return Array.isArray(value) ? value.map(String).join(", ") : "";
}

export const wasOrWere = (count: number) => (count === 1 ? "was" : "were");

/** The summary of a set: of the values of broadcast, or the elements of g-set. */
export function setSummary(noun: string): Summary {
  return {
    valid: `every acknowledged ${noun} was read in the end`,
    invalid: (verdict) => {
      const lost = countIn(verdict, "lostCount");
      const attempted = plural(countIn(verdict, "attemptCount"), noun);
      return `${lost} of ${attempted} ${wasOrWere(lost)} lost: acknowledged, but missing from the final reads`;
    },
  };
}

/** For values that later reads can still return. */
export const missingSoFar: EarlyCheck = (verdict) => {
  const lost = countIn(verdict, "lostCount");
  return lost > 0 ? `${plural(lost, "value")} missing` : undefined;
};

/**
 * Anomalies that later operations can remove: an unread message can still be polled, and at the start
 * of every history no transaction depends on another.
 */
const REMOVABLE: readonly unknown[] = ["lost-write", "unseen", "empty-transaction-graph"];

/** Whether a list of anomalies in a verdict has one that no later operation removes. */
export function hasPermanent(verdict: Verdict, field: string): boolean {
  const anomalies = verdict[field];
  return Array.isArray(anomalies) && anomalies.some((type) => !REMOVABLE.includes(type));
}
