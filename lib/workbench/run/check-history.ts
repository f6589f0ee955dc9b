/** Judges a history of which nothing else is left: no messages, no logs, no options but these. */

import { CHECKED_WORKLOADS, CHECKERS } from "../checkers/by-workload.ts";
import {
  type Checker,
  type CheckOptions,
  FatalCheckError,
  type Finding,
  type Validity,
  type Verdict,
} from "../checkers/checker.ts";
import { checkAvailability } from "../checkers/every-test/availability.ts";
import { checkStats } from "../checkers/every-test/stats.ts";
import { mergeVerdicts } from "../checkers/every-test/unanswered.ts";
import type { History } from "../history/history.ts";

/**
 * The verdict on a history, under the names of the golden corpus; the fields of the workload's
 * checker stand beside these.
 */
export interface Judgement {
  /** The verdict of the workload's checker. */
  readonly valid: Validity;
  /** That merged with `stats` and `availability`; what nobody could answer counts as unknown. */
  readonly overallValid: Validity;
  /** Why the workload's checker came to no verdict; its fields are missing then. */
  readonly threw?: string;
  /** Whether what it met makes the other verdicts void as well. */
  readonly fatal?: true;
  readonly stats: Fields;
  readonly availability: Fields;
  /** What the three of them found. */
  readonly explanation: readonly Finding[];
  readonly [field: string]: unknown;
}

interface Fields {
  readonly [field: string]: unknown;
}

/**
 * Judges a history as a test of this workload does.
 *
 * @throws {Error} when no workload has this name.
 */
export function judgeHistory(workload: string, history: History, options: CheckOptions): Judgement {
  const judge = (check: Checker) => attempt(() => check(history, options));
  const judged = judge(checkerOf(workload));
  const stats = judge(checkStats);
  const availability = judge(checkAvailability);
  const parts = [judged, stats, availability];
  const merged = mergeVerdicts(history, { workload: judged, stats, availability });
  const { valid, explanation: _, ...fields } = judged;
  return {
    valid,
    overallValid: judged["fatal"] ? "unknown" : merged.valid,
    ...fields,
    stats: withoutFindings(stats),
    availability: withoutFindings(availability),
    explanation: [merged.unanswered, ...parts].flatMap((part) => part?.explanation ?? []),
  };
}

function checkerOf(workload: string): Checker {
  const name = CHECKED_WORKLOADS.find((known) => known === workload);
  if (name !== undefined) return CHECKERS[name];
  throw new Error(`There is no workload "${workload}"; there are ${CHECKED_WORKLOADS.join(", ")}`);
}

function attempt(check: () => Verdict): Verdict {
  try {
    return check();
  } catch (error) {
    const threw = error instanceof Error ? error.message : String(error);
    const fatal = error instanceof FatalCheckError ? { fatal: true } : {};
    return { valid: "unknown", threw, ...fatal };
  }
}

function withoutFindings({ explanation: _, ...fields }: Verdict): Fields {
  return fields;
}
