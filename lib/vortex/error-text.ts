// A program can throw anything: an object without a prototype has no `toString`, and getters may
// throw too.

/** Describes a thrown value in a line, without its stack trace. */
export function errorText(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "an error that cannot be shown";
  }
}

/** Describes a thrown value with its stack trace, if it has one. */
export function errorTrace(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.stack === "string") return error.stack;
  } catch {
    // The stack cannot be read; the text may be.
  }
  return errorText(error);
}

/** Describes a thrown value in a line, with the place that threw it. */
export function errorTextWithPlace(error: unknown): string {
  const frame = errorTrace(error)
    .split("\n")
    .find((line) => /^ +at /.test(line));
  return frame === undefined ? errorText(error) : `${errorText(error)} (${frame.trim()})`;
}
