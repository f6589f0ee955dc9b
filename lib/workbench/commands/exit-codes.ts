/**
 * How the command ends.
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

export function exitCodeOf(valid: Validity): number {
  if (valid === "unknown") return EXIT_CODES.unknown;
  return valid ? EXIT_CODES.valid : EXIT_CODES.invalid;
}

/** The last line that Maelstrom prints. */
export function lastLineOf(valid: Validity): string {
  if (valid === "unknown") return "Errors occurred during analysis, but no anomalies found. ಠ~ಠ";
  return valid ? "Everything looks good! ヽ(‘ー`)ノ" : "Analysis invalid! (ﾉಥ益ಥ）ﾉ ┻━┻";
}
