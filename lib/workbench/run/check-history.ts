/** Verdicts on a history, by the checker of its workload and by those that every test runs. */
import {
  type Checker,
  type CheckOptions,
  FatalCheckError,
  type Finding,
  type Validity,
  type Verdict,
} from "../checkers/checker.ts";
import { compose, type Failure, failure } from "../checkers/compose.ts";
import type { ConvergenceVerdict } from "../checkers/convergence/index.ts";
import type { AssertionsVerdict } from "../checkers/every-test/assertions.ts";
import {
  type AvailabilityVerdict,
  checkAvailability,
} from "../checkers/every-test/availability.ts";
import { checkExceptions, type ExceptionsVerdict } from "../checkers/every-test/exceptions.ts";
import type { LivenessVerdict } from "../checkers/every-test/liveness.ts";
import { checkStats, type StatsVerdict } from "../checkers/every-test/stats.ts";
import { mergeVerdicts, type UnansweredVerdict } from "../checkers/every-test/unanswered.ts";
import { type OtherTransactions, otherTransactionsOf } from "../diagnostics/other-transaction.ts";
import type { History } from "../history/history.ts";
import type { DefinedWorkload } from "../workloads/definition.ts";
import { definitionOf } from "../workloads/index.ts";
import { WorkloadError } from "../workloads/workload-error.ts";
import { type RequestErrors, requestErrorsOf } from "./request-errors.ts";
import { withTimeoutFaults } from "./timeout-faults.ts";

export interface HistoryVerdicts {
  /** All verdicts merged. Those that `unanswered` excuses count as unknown. */
  readonly valid: Validity;
  /** Kinds of operations that no node could answer, because nodes were killed or paused. */
  readonly unanswered?: UnansweredVerdict;
  /** Why no verdict counts: a checker met an impossible history. The next four are absent then. */
  readonly error?: string;
  /** The verdict of the workload's checker, and what it measured. */
  readonly workload?: Verdict;
  /** That verdict in a clause, if the workload is a user's and gives one. */
  readonly summary?: string;
  readonly stats?: StatsVerdict | Failure;
  readonly availability?: AvailabilityVerdict | Failure;
  readonly exceptions?: ExceptionsVerdict | Failure;
  /** Whether all nodes held the same state at the end; absent unless the test asked for it. */
  readonly convergence?: ConvergenceVerdict;
  /** Whether nodes answered after the recovery; absent unless the test asked for it. */
  readonly liveness?: LivenessVerdict;
  /** The assertions of the program that failed; absent without any. */
  readonly assertions?: AssertionsVerdict;
}

/** Verdicts on what a history does not hold. */
export interface OtherVerdicts {
  readonly convergence?: ConvergenceVerdict | undefined;
  readonly liveness?: LivenessVerdict | undefined;
  readonly assertions?: AssertionsVerdict | undefined;
}

/**
 * Runs every checker on a history, and merges their verdicts.
 *
 * @param workload A workload of Maelstrom by its name, or a definition.
 * @throws {InvalidOptions} when no workload has this name.
 */
export function checkHistory(
  workload: string | DefinedWorkload,
  history: History,
  options: CheckOptions,
  { convergence, liveness, assertions }: OtherVerdicts = {},
): HistoryVerdicts {
  const check = compose({
    workload: checkerOf(workload),
    stats: checkStats,
    availability: checkAvailability,
    exceptions: checkExceptions,
  });
  const { valid, ...parts }: Omit<HistoryVerdicts, "unanswered" | "summary" | keyof OtherVerdicts> =
    check(history, { ...exemptionsOf(workload), ...options });
  // A checker that met an impossible history leaves no parts to merge.
  const { error, ...verdicts } = parts;
  const merged = error === undefined ? verdicts : { all: { valid } };
  return {
    ...mergeVerdicts(
      history,
      { ...merged, convergence, liveness, assertions },
      exemptionsOf(workload),
    ),
    ...parts,
    ...summaryOf(workload, parts.workload),
    ...(convergence === undefined ? {} : { convergence }),
    ...(liveness === undefined ? {} : { liveness }),
    ...(assertions === undefined ? {} : { assertions }),
  };
}

/** The types of operation that the workload allows never to be `ok`. */
export function exemptionsOf(
  workload: string | DefinedWorkload,
): Pick<CheckOptions, "mayNeverBeOk"> {
  const { mayNeverBeOk } = definitionOf(workload);
  return mayNeverBeOk === undefined ? {} : { mayNeverBeOk };
}

/** Returns the workload's checker. An error that a user's checker throws names its line. */
function checkerOf(workload: string | DefinedWorkload): Checker {
  const { check } = definitionOf(workload);
  if (typeof workload === "string") return check;
  return (history, options) => {
    try {
      return check(history, options);
    } catch (error) {
      throw error instanceof FatalCheckError ? error : new WorkloadError('"check"', error);
    }
  };
}

/** The summaries of Maelstrom's workloads are known by their names wherever results are shown. */
function summaryOf(
  workload: string | DefinedWorkload,
  verdict: Verdict | undefined,
): Pick<HistoryVerdicts, "summary"> {
  if (typeof workload === "string" || verdict === undefined || verdict.valid === "unknown")
    return {};
  const { summary } = workload;
  if (summary === undefined) return {};
  try {
    return { summary: verdict.valid ? summary.valid : summary.invalid(verdict) };
  } catch (error) {
    return { summary: new WorkloadError('"summary"', error).message };
  }
}

/**
 * All findings: failed assertions, which may explain the others; why some verdicts do not count; then
 * the workload's.
 */
export function findingsOf(verdicts: HistoryVerdicts): readonly Finding[] {
  const { assertions, unanswered, workload, stats, availability, convergence, liveness } = verdicts;
  return [assertions, unanswered, workload, stats, availability, convergence, liveness].flatMap(
    (verdict) => verdict?.explanation ?? [],
  );
}

/**
 * The verdict on a stored history, under the names of the golden corpus. The fields of the
 * workload's checker stand beside these.
 */
export interface StoredCheck {
  /** The verdict of the workload's checker. */
  readonly valid: Validity;
  /** `valid` merged with `stats` and `availability`. */
  readonly overallValid: Validity;
  /** Why the workload's checker reached no verdict. Its fields are absent then. */
  readonly threw?: string;
  /** Whether that makes the other verdicts void as well. */
  readonly fatal?: true;
  readonly stats: Fields;
  readonly availability: Fields;
  readonly explanation: readonly Finding[];
  /** Operations that ended with an error or without an answer, in groups; absent without any. */
  readonly requestErrors?: readonly RequestErrors[];
  /** Answers with another transaction than was asked for; absent without any. */
  readonly otherTransactions?: OtherTransactions;
  readonly [field: string]: unknown;
}

interface Fields {
  readonly [field: string]: unknown;
}

/**
 * Checks a stored history, of which no messages, logs or replicas are left.
 *
 * @param workload A workload of Maelstrom by its name, or a definition.
 * @throws {InvalidOptions} when no workload has this name.
 */
export function checkStoredHistory(
  workload: string | DefinedWorkload,
  history: History,
  options: CheckOptions,
): StoredCheck {
  return checkStored(workload, history, options).check;
}

/** As `checkStoredHistory`, with the verdicts as a test has them, too. */
export function checkStored(
  workload: string | DefinedWorkload,
  history: History,
  options: CheckOptions,
): { readonly verdicts: HistoryVerdicts; readonly check: StoredCheck } {
  const verdicts = checkHistory(workload, history, options);
  const { error: fatal } = verdicts;
  const checked = fatal === undefined ? verdicts.workload : failure(fatal);
  const { valid = "unknown", error, explanation: _, ...fields }: Partial<Verdict> = checked ?? {};
  // A fatal error takes these from a test's result, but the corpus reports them.
  const others =
    fatal === undefined
      ? verdicts
      : checkOthers(history, { ...exemptionsOf(workload), ...options });
  const requestErrors = withTimeoutFaults(requestErrorsOf(history), history);
  const otherTransactions = otherTransactionsOf(history);
  const check: StoredCheck = {
    valid,
    overallValid: verdicts.valid,
    ...(error === undefined ? {} : { threw: String(error) }),
    ...(fatal === undefined ? {} : { fatal: true }),
    ...fields,
    stats: withoutFindings(others.stats),
    availability: withoutFindings(others.availability),
    explanation: findingsOf({ ...verdicts, ...others }),
    ...(requestErrors.length === 0 ? {} : { requestErrors }),
    ...(otherTransactions === undefined ? {} : { otherTransactions }),
  };
  return { verdicts: { ...verdicts, ...others, valid: verdicts.valid }, check };
}

const checkOthers: Checker<Pick<HistoryVerdicts, "valid" | "stats" | "availability">> = compose({
  stats: checkStats,
  availability: checkAvailability,
});

function withoutFindings({ explanation: _, ...fields }: Partial<Verdict> = {}): Fields {
  return fields;
}
