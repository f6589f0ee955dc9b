/** Searches the parts of a history, and merges their results into a verdict. */
import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import type { History } from "../../history/history.ts";
import { type CheckOptions, mergeValidity, type Validity, type Verdict } from "../checker.ts";
import type { Mapping } from "../map-history.ts";
import { EXAMPLES_PER_KIND, withMore } from "../wording.ts";
import type { AnyModel, ModelOperation } from "./model.ts";
import { type NewOrderSearch, PartSearch } from "./part-search.ts";
import { partsOf } from "./parts.ts";

export interface LinearizableVerdict extends Verdict {
  /** Number of operations that the model has judged: neither failed nor indefinite reads. */
  readonly operationCount: number;
  /** The keys whose operations have no order, in order of appearance. */
  readonly failures: readonly Json[];
  /** The validity of each key, if a key splits the history. Keys are in JSON, strings without quotes. */
  readonly keys?: { readonly [key: string]: Validity };
}

type AnyPart = Pick<PartSearch<unknown>, "key" | "operationCount" | "valid" | "run" | "finding">;

/** Maximum number of steps of all searches together: about ten seconds. */
const STEPS = 40_000_000;

export function checkParts<State>(
  history: History,
  model: AnyModel<State> & Mapping,
  keyOf: ((operation: ModelOperation) => Json) | undefined,
  newSearch: NewOrderSearch,
  { maxSteps = STEPS }: CheckOptions,
): LinearizableVerdict {
  const parts = partsOf(history, model, keyOf).map(
    (part) => new PartSearch(part, model, newSearch),
  );
  searchAll(parts, maxSteps);
  return verdictOf(parts);
}

/**
 * Searches in turn, each with its limits. Most parts are decided by the first; if an order exists,
 * a shallow search usually finds it long before a deep one has excluded all others.
 */
const ROUNDS = [
  { depth: 1, steps: 10_000, stepsPerOperation: 4 },
  { depth: 2, steps: 40_000, stepsPerOperation: 16 },
  { depth: 4, steps: 160_000, stepsPerOperation: 64 },
  { depth: Number.POSITIVE_INFINITY, steps: 640_000, stepsPerOperation: 64 },
] as const;

/** Searches all parts, as far as the steps suffice; once one has no order, the others only briefly. */
function searchAll(parts: readonly AnyPart[], maxSteps: number): void {
  let remaining = maxSteps;
  const isUndecided = ({ valid }: AnyPart) => valid === "unknown";
  for (const { depth, steps, stepsPerOperation } of ROUNDS) {
    for (const part of parts.filter(isUndecided)) {
      const limit = Math.max(steps, stepsPerOperation * part.operationCount);
      remaining -= part.run(depth, Math.min(limit, remaining));
    }
    if (parts.some(({ valid }) => valid === false)) return;
  }
  const undecided = parts.filter(isUndecided);
  for (const [index, part] of undecided.entries()) {
    remaining -= part.run(
      Number.POSITIVE_INFINITY,
      Math.floor(remaining / (undecided.length - index)),
    );
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
