/** A public function or class that refuses an argument. */
export type Caller = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

/** Returns an error whose stack trace starts at the caller of a public function. */
export function rangeError(text: string, caller: Caller): RangeError {
  const error = new RangeError(text);
  Error.captureStackTrace(error, caller);
  return error;
}
