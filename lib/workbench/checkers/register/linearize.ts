/**
 * Searches an order in which the operations of a register may have taken effect.
 *
 * This is just-in-time linearization: the history is read once, and of every way to explain it so
 * far only the *configuration* is kept: what the register holds, and which open operations have
 * taken effect. An operation takes effect as late as it can, which is when some operation returns
 * that needs it before itself. When no configuration is left, there is no order.
 *
 * That is exponential in the operations that are open at once, and one that ended as `info` stays
 * open for ever. Five rules keep the configurations few; none of them loses an order:
 *
 * 1. A read takes effect at once where the register holds its value.
 * 2. A write that is open while another write takes effect may have done so just before that, unseen
 *    by anyone. From then on it is *free*: it may still take effect until it returns, or not.
 * 3. Of open writes of one value, and of open cas of one pair of values, the one that returns first
 *    is used first. It does the same, and the others stay open longer.
 * 4. Before the operation that returns, a write takes effect only where an open read or cas needs
 *    its value, and so does an indefinite cas. Otherwise it might as well do so later, or never.
 * 5. A configuration is dropped for another of the same value that has all its open operations still
 *    to use, and owes no more.
 *
 * Should there be too many even so, only the best are kept, those which used the fewest indefinite
 * operations. An order that is found then is an order; that none is found means nothing.
 *
 * @see G. Lowe, "Testing for linearizability", 2017 (just-in-time linearization, configurations)
 * @see J. Wing and C. Gong, "Testing and verifying concurrent objects", 1993
 */
import { Antichain, type Configuration, Work } from "./configuration.ts";
import { type OpenOperation, OpenOperations } from "./open-operations.ts";
import { INITIAL, type RegisterOperation, type ValueId } from "./register-operation.ts";

/** How much a search may do. */
export interface SearchLimits {
  /** How many configurations are kept from one return to the next. */
  readonly width: number;
  /** How many steps it may take, as {@link Work} counts them; ten million are a second or two. */
  readonly steps: number;
}

/** How many configurations there may be on the way to a return, for each that is kept after it. */
const STEPS_PER_KEPT = 8;

export type Linearization = { readonly steps: number } & (
  | { readonly linearizable: true | "unknown" }
  | {
      readonly linearizable: false;
      /** The first operation that returns and can have taken effect in no order. */
      readonly stuck: RegisterOperation;
      /** The other operations that were open as it returned. */
      readonly open: readonly RegisterOperation[];
      /** What the register may have held as it returned, before any of these took effect. */
      readonly values: readonly ValueId[];
    }
);

/**
 * Whether a register's operations took effect in some order, each between its call and its return.
 *
 * @param operations In any order.
 */
export function linearize(
  operations: readonly RegisterOperation[],
  limits: SearchLimits,
): Linearization {
  const search = new Search(limits);
  const left = new Set<ValueId | undefined>([INITIAL]);
  for (const { isCall, operation } of eventsOf(operations)) {
    const { from, to } = operation;
    if (isCall) {
      left.add(to);
      search.call(operation);
      continue;
    }
    const before = search.configurations;
    search.return(operation);
    if (search.configurations.length > 0) continue;
    const { steps, openOperations: open } = search;
    // What nobody left can be found in no order at all, not even in those that were left out.
    const mayBeFound = from === undefined || left.has(from);
    if (mayBeFound && !search.isComplete) return { linearizable: "unknown", steps };
    const values = [...new Set(before.map(({ value }) => value))];
    return { linearizable: false, steps, stuck: operation, open, values };
  }
  return { linearizable: true, steps: search.steps };
}

interface Event {
  readonly at: number;
  readonly isCall: boolean;
  readonly operation: RegisterOperation;
}

function eventsOf(operations: readonly RegisterOperation[]): Event[] {
  return operations
    .flatMap((operation) => [
      { at: operation.called, isCall: true, operation },
      { at: operation.returned, isCall: false, operation },
    ])
    .filter(({ at }) => Number.isFinite(at))
    .sort((one, other) => one.at - other.at);
}

class Search {
  readonly #limits: SearchLimits;
  readonly #open = new OpenOperations();
  readonly #work = new Work();
  #configurations: readonly Configuration[] = [
    { value: INITIAL, unused: 0n, owed: 0n, indefinite: 0 },
  ];
  #isComplete = true;

  constructor(limits: SearchLimits) {
    this.#limits = limits;
  }

  get configurations(): readonly Configuration[] {
    return this.#configurations;
  }

  get openOperations(): readonly RegisterOperation[] {
    return this.#open.all;
  }

  get steps(): number {
    return this.#work.steps;
  }

  /** Whether no configuration was left out for want of room or time. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  call(operation: RegisterOperation): void {
    const { bit, from, to, returned } = this.#open.add(operation);
    const isRead = to === undefined;
    const isDefiniteWrite = from === undefined && Number.isFinite(returned);
    this.#configurations = this.#configurations.map(({ value, unused, owed, indefinite }) => ({
      value,
      unused: isRead ? unused : unused | bit,
      owed: isDefiniteWrite || (isRead && value !== from) ? owed | bit : owed,
      indefinite,
    }));
  }

  /** Lets the operation take effect where it has not, and closes it. */
  return(operation: RegisterOperation): void {
    const target = this.#open.get(operation);
    const { bit } = target;
    const done = this.#done(target);
    this.#open.remove(target);
    const closed = done.map(({ value, unused, owed, indefinite }) => ({
      value,
      unused: unused & ~bit,
      owed: owed & ~bit,
      indefinite,
    }));
    this.#configurations = this.#best(closed);
  }

  /** Every configuration in which the operation has taken effect, just now or before. */
  #done(target: OpenOperation): Configuration[] {
    const done = this.#configurations.filter((configuration) => hasEffect(target, configuration));
    const queue = this.#configurations.filter((configuration) => mayUse(target, configuration));
    const seen = new Antichain(this.#open, this.#work);
    for (const configuration of queue) seen.add(configuration);
    for (const configuration of queue) {
      this.#work.add(1 + this.#open.needing.size, this.#open.size);
      for (const next of this.#useful(target, configuration)) {
        const after = this.#apply(next, configuration);
        if (!mayUse(target, after)) done.push(after);
        else if (this.#hasRoom(seen, STEPS_PER_KEPT) && seen.add(after)) queue.push(after);
      }
    }
    return done;
  }

  /** What may take effect next, so that the target can or that something else need not do so. */
  #useful(target: OpenOperation, configuration: Configuration): OpenOperation[] {
    const { value, unused, owed } = configuration;
    const useful = this.#open
      .cas(value, unused)
      .filter(
        (cas) =>
          cas === target || Number.isFinite(cas.returned) || this.#isNeeded(cas.to, configuration),
      );
    if (target.from === undefined) useful.push(target);
    for (const [needed] of this.#open.needing) {
      // A write of the value that is already held is of use for the writes that it sets free.
      if (needed === value && (owed & this.#open.definiteWrites) === 0n) continue;
      if (!this.#isNeeded(needed, configuration)) continue;
      const write = this.#open.write(needed, unused);
      if (write !== undefined && write !== target) useful.push(write);
    }
    return useful;
  }

  /** Whether a read or cas that has not taken effect needs the value. */
  #isNeeded(value: ValueId | undefined, { unused, owed }: Configuration): boolean {
    const needing = value === undefined ? undefined : this.#open.needing.get(value);
    return needing !== undefined && ((unused | owed) & needing) !== 0n;
  }

  #apply(operation: OpenOperation, configuration: Configuration): Configuration {
    const { from, to = configuration.value, returned, bit } = operation;
    let { owed } = configuration;
    if (from === undefined) owed &= ~this.#open.definiteWrites;
    return {
      value: to,
      unused: configuration.unused & ~bit,
      // Cas are never among what is owed, so this takes out the reads of the value.
      owed: owed & ~(this.#open.needing.get(to) ?? 0n),
      indefinite: configuration.indefinite + Number(returned === Number.POSITIVE_INFINITY),
    };
  }

  #best(configurations: readonly Configuration[]): readonly Configuration[] {
    if (configurations.length <= 1) return configurations;
    const best = new Antichain(this.#open, this.#work);
    const byPreference = configurations.toSorted((one, other) => one.indefinite - other.indefinite);
    for (const configuration of byPreference) {
      if (!this.#hasRoom(best, 1)) break;
      best.add(configuration);
    }
    return best.all;
  }

  #hasRoom(configurations: Antichain, perKept: number): boolean {
    const { width, steps } = this.#limits;
    if (configurations.size < perKept * width && this.#work.steps < steps) return true;
    this.#isComplete = false;
    return false;
  }
}

/** Whether it took effect, unseen or not: it may return. */
function hasEffect({ from, to, bit }: OpenOperation, { unused, owed }: Configuration): boolean {
  const isCas = from !== undefined && to !== undefined;
  return (owed & bit) === 0n && !(isCas && (unused & bit) !== 0n);
}

/** Whether it has not taken effect, or only unseen: it may do so now. */
function mayUse({ bit }: OpenOperation, { unused, owed }: Configuration): boolean {
  return ((unused | owed) & bit) !== 0n;
}
