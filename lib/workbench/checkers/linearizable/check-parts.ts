/** Searches the parts of a history, and merges their results into a verdict. */
import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import type { History } from "../../history/history.ts";
import { type CheckOptions, mergeValidity, type Validity, type Verdict } from "../checker.ts";
import type { Mapping } from "../map-history.ts";
import { EXAMPLES_PER_KIND, withMore } from "../wording.ts";
import { Memory } from "./memory.ts";
import type { AnyModel, ModelOperation } from "./model.ts";
import { type Effort, type NewOrderSearch, PartSearch } from "./part-search.ts";
import { type Part, partsOf } from "./parts.ts";

export interface LinearizableVerdict extends Verdict {
  /** Number of operations that the model has judged: neither failed nor indefinite reads. */
  readonly operationCount: number;
  /** The keys whose operations have no order, in order of appearance. */
  readonly failures: readonly Json[];
  /** The validity of each key, if a key splits the history. Keys are in JSON, strings without quotes. */
  readonly keys?: { readonly [key: string]: Validity };
}

export type AnyPart = Pick<
  PartSearch<unknown>,
  "key" | "operationCount" | "valid" | "run" | "finding"
>;

/** Maximum number of steps of all searches together: about ten seconds. */
const STEPS = 40_000_000;

/**
 * Searches in turn, each with its limits; the last takes what is left of the steps. Most parts are decided
 * by the first. If an order exists, a shallow search or one by ranks usually finds it long before a deep
 * one has excluded all others.
 */
const EFFORTS: readonly (Effort & {
  readonly steps: number;
  readonly stepsPerOperation: number;
})[] = [
  { depth: Number.POSITIVE_INFINITY, isRanked: false, steps: 12_000, stepsPerOperation: 4 },
  { depth: Number.POSITIVE_INFINITY, isRanked: true, steps: 40_000, stepsPerOperation: 16 },
  { depth: 1, isRanked: false, steps: 500_000, stepsPerOperation: 64 },
  { depth: 2, isRanked: false, steps: 2_000_000, stepsPerOperation: 64 },
  { depth: Number.POSITIVE_INFINITY, isRanked: true, steps: 2_000_000, stepsPerOperation: 64 },
  // Without an order, this often ends before one of depth 4, which visits nodes again.
  { depth: Number.POSITIVE_INFINITY, isRanked: false, steps: 3_000_000, stepsPerOperation: 64 },
  { depth: 4, isRanked: false, steps: 2_000_000, stepsPerOperation: 64 },
];
const LAST_EFFORT: Effort = { depth: Number.POSITIVE_INFINITY, isRanked: false };

/** Checks the operations of a history, by key, if there is one. */
export function checkParts<State>(
  history: History,
  model: AnyModel<State> & Mapping,
  keyOf: ((operation: ModelOperation) => Json) | undefined,
  newSearch: NewOrderSearch,
  options: CheckOptions,
): LinearizableVerdict {
  return verdictOf(searchParts(partsOf(history, model, keyOf), model, newSearch, options));
}

/** Searches parts; once one has no order, the others are not searched any further. */
export function searchParts<State>(
  parts: readonly Part[],
  model: AnyModel<State>,
  newSearch: NewOrderSearch,
  { maxSteps = STEPS, maxBytes }: CheckOptions,
): readonly PartSearch<State>[] {
  const memory = new Memory(maxBytes);
  const searches = parts.map((part) => new PartSearch(part, model, newSearch, memory));
  searchAll(searches, maxSteps);
  return searches;
}

function searchAll(parts: readonly AnyPart[], maxSteps: number): void {
  let remaining = maxSteps;
  if (parts.some(({ valid }) => valid === false)) return;
  let undecided = parts.filter(({ valid }) => valid === "unknown");
  for (const { steps, stepsPerOperation, ...effort } of EFFORTS) {
    for (const part of undecided) {
      const limit = Math.max(steps, stepsPerOperation * part.operationCount);
      remaining -= part.run(effort, Math.min(limit, remaining));
    }
    undecided = undecided.filter(({ valid }) => valid === "unknown");
    if (undecided.length === 0 || parts.some(({ valid }) => valid === false)) return;
  }
  for (const [index, part] of undecided.entries()) {
    remaining -= part.run(LAST_EFFORT, Math.floor(remaining / (undecided.length - index)));
    if (part.valid === false) return;
  }
}

function verdictOf(parts: readonly AnyPart[]): LinearizableVerdict {
  const isSplit = parts.some(({ key }) => key !== undefined);
  const failed = parts.filter(({ valid }) => valid === false);
  // Others were not searched to their end once one had failed.
  const undecided = failed.length > 0 ? [] : parts.filter(({ valid }) => valid === "unknown");
  const findingsOf = (some: readonly AnyPart[]) =>
    withMore(
      some.slice(0, EXAMPLES_PER_KIND).flatMap((part) => part.finding() ?? []),
      some.length,
    );
  return {
    valid: mergeValidity(parts.map(({ valid }) => valid)),
    operationCount: parts.reduce((sum, { operationCount }) => sum + operationCount, 0),
    failures: failed.flatMap(({ key }) => (key === undefined ? [] : [key])),
    ...(isSplit && {
      keys: Object.fromEntries(parts.map(({ key, valid }) => [nameOf(key ?? null), valid])),
    }),
    explanation: [...findingsOf(failed), ...findingsOf(undecided)],
  };
}

function nameOf(key: Json): string {
  return typeof key === "string" ? key : jsonKey(key);
}
