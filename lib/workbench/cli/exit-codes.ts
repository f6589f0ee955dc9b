/**
 * Exit codes, as Maelstrom has them.
 *
 * @see Maelstrom, `core.clj`; Jepsen, `cli.clj`
 */
import type { Validity } from "../checkers/checker.ts";

export const EXIT_CODES = {
  valid: 0,
  invalid: 1,
  unknown: 2,
  interrupted: 130,
  badArguments: 254,
  crash: 255,
} as const;

/**
 * Returns the exit code of a verdict.
 *
 * @param isDoubtful Whether a valid verdict counts as unknown: it has warnings, with --strict-run.
 */
export function exitCodeOf(valid: Validity, isDoubtful = false): number {
  if (valid === true && isDoubtful) return EXIT_CODES.unknown;
  if (valid === "unknown") return EXIT_CODES.unknown;
  return valid ? EXIT_CODES.valid : EXIT_CODES.invalid;
}

const FROM_BEST: readonly number[] = [
  EXIT_CODES.valid,
  EXIT_CODES.unknown,
  EXIT_CODES.invalid,
  EXIT_CODES.crash,
];

/** Returns the worse of the exit codes of two tests. */
export function worstOf(one: number, other: number): number {
  return FROM_BEST.indexOf(other) > FROM_BEST.indexOf(one) ? other : one;
}

/** The last line if --strict-run rejects a valid run. */
export const DOUBTFUL = "Valid with warnings, which --strict-run does not accept.";

/** Returns the last line that Maelstrom prints. */
export function lastLineOf(valid: Validity): string {
  if (valid === "unknown") return "Errors occurred during analysis, but no anomalies found. ಠ~ಠ";
  return valid ? "Everything looks good! ヽ(‘ー`)ノ" : "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻";
}
