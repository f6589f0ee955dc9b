/** The ways to explain a register's history so far, and which of them are worth keeping. */
import type { OpenOperations } from "./open-operations.ts";
import type { ValueId } from "./register-operation.ts";

/** A way to explain the history so far. An open operation is a bit, its own until it returns. */
export interface Configuration {
  /** What the register holds. */
  readonly value: ValueId;
  /** Writes and cas that are open and have not taken effect, or only unseen. */
  readonly unused: bigint;
  /** Reads that are open and have not taken effect, and writes that have not, not even unseen. */
  readonly owed: bigint;
  /** How many indefinite operations took effect. */
  readonly indefinite: number;
}

/**
 * Counts what a search does: comparisons of configurations, and operations that are tried on one.
 *
 * It stands for time, but is the same on any machine.
 */
export class Work {
  #steps = 0;

  get steps(): number {
    return this.#steps;
  }

  /** @param open How many operations are open: so many bits each step goes through. */
  add(steps: number, open: number): void {
    this.#steps += steps * (1 + Math.floor(open / 64));
  }
}

/** Configurations none of which is as good as another. */
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

  /** Adds it unless another is as good; drops those which it is as good as. */
  add(configuration: Configuration): boolean {
    const others = this.#byValue.get(configuration.value) ?? [];
    this.#work.add(1 + others.length, this.#open.size);
    if (others.some((other) => this.#isAsGood(other, configuration))) return false;
    const left = others.filter((other) => !this.#isAsGood(configuration, other));
    left.push(configuration);
    this.#byValue.set(configuration.value, left);
    this.#size += left.length - others.length;
    return true;
  }

  /**
   * Whether any continuation of `other`, which holds the same value, is one of `one` as well.
   *
   * A cas that will return has to be used some time: having it unused is neither good nor bad.
   */
  #isAsGood(one: Configuration, other: Configuration): boolean {
    return (
      (other.unused & ~one.unused) === 0n &&
      (one.owed & ~other.owed) === 0n &&
      (one.unused & ~other.unused & this.#open.definiteCas) === 0n
    );
  }
}
