/**
 * Refuses a duration that is not a finite number, such as `undefined + 50`.
 *
 * @param caller The public function: the stack trace starts at its caller.
 * @throws {RangeError} for `NaN` and infinities.
 */
export function requireMilliseconds(
  what: string,
  ms: number,
  caller: ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown),
): void {
  if (Number.isFinite(ms)) return;
  const error = new RangeError(`${what} must be a finite number of milliseconds, but is ${ms}`);
  Error.captureStackTrace(error, caller);
  throw error;
}
