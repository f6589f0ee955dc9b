/**
 * Refuses a number that is too low, and NaN, which compares as neither below nor above a limit.
 *
 * @param caller The public function: the stack trace starts at its caller.
 * @throws {RangeError} for any value but those from `least` on.
 */
export function requireAtLeast(
  least: number,
  what: string,
  value: number,
  caller: ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown),
): void {
  if (value >= least) return;
  const error = new RangeError(`${what} must be a number from ${least} on, but is ${value}`);
  Error.captureStackTrace(error, caller);
  throw error;
}
