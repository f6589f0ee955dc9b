/** Searches the parts of a history, and merges their results into a verdict. */
import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import type { History } from "../../history/history.ts";
import { type CheckOptions, mergeValidity, type Validity, type Verdict } from "../checker.ts";
import type { Mapping } from "../map-history.ts";
import { EXAMPLES_PER_KIND, withMore } from "../wording.ts";
import { Memory } from "./memory.ts";
import type { AnyModel, ModelOperation } from "./model.ts";
import type { NewOrderSearch } from "./order-search.ts";
import { PartSearch } from "./part-search.ts";
import { type Part, partsOf } from "./parts.ts";
import type { Reporting } from "./reporting.ts";

export interface LinearizableVerdict extends Verdict {
  /** Number of operations that the model has judged: neither failed nor indefinite reads. */
  readonly operationCount: number;
  /** The keys whose operations have no order, by default in order of appearance. */
  readonly failures: readonly Json[];
  /** The validity of each key, if a key splits the history. Keys are in JSON, strings without quotes. */
  readonly keys?: { readonly [key: string]: Validity };
}

export type AnyPart = Pick<
  PartSearch<unknown>,
  "key" | "operationCount" | "valid" | "roundCount" | "limitOf" | "run" | "finding"
>;

/** Maximum number of steps of all searches together: about ten seconds. */
const STEPS = 40_000_000;

/** Checks the operations of a history, by key, if there is one. */
export function checkParts<State>(
  history: History,
  model: AnyModel<State> & Mapping,
  keyOf: ((operation: ModelOperation) => Json) | undefined,
  newSearch: NewOrderSearch,
  reporting: Reporting,
  options: CheckOptions,
): LinearizableVerdict {
  const parts = partsOf(history, model, keyOf);
  const { compareKeys } = reporting;
  if (compareKeys !== undefined) {
    parts.sort((one, other) => compareKeys(one.key ?? null, other.key ?? null));
  }
  return verdictOf(searchParts(parts, model, newSearch, reporting, options), reporting);
}

/** Searches parts. Once one has no order, the others are not searched any further by default. */
export function searchParts<State>(
  parts: readonly Part[],
  model: AnyModel<State>,
  newSearch: NewOrderSearch,
  reporting: Reporting,
  { maxSteps = STEPS, maxBytes }: CheckOptions,
): readonly PartSearch<State>[] {
  const memory = new Memory(maxBytes);
  const searches = parts.map((part) => new PartSearch(part, model, newSearch, reporting, memory));
  searchAll(searches, maxSteps, reporting);
  return searches;
}

/** Makes the first searches of all parts, then the second ones of those that are undecided, and so on. */
function searchAll(
  parts: readonly AnyPart[],
  maxSteps: number,
  { everyKey = false }: Reporting,
): void {
  const isDone = () => !everyKey && parts.some(({ valid }) => valid === false);
  let remaining = maxSteps;
  for (let round = 0; !isDone(); round++) {
    const undecided = parts.filter(
      ({ valid, roundCount }) => valid === "unknown" && round < roundCount,
    );
    if (undecided.length === 0) return;
    for (const [index, part] of undecided.entries()) {
      const limit = part.limitOf(round);
      const share = Math.floor(remaining / (undecided.length - index));
      remaining -= part.run(round, Number.isFinite(limit) ? Math.min(limit, remaining) : share);
      // The search of another part may take what is left of the steps.
      if (!Number.isFinite(limit) && isDone()) return;
    }
  }
}

function verdictOf(
  parts: readonly AnyPart[],
  { everyKey = false }: Reporting,
): LinearizableVerdict {
  const isSplit = parts.some(({ key }) => key !== undefined);
  const failed = parts.filter(({ valid }) => valid === false);
  // By default others are not searched to their end once one has failed.
  const reported =
    failed.length > 0 && !everyKey ? failed : parts.filter(({ valid }) => valid !== true);
  const findings = reported.slice(0, EXAMPLES_PER_KIND).flatMap((part) => part.finding() ?? []);
  return {
    valid: mergeValidity(parts.map(({ valid }) => valid)),
    operationCount: parts.reduce((sum, { operationCount }) => sum + operationCount, 0),
    failures: failed.flatMap(({ key }) => (key === undefined ? [] : [key])),
    ...(isSplit && {
      keys: Object.fromEntries(parts.map(({ key, valid }) => [nameOf(key ?? null), valid])),
    }),
    explanation: withMore(findings, reported.length),
  };
}

function nameOf(key: Json): string {
  return typeof key === "string" ? key : jsonKey(key);
}
