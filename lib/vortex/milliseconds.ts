import { type Caller, rangeError } from "./range-error.ts";

/**
 * Refuses a duration that is not a finite number, such as `undefined + 50`.
 *
 * @param caller The public function: the stack trace starts at its caller.
 * @throws {RangeError} for `NaN` and infinities.
 */
export function requireMilliseconds(what: string, ms: number, caller: Caller): void {
  if (Number.isFinite(ms)) return;
  throw rangeError(`${what} must be a finite number of milliseconds, but is ${ms}`, caller);
}
