/**
 * Combines several checkers into one.
 *
 * @see Jepsen, `jepsen.checker/compose` and `check-safe`
 */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
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
 * A part that throws, or returns something else, is `"unknown"`. If it throws a `FatalCheckError`, the whole is
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
    const verdicts = new Map<string, Verdict>();
    for (const [name, check] of Object.entries(parts)) {
      try {
        verdicts.set(name, requireVerdict(check(history, options)));
      } catch (error) {
        if (error instanceof FatalCheckError) return failure(error);
        verdicts.set(name, failure(error));
      }
    }
    const valid = mergeValidity([...verdicts.values()].map((verdict) => verdict.valid));
    // Forced: the compiler cannot see that the loop sets every name of `parts`.
    return { ...Object.fromEntries(verdicts), valid } as Composition<Parts>;
  };
}

const VerdictSchema = v.looseObject({
  valid: v.union([v.boolean(), v.literal("unknown")]),
  error: v.optional(v.string()),
  explanation: v.optional(
    v.array(
      v.looseObject({
        anomaly: v.string(),
        sentence: v.string(),
        operations: v.array(v.looseObject({ index: v.number() })),
      }),
    ),
  ),
});

/**
 * Checks what a checker returned: nothing has checked the types of a user's file.
 *
 * @throws {Error} if it is not a verdict.
 */
function requireVerdict(verdict: Verdict): Verdict {
  if (verdict instanceof Promise) {
    throw new Error("The checker returned a promise. It must return the verdict itself");
  }
  const { issues } = v.safeParse(VerdictSchema, verdict);
  if (issues === undefined) return verdict;
  throw new Error(`The checker's verdict is malformed: ${describeIssues(issues)}`);
}

export function failure(error: unknown): Failure {
  return { valid: "unknown", error: error instanceof Error ? error.message : String(error) };
}
