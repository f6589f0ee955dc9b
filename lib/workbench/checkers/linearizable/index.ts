/**
 * Checks that a history is linearizable with respect to a model.
 *
 * Linearizability is local: a history is linearizable if the operations on each object are. So a key
 * splits it, and each part is searched alone.
 *
 * @see M. Herlihy and J. Wing, "Linearizability: a correctness condition for concurrent objects", 1990
 */
import { jsonKey } from "../../../protocol/json-key.ts";
import { shorten } from "../../../protocol/shorten.ts";
import type { Json } from "../../../vortex/index.ts";
import type { Pair } from "../../history/history.ts";
import {
  type Checker,
  type Finding,
  type LinearizationBar,
  mergeValidity,
  type Validity,
  type Verdict,
} from "../checker.ts";
import {
  describeOperation,
  EXAMPLES_PER_KIND,
  enumerate,
  plural,
  quote,
  seconds,
  withMore,
} from "../wording.ts";
import { describeKind } from "./describe.ts";
import { attemptOf, type Failure, failureAt } from "./explain.ts";
import type { AnyModel, Model, ModelOperation, OperationOf, OperationTable } from "./model.ts";
import { encode, type Mapping, type Part, partsOf } from "./parts.ts";
import { Schedule } from "./schedule.ts";
import { type SearchResult, search } from "./search.ts";
import { StateSpace } from "./state-space.ts";

export interface LinearizableVerdict extends Verdict {
  /** Number of operations that the model has judged: neither failed nor indefinite reads. */
  readonly operationCount: number;
  /** The keys whose operations are not linearizable, in order of appearance. */
  readonly failures: readonly Json[];
  /** The validity of each key, if a key splits the history. Keys are in JSON, strings without quotes. */
  readonly keys?: { readonly [key: string]: Validity };
}

/** How {@link linearizable} reads a history. */
export interface LinearizableOptions<Table extends OperationTable> extends Mapping {
  /**
   * The key of an operation: the model then describes one key, and the history is split. By default
   * the one that `map` gives it, such as {@link independent} does.
   */
  readonly key?: (operation: OperationOf<Table>) => Json;
}

/** Maximum number of steps of all searches together: about ten seconds. */
const STEPS = 40_000_000;

/**
 * Returns a checker of linearizability: valid if the operations have an order that respects real time
 * and that the model accepts.
 *
 * An operation takes effect at one moment between its start and its end. Failed operations did not
 * happen. Indefinite ones take effect at any time after their start, or never.
 *
 * Deciding this takes exponential time in the worst case. A search that reaches
 * `CheckOptions.maxSteps`, or needs too much memory, is `"unknown"`, with the reason among the findings.
 *
 * @example
 * const check = linearizable({
 *   init: 0,
 *   operations: { add: { value: v.number() }, get: { result: v.number() } },
 *   reads: ["get"],
 *   step: (state, operation) =>
 *     operation.f === "add"
 *       ? state + operation.value
 *       : returned(operation, state) ? state : undefined,
 * });
 *
 * @throws {Error} (the checker) if an operation is not one of the model's, or the model breaks its
 *   rules.
 */
export function linearizable<State, const Table extends OperationTable = OperationTable>(
  model: Model<State, Table> & LinearizableOptions<Table>,
): Checker<LinearizableVerdict> {
  // Forced: operations are parsed by the table before `step` and `key` receive them.
  const untyped = model as unknown as AnyModel<State> & Mapping;
  const key = model.key as ((operation: ModelOperation) => Json) | undefined;
  return (history, { maxSteps = STEPS } = {}) => {
    const parts = partsOf(history, untyped, key).map((part) => new PartSearch(part, untyped));
    searchAll(parts, maxSteps);
    return verdictOf(parts);
  };
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
function searchAll(parts: readonly SearchablePart[], maxSteps: number): void {
  let remaining = maxSteps;
  const isUndecided = ({ valid }: SearchablePart) => valid === "unknown";
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

/** A part that can be searched. */
interface SearchablePart extends SearchedPart {
  /** Returns the number of steps taken. */
  run(depth: number, steps: number): number;
}

/** What a verdict needs of a part that has been searched. */
export interface SearchedPart {
  readonly key: Json | undefined;
  readonly operationCount: number;
  readonly valid: Validity;
  finding(): Finding | undefined;
}

function verdictOf(parts: readonly SearchedPart[]): LinearizableVerdict {
  const isSplit = parts.some(({ key }) => key !== undefined);
  const failed = parts.filter(({ valid }) => valid === false);
  // Others were not searched to their end once one had failed.
  const undecided = failed.length > 0 ? [] : parts.filter(({ valid }) => valid === "unknown");
  const findingsOf = (some: readonly SearchedPart[]) =>
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

/** The search of one part. */
class PartSearch<State> implements SearchablePart {
  readonly #part: Part;
  readonly #model: AnyModel<State>;
  readonly #space: StateSpace<State>;
  readonly #schedule: Schedule;
  #result: SearchResult = { linearizable: "unknown", steps: 0, furthest: 0 };

  constructor(part: Part, model: AnyModel<State>) {
    const { key, kinds } = part;
    const reads = new Set(model.reads);
    const isRead = kinds.map(({ f }) => reads.has(f));
    const initial =
      typeof model.init === "function"
        ? // A state is not a function: states with functions cannot be compared.
          (model.init as (key: Json | undefined) => State)(key)
        : model.init;
    this.#part = part;
    this.#model = model;
    this.#space = new StateSpace(model, { operations: kinds, isRead }, initial);
    this.#schedule = new Schedule(encode(part, isRead));
  }

  get key(): Json | undefined {
    return this.#part.key;
  }

  get operationCount(): number {
    return this.#part.operations.length;
  }

  get valid(): Validity {
    return this.#result.linearizable;
  }

  /** Searches deeper while that takes few steps. */
  run(depth: number, steps: number): number {
    let taken = 0;
    for (let limit = depth; this.valid === "unknown" && taken < steps; limit *= 2) {
      const options = { depth: limit, steps: steps - taken };
      this.#result = search(this.#schedule, this.#space, options);
      taken += this.#result.steps;
      if (this.#result.limit === "memory") break;
    }
    return taken;
  }

  finding(): Finding | undefined {
    const { linearizable, furthest, limit = "steps" } = this.#result;
    if (linearizable === true) return undefined;
    if (linearizable === "unknown") return undecided(this.#part, limit);
    const failure = failureAt(furthest, this.#schedule, this.#space);
    const { stuck, open } = failure;
    const pair = this.#pairOf(stuck);
    const label = this.#part.key === undefined ? undefined : `key ${quote(this.#part.key)}`;
    const attempt = attemptOf(failure, this.#schedule, this.#space, this.#descriptions(), label);
    return {
      anomaly: "nonlinearizable",
      sentence:
        `${label === undefined ? "" : `${label}: `}${this.#describeStuck(stuck)}, ` +
        `but ${this.#describeStates(failure)}`,
      operations: operationsOf([
        ...lastReturned(this.#schedule, furthest).map((operation) => this.#pairOf(operation)),
        ...open.slice(-EXAMPLES_PER_KIND).map((operation) => this.#pairOf(operation)),
        pair,
      ]),
      linearization: attempt,
    };
  }

  #descriptions() {
    return {
      state: (state: number) => shorten(this.#space.describe(state), MAX_STATE_LENGTH),
      bar: (operation: number) => barOf(this.#pairOf(operation), this.#labelOf(operation)),
    };
  }

  #describeStuck(operation: number): string {
    const { invocation, completion } = this.#pairOf(operation);
    const by = completion === undefined ? "" : ` by ${seconds(completion.time)}`;
    return `${describeOperation(invocation)} took effect as ${this.#labelOf(operation)}${by}`;
  }

  #describeStates({ states, isComplete }: Failure): string {
    if (states.length === 0) return "no order of the operations before it was found again";
    const listed = enumerate(states, (state) => this.#descriptions().state(state), " or ");
    const others = isComplete ? "" : ", among others";
    return (
      `every order of the preceding operations leaves ${listed}${others}, where it cannot happen, ` +
      "and no open operation could change that in time"
    );
  }

  #pairOf(operation: number): Pair {
    const found = this.#part.operations[operation];
    if (found === undefined) throw new Error("No such operation");
    return found.pair;
  }

  #labelOf(operation: number): string {
    const kind = this.#part.kinds[this.#part.operations[operation]?.kind ?? 0];
    if (kind === undefined) throw new Error("No such operation");
    return (this.#model.describeOperation ?? describeKind)(kind);
  }
}

const MAX_STATE_LENGTH = 100;

/** The last operation to return before the return with this index. */
function lastReturned({ returns }: Schedule, index: number): readonly number[] {
  return [...returns.subarray(Math.max(0, index - 1), index)];
}

function undecided({ key, operations, kinds }: Part, limit: "steps" | "memory"): Finding {
  const indefinite = operations.filter(({ kind }) => kinds[kind]?.type === "info").length;
  const where = key === undefined ? "" : `key ${quote(key)}: `;
  const why = limit === "steps" ? "after the most steps allowed" : "as it needs too much memory";
  return {
    anomaly: "undecided",
    sentence:
      `${where}gave up the search for an order of ${plural(operations.length, "operation")}, ` +
      `${indefinite} of them indefinite, ${why}`,
    operations: [],
  };
}

/** Draws an operation of a history. */
export function barOf({ invocation, completion }: Pair, label: string): LinearizationBar {
  const { process } = invocation;
  return {
    invocation: invocation.index,
    ...(completion === undefined ? {} : { completion: completion.index }),
    process: typeof process === "number" ? process : -1,
    start: invocation.time,
    ...(completion?.type === "ok" ? { end: completion.time } : {}),
    label,
  };
}

/** Both ends of operations, in order. */
export function operationsOf(some: readonly Pair[]): Finding["operations"] {
  return [...new Set(some)]
    .flatMap(({ invocation, completion }) =>
      completion === undefined ? [invocation] : [invocation, completion],
    )
    .sort((one, other) => one.index - other.index);
}

export { type Model, type ModelOperation, oneOf, returned } from "./model.ts";
export { type ClientOperation, independent, type MappedOperation } from "./parts.ts";
