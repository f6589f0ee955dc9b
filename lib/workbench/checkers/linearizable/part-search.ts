/** Searches one part of a history, and explains the result. */
import { shorten } from "../../../protocol/shorten.ts";
import type { Json } from "../../../vortex/index.ts";
import type { Pair } from "../../history/history.ts";
import type { Finding, LinearizationBar, Validity } from "../checker.ts";
import { describeOperation, EXAMPLES_PER_KIND, plural, quote, seconds } from "../wording.ts";
import { type Decision, decisionOf, UNKNOWN, type Violation } from "./decisions.ts";
import { describeKind } from "./describe.ts";
import { attemptOf } from "./explain.ts";
import type { Memory } from "./memory.ts";
import type { AnyModel, ModelOperation } from "./model.ts";
import { type NewOrderSearch, type OrderResult, type OrderSearch, REST } from "./order-search.ts";
import { encode, type Part, selectFrom } from "./parts.ts";
import { adviceOn, type Reporting } from "./reporting.ts";
import { NEVER, type Operations } from "./schedule.ts";
import { StateSpace } from "./state-space.ts";

const MAX_STATE_LENGTH = 100;

/** Steps of the first rounds that explain what was decided without a search: a fraction of a second. */
const EXPLANATION_STEPS = [20_000, 80_000];

/** The search of one part. */
export class PartSearch<State> {
  readonly #part: Part;
  readonly #model: AnyModel<State>;
  readonly #newSearch: NewOrderSearch;
  readonly #reporting: Reporting;
  readonly #memory: Memory;
  readonly #operations: Operations;
  readonly #space: StateSpace<State>;
  readonly #search: OrderSearch;
  /** The result without a search. */
  readonly #decision: Decision;
  #result: OrderResult = { linearizable: "unknown", steps: 0 };

  constructor(
    part: Part,
    model: AnyModel<State>,
    newSearch: NewOrderSearch,
    reporting: Reporting,
    memory: Memory,
  ) {
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
    this.#reporting = reporting;
    this.#memory = memory;
    this.#operations = encode(part, isRead);
    this.#space = new StateSpace(model, { operations: kinds, isRead }, initial, memory);
    const { step } = model;
    const subject = { part, operations: this.#operations, states: this.#space, memory };
    this.#search = newSearch({ ...subject, initial, step });
    this.#decision = decisionOf(model)?.(part, this.#operations, initial) ?? UNKNOWN;
  }

  get key(): Json | undefined {
    return this.#part.key;
  }

  get operationCount(): number {
    return this.#part.pairs.length;
  }

  get valid(): Validity {
    // An order that respects real time also keeps that of each process.
    if (this.#decision.valid === true) return true;
    return this.#violation === undefined ? this.#result.linearizable : false;
  }

  get #violation(): Violation | undefined {
    return this.#search.isRealTime && this.#decision.valid === false ? this.#decision : undefined;
  }

  get roundCount(): number {
    return this.#search.rounds.length;
  }

  /** Maximum number of steps of a round; infinite if it takes what is left. */
  limitOf(round: number): number {
    const { steps, stepsPerOperation } = this.#search.rounds[round] ?? REST;
    return Math.max(steps, stepsPerOperation * this.operationCount);
  }

  /** Searches, if there are steps to take. Returns the number of steps taken. */
  run(round: number, steps: number): number {
    if (steps <= 0) return 0;
    if (this.#memory.isExhausted) this.#space.clear();
    this.#result = this.#search.search(round, steps);
    // No other search needs the states.
    if (this.#result.linearizable === true) this.#space.clear();
    return this.#result.steps;
  }

  /** Explains why the part is not valid. */
  finding(): Finding | undefined {
    if (this.valid === true) return undefined;
    const violation = this.#violation;
    if (violation !== undefined) {
      for (const [round, steps] of EXPLANATION_STEPS.entries()) {
        if (this.#result.linearizable === "unknown") this.run(round, steps);
      }
    }
    const { linearizable, limit = "steps" } = this.#result;
    if (linearizable === false) return this.#nonlinearizable();
    if (violation !== undefined) return this.#violated(violation);
    return this.#undecided(limit);
  }

  /** Draws the operations of a violation only, which have no order either. */
  #violated({ sentence, operations }: Violation): Finding {
    const chosen = [...new Set(operations)].sort((one, other) => one - other);
    const omittedCount = this.operationCount - chosen.length;
    const part = selectFrom(this.#part, chosen);
    const drawn =
      omittedCount === 0
        ? undefined
        : new PartSearch(
            part,
            this.#model,
            this.#newSearch,
            this.#reporting,
            this.#memory,
          ).finding()?.linearization;
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
      // The search may have found none of the orders a second time.
      ...(failure.orders.length > 0 && {
        linearization: attemptOf(
          failure,
          this.#operations,
          this.#space,
          { state: describeState, bar },
          label,
        ),
      }),
    };
  }

  #describeStuck(operation: number): string {
    const { invocation, completion } = this.#pairOf(operation);
    const by = completion === undefined ? "" : ` by ${seconds(completion.time)}`;
    const { describeEffect } = this.#reporting;
    const effect =
      describeEffect?.(this.#kindOf(operation)) ?? `took effect as ${this.#labelOf(operation)}`;
    return `${describeOperation(invocation)} ${effect}${by}`;
  }

  #undecided(limit: "steps" | "memory"): Finding {
    const { key, pairs, returned } = this.#part;
    const indefiniteCount = returned.filter((at) => at === NEVER).length;
    const where = key === undefined ? "" : `key ${quote(key)}: `;
    const describeLimit = this.#reporting.describeLimit ?? adviceOn;
    return {
      anomaly: "undecided",
      sentence:
        `${where}gave up the search for an order of ${plural(pairs.length, "operation")}, ` +
        `${indefiniteCount} of them indefinite` +
        describeLimit({ limit, isSplit: key !== undefined, indefiniteCount }),
      operations: [],
    };
  }

  #pairOf(operation: number): Pair {
    const pair = this.#part.pairs[operation];
    if (pair === undefined) throw new Error("No such operation");
    return pair;
  }

  #labelOf(operation: number): string {
    return shorten((this.#model.describeOperation ?? describeKind)(this.#kindOf(operation)));
  }

  #kindOf(operation: number): ModelOperation {
    const kind = this.#part.kinds[this.#part.kindOf[operation] ?? 0];
    if (kind === undefined) throw new Error("No such operation");
    return kind;
  }
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
