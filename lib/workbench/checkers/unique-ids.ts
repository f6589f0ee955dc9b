/**
 * Checks that no two generated ids are equal.
 *
 * @see Jepsen, `jepsen.checker/unique-ids`
 */
import { jsonKey } from "../../protocol/json-key.ts";
import type { Json } from "../../vortex/index.ts";
import type { History, Operation } from "../history/history.ts";
import type { CheckOptions, Finding, Verdict } from "./checker.ts";
import { compareJson } from "./clojure/compare.ts";
import { describeOperation, EXAMPLES_PER_KIND, enumerate, quote, withMore } from "./wording.ts";

export interface UniqueIdsVerdict extends Verdict {
  readonly valid: boolean;
  readonly attemptedCount: number;
  readonly acknowledgedCount: number;
  /** Number of different ids that were returned more than once. */
  readonly duplicatedCount: number;
  /** The 48 most frequent duplicates with their counts, sorted by id. */
  readonly duplicated: readonly (readonly [id: Json, times: number])[];
  /** The least and the greatest id, ignoring `null`; both `null` without ids. */
  readonly range: readonly [least: Json, greatest: Json];
}

/** Jepsen's limit. */
const DUPLICATED_LIMIT = 48;

/**
 * Valid if no id was returned twice.
 *
 * @throws {Error} if two ids cannot be compared, such as a number and a string, or two objects.
 */
export function checkUniqueIds(history: History, _options: CheckOptions = {}): UniqueIdsVerdict {
  const generations = history.filter(({ f }) => f === "generate");
  const acknowledged = generations.filter(({ type }) => type === "ok");
  const duplicates = [...Map.groupBy(acknowledged, ({ value }) => jsonKey(value)).values()]
    .filter((sameId) => sameId.length > 1)
    .map((sameId) => ({ id: sameId[0]?.value ?? null, operations: sameId }))
    .sort((one, other) => compareJson(one.id, other.id));
  return {
    valid: duplicates.length === 0,
    attemptedCount: generations.filter(({ type }) => type === "invoke").length,
    acknowledgedCount: acknowledged.length,
    duplicatedCount: duplicates.length,
    duplicated: mostFrequent(duplicates).map(({ id, operations }) => [id, operations.length]),
    range: rangeOf(acknowledged.map(({ value }) => value)),
    explanation: withMore(
      duplicates.slice(0, EXAMPLES_PER_KIND).map(duplicated),
      duplicates.length,
    ),
  };
}

interface Duplicate {
  readonly id: Json;
  readonly operations: readonly Operation[];
}

/** Selects the most frequent duplicates; among equally frequent ones the greatest ids, as in Jepsen. */
function mostFrequent(duplicates: readonly Duplicate[]): Duplicate[] {
  return duplicates
    .toSorted((one, other) => one.operations.length - other.operations.length)
    .slice(-DUPLICATED_LIMIT)
    .sort((one, other) => compareJson(one.id, other.id));
}

function rangeOf(ids: readonly Json[]): [Json, Json] {
  let least: Json = null;
  let greatest: Json = null;
  for (const id of ids) {
    if (id === null) continue;
    if (least === null || compareJson(id, least) <= 0) least = id;
    if (greatest === null || compareJson(id, greatest) >= 0) greatest = id;
  }
  return [least, greatest];
}

function duplicated({ id, operations }: Duplicate): Finding {
  return {
    anomaly: "duplicated",
    sentence: `id ${quote(id)} was returned ${operations.length} times: ${enumerate(operations, describeOperation)}`,
    operations,
  };
}
