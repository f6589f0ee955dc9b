/**
 * Checks that a large enough fraction of operations was `ok`.
 *
 * @see Maelstrom, `maelstrom.checker/availability-checker`
 */
import { type History, type Pair, pairs } from "../../history/history.ts";
import type { CheckOptions, Finding, Verdict } from "../checker.ts";
import { describeOperation, describeOutcome, EXAMPLES_PER_KIND, withMore } from "../wording.ts";

export interface AvailabilityVerdict extends Verdict {
  readonly valid: boolean;
  /** `ok` operations over invocations, in single precision; 1 without invocations. */
  readonly okFraction: number;
}

/**
 * Valid if the fraction of `ok` operations reaches `options.availability`.
 *
 * As in Maelstrom the fraction has single precision, so 7 of 10 do not reach 0.7.
 */
export function checkAvailability(
  history: History,
  options: CheckOptions = {},
): AvailabilityVerdict {
  let okCount = 0;
  let invocationCount = 0;
  for (const { type } of history) {
    if (type === "ok") okCount++;
    else if (type === "invoke") invocationCount++;
  }
  const okFraction = invocationCount === 0 ? 1 : Math.fround(okCount / invocationCount);

  const { availability = 0 } = options;
  const valid = okFraction >= (availability === "total" ? 1 : availability);
  if (valid) return { valid, okFraction };
  const counted = `${okCount} of ${invocationCount} operations were ok, ${availability === "total" ? "all are" : `a fraction of ${availability} is`} required`;
  const unavailable = pairs(history).filter(({ completion }) => completion?.type !== "ok");
  const examples = unavailable
    .slice(0, EXAMPLES_PER_KIND)
    .map((pair) => unavailability(pair, counted));
  return { valid, okFraction, explanation: withMore(examples, unavailable.length) };
}

function unavailability({ invocation, completion }: Pair, counted: string): Finding {
  return {
    anomaly: "unavailable",
    sentence: `${describeOperation(invocation)} ${describeOutcome(completion)}; ${counted}`,
    operations: completion === undefined ? [invocation] : [invocation, completion],
  };
}
