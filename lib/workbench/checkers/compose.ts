/**
 * Several checkers as one.
 *
 * @see Jepsen, `jepsen.checker/compose` and `check-safe`
 */
import { type Checker, FatalCheckError, mergeValidity, type Verdict } from "./checker.ts";

/** What is left of a checker that threw. */
export interface Failure extends Verdict {
  readonly valid: "unknown";
  /** Why it threw. */
  readonly error: string;
}

/** The merged verdict, and each part's under its name. */
export type Composition<Parts extends { readonly [name: string]: Checker }> = Verdict & {
  readonly [Name in keyof Parts]: ReturnType<Parts[Name]> | Failure;
};

/**
 * A checker that runs all parts and is as valid as the worst of them.
 *
 * A part that throws is `"unknown"`; one that throws a {@link FatalCheckError} makes the whole
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
    // The loop went through every name of `parts`, which the compiler cannot see.
    return { ...verdicts, valid } as Composition<Parts>;
  };
}

export function failure(error: unknown): Failure {
  return { valid: "unknown", error: error instanceof Error ? error.message : String(error) };
}
