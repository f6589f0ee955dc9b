/** Searches one part of a history, and explains the result. */
import { shorten } from "../../../protocol/shorten.ts";
import type { Json } from "../../../vortex/index.ts";
import type { Pair } from "../../history/history.ts";
import type { Finding, LinearizationBar, Validity } from "../checker.ts";
import { describeOperation, EXAMPLES_PER_KIND, plural, quote, seconds } from "../wording.ts";
import { type Decision, decisionOf, UNKNOWN, type Violation } from "./decisions.ts";
import { describeKind } from "./describe.ts";
import { attemptOf, type Failure } from "./explain.ts";
import type { Memory } from "./memory.ts";
import type { AnyModel } from "./model.ts";
import { encode, type Part } from "./parts.ts";
import type { Operations, Transitions } from "./schedule.ts";
import { StateSpace } from "./state-space.ts";

/** Settings of a search, which affect its speed. */
export interface Effort {
  /** Maximum number of operations that take effect between two returns, before the second. */
  readonly depth: number;
  /** Whether operations are tried in the order in which their effects were first seen. */
  readonly isRanked: boolean;
}

/** Decides whether operations have an order of some kind. */
export interface OrderSearch {
  /** Name of the anomaly, if the operations lack such an order. */
  readonly anomaly: string;
  /** Whether the order must respect real time. */
  readonly isRealTime: boolean;
  /** @param steps Maximum number of operations tried. */
  search(effort: Effort, steps: number): OrderResult;
  /** Explains the last result, if it was `false`. */
  failure(): Failure;
  /** Says why a failure's operation has no place, after the word "but". */
  describeFailure(failure: Failure, describeState: (state: number) => string): string;
}

export interface OrderResult {
  readonly linearizable: Validity;
  readonly steps: number;
  /** Why the result is unknown; absent if another effort may decide. */
  readonly limit?: "steps" | "memory";
}

/** Makes the search for a part. */
export type NewOrderSearch = (
  part: Part,
  operations: Operations,
  transitions: Transitions,
  memory: Memory,
) => OrderSearch;

const MAX_STATE_LENGTH = 100;

/** Searches for the explanation of what was decided without one: a fraction of a second. */
const EXPLANATIONS: readonly (Effort & { readonly steps: number })[] = [
  { depth: Number.POSITIVE_INFINITY, isRanked: false, steps: 20_000 },
  { depth: Number.POSITIVE_INFINITY, isRanked: true, steps: 80_000 },
];

/** The search of one part. */
export class PartSearch<State> {
  readonly #part: Part;
  readonly #model: AnyModel<State>;
  readonly #newSearch: NewOrderSearch;
  readonly #memory: Memory;
  readonly #operations: Operations;
  readonly #space: StateSpace<State>;
  readonly #search: OrderSearch;
  /** The result without a search. */
  readonly #decision: Decision;
  #result: OrderResult = { linearizable: "unknown", steps: 0 };

  constructor(part: Part, model: AnyModel<State>, newSearch: NewOrderSearch, memory: Memory) {
    const { key, kinds } = part;
    const isRead = kinds.map((operation) => model.isRead?.(operation) ?? false);
    const initial =
      typeof model.init === "function"
        ? // A state is not a function: states with functions cannot be compared.
          (model.init as (key: Json | undefined) => State)(key)
        : model.init;
    this.#part = part;
    this.#model = model;
    this.#newSearch = newSearch;
    this.#memory = memory;
    this.#operations = encode(part, isRead);
    this.#space = new StateSpace(model, { operations: kinds, isRead }, initial, memory);
    this.#search = newSearch(part, this.#operations, this.#space, memory);
    this.#decision = decisionOf(model)?.(part, this.#operations, initial) ?? UNKNOWN;
  }

  get key(): Json | undefined {
    return this.#part.key;
  }

  get operationCount(): number {
    return this.#part.operations.length;
  }

  get valid(): Validity {
    // An order that respects real time also keeps that of each process.
    if (this.#decision.valid === true) return true;
    return this.#violation === undefined ? this.#result.linearizable : false;
  }

  get #violation(): Violation | undefined {
    return this.#search.isRealTime && this.#decision.valid === false ? this.#decision : undefined;
  }

  /** Searches, if there are steps to take. Returns the number of steps taken. */
  run(effort: Effort, steps: number): number {
    if (steps <= 0) return 0;
    if (this.#memory.isExhausted) this.#space.clear();
    this.#result = this.#search.search(effort, steps);
    // No other search needs the states.
    if (this.#result.linearizable === true) this.#space.clear();
    return this.#result.steps;
  }

  /** Explains why the part is not valid. */
  finding(): Finding | undefined {
    if (this.valid === true) return undefined;
    const violation = this.#violation;
    if (violation !== undefined) {
      for (const { steps, ...effort } of EXPLANATIONS) {
        if (this.#result.linearizable === "unknown") this.run(effort, steps);
      }
    }
    const { linearizable, limit = "steps" } = this.#result;
    if (linearizable === false) return this.#nonlinearizable();
    if (violation !== undefined) return this.#violated(violation);
    return undecided(this.#part, limit);
  }

  /** Draws the operations of a violation only, which have no order either. */
  #violated({ sentence, operations }: Violation): Finding {
    const chosen = [...new Set(operations)].sort((one, other) => one - other);
    const omittedCount = this.operationCount - chosen.length;
    const part: Part = {
      ...this.#part,
      operations: chosen.flatMap((operation) => this.#part.operations[operation] ?? []),
    };
    const drawn =
      omittedCount === 0
        ? undefined
        : new PartSearch(part, this.#model, this.#newSearch, this.#memory).finding()?.linearization;
    const { key } = this.#part;
    return {
      anomaly: this.#search.anomaly,
      sentence: `${key === undefined ? "" : `key ${quote(key)}: `}${sentence}`,
      operations: operationsOf(chosen.map((operation) => this.#pairOf(operation))),
      ...(drawn === undefined
        ? {}
        : { linearization: { ...drawn, omittedCount: drawn.omittedCount + omittedCount } }),
    };
  }

  #nonlinearizable(): Finding {
    const failure = this.#search.failure();
    const { stuck, open, earlier } = failure;
    const label = this.#part.key === undefined ? undefined : `key ${quote(this.#part.key)}`;
    const describeState = (state: number) => shorten(this.#space.describe(state), MAX_STATE_LENGTH);
    const bar = (operation: number) => barOf(this.#pairOf(operation), this.#labelOf(operation));
    return {
      anomaly: this.#search.anomaly,
      sentence:
        `${label === undefined ? "" : `${label}: `}${this.#describeStuck(stuck)}, ` +
        `but ${this.#search.describeFailure(failure, describeState)}`,
      operations: operationsOf(
        [...earlier.slice(-1), ...open.slice(-EXAMPLES_PER_KIND), stuck].map((operation) =>
          this.#pairOf(operation),
        ),
      ),
      linearization: attemptOf(
        failure,
        this.#operations,
        this.#space,
        { state: describeState, bar },
        label,
      ),
    };
  }

  #describeStuck(operation: number): string {
    const { invocation, completion } = this.#pairOf(operation);
    const by = completion === undefined ? "" : ` by ${seconds(completion.time)}`;
    return `${describeOperation(invocation)} took effect as ${this.#labelOf(operation)}${by}`;
  }

  #pairOf(operation: number): Pair {
    const found = this.#part.operations[operation];
    if (found === undefined) throw new Error("No such operation");
    return found.pair;
  }

  #labelOf(operation: number): string {
    const kind = this.#part.kinds[this.#part.operations[operation]?.kind ?? 0];
    if (kind === undefined) throw new Error("No such operation");
    return shorten((this.#model.describeOperation ?? describeKind)(kind));
  }
}

function undecided({ key, operations, kinds }: Part, limit: "steps" | "memory"): Finding {
  const indefinite = operations.filter(({ kind }) => kinds[kind]?.type === "info").length;
  const where = key === undefined ? "" : `key ${quote(key)}: `;
  const why = limit === "steps" ? "after the most steps allowed" : "as it needs too much memory";
  const advice =
    (key === undefined ? "Split the history by key, or run" : "Run") +
    " a shorter test with fewer clients" +
    (indefinite === 0 ? "" : ", or let fewer operations time out");
  return {
    anomaly: "undecided",
    sentence:
      `${where}gave up the search for an order of ${plural(operations.length, "operation")}, ` +
      `${indefinite} of them indefinite, ${why}. ${advice}`,
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
function operationsOf(some: readonly Pair[]): Finding["operations"] {
  return [...new Set(some)]
    .flatMap(({ invocation, completion }) =>
      completion === undefined ? [invocation] : [invocation, completion],
    )
    .sort((one, other) => one.index - other.index);
}
