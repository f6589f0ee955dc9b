/**
 * Combines several checkers into one.
 *
 * @see Jepsen, `jepsen.checker/compose` and `check-safe`
 */
import { type Checker, FatalCheckError, mergeValidity, type Verdict } from "./checker.ts";

/** The verdict of a checker that threw. */
export interface Failure extends Verdict {
  readonly valid: "unknown";
  /** The message of what it threw. */
  readonly error: string;
}

/** The merged verdict, and the verdict of each part under its name. */
export type Composition<Parts extends { readonly [name: string]: Checker }> = Verdict & {
  readonly [Name in keyof Parts]: ReturnType<Parts[Name]> | Failure;
};

/**
 * Returns a checker that runs all parts, and is as valid as the least valid of them.
 *
 * A part that throws is `"unknown"`. If it throws a {@link FatalCheckError}, the whole is
 * `"unknown"`, without parts.
 *
 * @example
 * const check = compose({ stats: checkStats, workload: checkEcho });
 * check(history, {}).workload; // { valid: true, errorCount: 0, ... }
 */
export function compose<Parts extends { readonly [name: string]: Checker }>(
  parts: Parts,
): Checker<Composition<Parts> | Failure> {
  return (history, options) => {
    const verdicts: { [name: string]: Verdict } = {};
    for (const [name, check] of Object.entries(parts)) {
      try {
        verdicts[name] = check(history, options);
      } catch (error) {
        if (error instanceof FatalCheckError) return failure(error);
        verdicts[name] = failure(error);
      }
    }
    const valid = mergeValidity(Object.values(verdicts).map((verdict) => verdict.valid));
    // Forced: the compiler cannot see that the loop sets every name of `parts`.
    return { ...verdicts, valid } as Composition<Parts>;
  };
}

export function failure(error: unknown): Failure {
  return { valid: "unknown", error: error instanceof Error ? error.message : String(error) };
}
