import { type Caller, rangeError } from "./range-error.ts";

/**
 * Refuses a number that is too low, and NaN, which compares as neither below nor above a limit.
 *
 * @param caller The public function: the stack trace starts at its caller.
 * @throws {RangeError} for any value but those from `least` on.
 */
export function requireAtLeast(least: number, what: string, value: number, caller: Caller): void {
  if (value >= least) return;
  throw rangeError(`${what} must be a number from ${least} on, but is ${value}`, caller);
}
