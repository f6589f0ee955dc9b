/** Configurations of a register: the states that may explain its history so far. */
import type { OpenOperations } from "./open-operations.ts";
import type { ValueId } from "./register-operation.ts";

/** A state that may explain the history so far. Each open operation is one bit until it returns. */
export interface Configuration {
  /** The register's value. */
  readonly value: ValueId;
  /** Open writes and cas that may still take effect: they have not yet, or only unobserved. */
  readonly unused: bigint;
  /**
   * Operations that must take effect before they return: open reads that have not, and open definite
   * writes that have not, not even unobserved.
   */
  readonly owed: bigint;
  /** Number of indefinite operations that took effect. */
  readonly indefinite: number;
}

/**
 * Counts the steps of a search: comparisons of configurations, and operations tried on one.
 *
 * Steps bound a search instead of time, so that its result is the same on every machine.
 */
export class Work {
  #steps = 0;

  get steps(): number {
    return this.#steps;
  }

  /** @param open Number of open operations; the cost of a step grows with it. */
  add(steps: number, open: number): void {
    this.#steps += steps * (1 + Math.floor(open / 64));
  }
}

/** A set of configurations none of which dominates another. */
export class Antichain {
  readonly #open: OpenOperations;
  readonly #work: Work;
  readonly #byValue = new Map<ValueId, Configuration[]>();
  #size = 0;

  constructor(open: OpenOperations, work: Work) {
    this.#open = open;
    this.#work = work;
  }

  get size(): number {
    return this.#size;
  }

  get all(): Configuration[] {
    return [...this.#byValue.values()].flat();
  }

  /** Adds a configuration unless another dominates it; drops those that it dominates. */
  add(configuration: Configuration): boolean {
    const others = this.#byValue.get(configuration.value) ?? [];
    this.#work.add(1 + others.length, this.#open.size);
    if (others.some((other) => this.#dominates(other, configuration))) return false;
    const remaining = others.filter((other) => !this.#dominates(configuration, other));
    remaining.push(configuration);
    this.#byValue.set(configuration.value, remaining);
    this.#size += remaining.length - others.length;
    return true;
  }

  /**
   * Whether every continuation of `other` is also one of `one`; both have the same value.
   *
   * A definite cas must take effect eventually, so leaving it unused is neither better nor worse.
   */
  #dominates(one: Configuration, other: Configuration): boolean {
    return (
      (other.unused & ~one.unused) === 0n &&
      (one.owed & ~other.owed) === 0n &&
      (one.unused & ~other.unused & this.#open.definiteCas) === 0n
    );
  }
}
