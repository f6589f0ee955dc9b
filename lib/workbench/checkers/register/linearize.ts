/**
 * Searches for a linearization of a register's operations.
 *
 * The algorithm is just-in-time linearization. It reads the history once and keeps a set of
 * *configurations*: the register's value, and which open operations have taken effect. Operations
 * take effect as late as possible, when an operation returns that needs them to come first. If no
 * configuration is left, the history is not linearizable.
 *
 * The number of configurations is exponential in the number of open operations, and `info`
 * operations stay open for ever. Five rules reduce it without losing a linearization:
 *
 * 1. A read takes effect immediately while the register holds its value.
 * 2. If a write is open while another write takes effect, it may have taken effect just before,
 *    unobserved. From then on it is *free*: it may take effect before it returns, but need not.
 * 3. Among open writes of the same value, and open cas of the same pair, the one that returns first
 *    is used first. They are equivalent, and the others stay open longer.
 * 4. Before the returning operation, a write or an indefinite cas takes effect only if an open read
 *    or cas needs its value. Otherwise it can take effect later, or never.
 * 5. A configuration is dropped if another one with the same value can still use all operations that
 *    it can use, and owes no more.
 *
 * If there are still too many, only those that can still do most are kept: that used the fewest indefinite
 * operations, and then have most operations left. Then a linearization that is found is valid, but
 * finding none proves nothing.
 *
 * @see G. Lowe, "Testing for linearizability", 2017 (just-in-time linearization, configurations)
 * @see J. Wing and C. Gong, "Testing and verifying concurrent objects", 1993
 */
import { Antichain, type Configuration, Work } from "./configuration.ts";
import { type OpenOperation, OpenOperations } from "./open-operations.ts";
import { INITIAL, type RegisterOperation, type ValueId } from "./register-operation.ts";

/** Bounds on a search. */
export interface SearchLimits {
  /** Maximum number of configurations kept from one return to the next. */
  readonly width: number;
  /** Maximum number of steps as counted by {@link Work}; ten million take a second or two. */
  readonly steps: number;
}

/** Maximum number of configurations explored before a return, per configuration kept after it. */
const STEPS_PER_KEPT = 8;

/** Maximum number of open operations that are counted: among thousands, that takes too long. */
const MAX_COUNTED = 512;

export type Linearization = { readonly steps: number } & (
  | { readonly linearizable: true | "unknown" }
  | {
      readonly linearizable: false;
      /** The first operation to return that can have taken effect in no order. */
      readonly stuck: RegisterOperation;
      /** The other operations that were open when it returned. */
      readonly open: readonly RegisterOperation[];
      /** The possible values of the register when it returned, before any of these took effect. */
      readonly values: readonly ValueId[];
    }
);

/**
 * Decides whether operations have an order in which each takes effect between its call and return.
 *
 * @param operations In any order.
 */
export function linearize(
  operations: readonly RegisterOperation[],
  limits: SearchLimits,
): Linearization {
  const search = new Search(limits);
  const written = new Set<ValueId | undefined>([INITIAL]);
  for (const { isCall, operation } of eventsOf(operations)) {
    const { from, to } = operation;
    if (isCall) {
      written.add(to);
      search.call(operation);
      continue;
    }
    const before = search.configurations;
    search.return(operation);
    if (search.configurations.length > 0) continue;
    const { steps, openOperations: open } = search;
    // A value that no operation writes occurs in no order, including those that were not searched.
    const mayBeFound = from === undefined || written.has(from);
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

  /** Whether no configuration was dropped because a limit was reached. */
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

  /** Lets the operation take effect in configurations where it has not yet, and closes it. */
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

  /** Returns the reachable configurations in which the operation has taken effect. */
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

  /** The operations worth trying next: those that the target or other open operations need. */
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
      // Writing the current value again is useful only if that frees other writes.
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
      // `owed` has no cas, so this removes the reads of the value.
      owed: owed & ~(this.#open.needing.get(to) ?? 0n),
      indefinite: configuration.indefinite + Number(returned === Number.POSITIVE_INFINITY),
    };
  }

  #best(configurations: readonly Configuration[]): readonly Configuration[] {
    if (configurations.length <= 1) return configurations;
    const ordered = configurations.toSorted((one, other) => one.indefinite - other.indefinite);
    const all = new Antichain(this.#open, this.#work);
    if (this.#addAll(all, ordered) || this.#open.size > MAX_COUNTED) return all.all;
    this.#work.add(2 * ordered.length, this.#open.size);
    const best = new Antichain(this.#open, this.#work);
    this.#addAll(best, byPreference(ordered));
    return best.all;
  }

  /** Adds configurations while memory allows. Returns whether all were added. */
  #addAll(antichain: Antichain, configurations: readonly Configuration[]): boolean {
    return configurations.every((configuration) => {
      if (!this.#hasRoom(antichain, 1)) return false;
      antichain.add(configuration);
      return true;
    });
  }

  #hasRoom(configurations: Antichain, perKept: number): boolean {
    const { width, steps } = this.#limits;
    if (configurations.size < perKept * width && this.#work.steps < steps) return true;
    this.#isComplete = false;
    return false;
  }
}

/**
 * Orders configurations by what they can still do: those that used few indefinite operations, have many
 * operations left and owe few. Stable.
 */
function byPreference(configurations: readonly Configuration[]): readonly Configuration[] {
  return configurations
    .map((configuration) => ({
      configuration,
      unused: countOnes(configuration.unused),
      owed: countOnes(configuration.owed),
    }))
    .sort(
      (one, other) =>
        one.configuration.indefinite - other.configuration.indefinite ||
        other.unused - one.unused ||
        one.owed - other.owed,
    )
    .map(({ configuration }) => configuration);
}

function countOnes(bits: bigint): number {
  return bits.toString(2).replaceAll("0", "").length;
}

/** Whether an operation took effect, observed or not, so that it may return. */
function hasEffect({ from, to, bit }: OpenOperation, { unused, owed }: Configuration): boolean {
  const isCas = from !== undefined && to !== undefined;
  return (owed & bit) === 0n && !(isCas && (unused & bit) !== 0n);
}

/** Whether an operation may take effect now: it has not yet, or only unobserved. */
function mayUse({ bit }: OpenOperation, { unused, owed }: Configuration): boolean {
  return ((unused | owed) & bit) !== 0n;
}
