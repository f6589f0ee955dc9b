/** The ways to explain a register's history so far, and which of them are worth keeping. */
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

/** Counts comparisons of configurations: the work of a search, the same on any machine. */
export interface Work {
  comparisons: number;
}

/** Configurations none of which is as good as another. */
export class Antichain {
  readonly #definiteCas: bigint;
  readonly #work: Work;
  readonly #byValue = new Map<ValueId, Configuration[]>();
  #size = 0;

  /** @param definiteCas Cas that will return, as bits: having used one is neither good nor bad. */
  constructor(definiteCas: bigint, work: Work) {
    this.#definiteCas = definiteCas;
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
    this.#work.comparisons += 1 + others.length;
    if (others.some((other) => this.#isAsGood(other, configuration))) return false;
    const left = others.filter((other) => !this.#isAsGood(configuration, other));
    left.push(configuration);
    this.#byValue.set(configuration.value, left);
    this.#size += left.length - others.length;
    return true;
  }

  /** Whether any continuation of `other`, which holds the same value, is one of `one` as well. */
  #isAsGood(one: Configuration, other: Configuration): boolean {
    return (
      (other.unused & ~one.unused) === 0n &&
      (one.owed & ~other.owed) === 0n &&
      (one.unused & ~other.unused & this.#definiteCas) === 0n
    );
  }
}
