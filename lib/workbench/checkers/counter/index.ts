/**
 * Checks that final reads of a counter return the sum of what was added.
 *
 * An `info` add may or may not have happened, so each one doubles the acceptable sums. Other reads
 * are not checked.
 *
 * @see Maelstrom, `maelstrom.workload.pn-counter/checker`
 */
import { isRawNumber, type Json, parseJson } from "../../../vortex/index.ts";
import type { History, Operation } from "../../history/history.ts";
import { type CheckOptions, FatalCheckError, type Finding, type Verdict } from "../checker.ts";
import { describeOperation, EXAMPLES_PER_KIND, plural, quote, withMore } from "../wording.ts";
import { containsSum, type Range, subsetSums } from "./subset-sums.ts";

export interface CounterVerdict extends Verdict {
  readonly valid: boolean;
  /** Number of final reads that returned another value. */
  readonly errorCount: number;
  /** The values of all `ok` final reads, in order of completion. */
  readonly finalReads: readonly Json[];
  /** The acceptable sums, as sorted ranges that include both ends. */
  readonly acceptable: readonly (readonly [low: Json, high: Json])[];
}

/**
 * Valid if every `ok` final read is the sum of all `ok` adds and any subset of the `info` adds.
 *
 * @throws {Error} if the acceptable sums form too many ranges to hold in memory.
 * @throws {FatalCheckError} if the value of an add or a final read is not an integer.
 */
export function checkCounter(history: History, _options: CheckOptions = {}): CounterVerdict {
  const adds = history.filter(({ f }) => f === "add");
  const deltas = (type: Operation["type"]) =>
    adds.filter((add) => add.type === type).map(({ value }) => integer(value));
  const definite = deltas("ok").reduce((sum, delta) => sum + delta, 0n);
  const acceptable = subsetSums(definite, deltas("info"));

  const reads = history.filter(({ type, final }) => type === "ok" && final === true);
  const errors = reads.filter(({ value }) => !containsSum(acceptable, integer(value)));
  return {
    valid: errors.length === 0,
    errorCount: errors.length,
    finalReads: reads.map(({ value }) => value),
    acceptable: acceptable.map(({ low, high }) => [toJson(low), toJson(high)]),
    explanation: withMore(
      errors
        .slice(0, EXAMPLES_PER_KIND)
        .map((read) => describeError(read, acceptable, definite, adds)),
      errors.length,
    ),
  };
}

function integer(value: Json): bigint {
  const source = isRawNumber(value) ? value.rawJSON : String(value);
  if (!/^-?\d+$/.test(source)) throw new FatalCheckError(`Not an integer: ${quote(value)}`);
  return BigInt(source);
}

function toJson(value: bigint): Json {
  // The digits of an integer are JSON.
  return parseJson(String(value)) as Json;
}

function describeError(
  read: Operation,
  acceptable: readonly Range[],
  definite: bigint,
  adds: readonly Operation[],
): Finding {
  const value = integer(read.value);
  const below = acceptable.findLast(({ high }) => high < value)?.high;
  const above = acceptable.find(({ low }) => low > value)?.low;
  const nearest = [below, above].filter((sum) => sum !== undefined).join(" and ");
  const indefinite = adds.filter(({ type }) => type === "info");
  return {
    anomaly: "unacceptable",
    sentence:
      `${describeOperation(read)}, a final read, returned ${value}: ` +
      `the acknowledged adds sum to ${definite}` +
      (indefinite.length === 0
        ? ""
        : `, and with any of ${plural(indefinite.length, "indefinite add")} ` +
          `the nearest possible sums are ${nearest}`),
    operations: [...indefinite.slice(0, EXAMPLES_PER_KIND), read].sort(
      (one, other) => one.index - other.index,
    ),
  };
}
