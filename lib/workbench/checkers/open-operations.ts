/** The operations of a register that were called and have not returned, as a search needs them. */
import type { RegisterOperation, ValueId } from "./register-operation.ts";

/** An open operation, and the bit that stands for it until it returns. */
export interface OpenOperation extends RegisterOperation {
  readonly operation: RegisterOperation;
  readonly bit: bigint;
}

export class OpenOperations {
  readonly #open = new Map<RegisterOperation, OpenOperation>();
  /** The bits of operations that have returned, to be given out again. */
  readonly #spareBits: bigint[] = [];
  readonly #needing = new Map<ValueId, bigint>();
  #definiteWrites = 0n;
  #definiteCas = 0n;
  /**
   * Writes and cas, by the value that they need (`undefined` for writes) and the one that they
   * leave; those which do the same are in the order of their returns.
   */
  readonly #alike = new Map<ValueId | undefined, Map<ValueId, OpenOperation[]>>();

  get all(): readonly RegisterOperation[] {
    return [...this.#open.keys()];
  }

  /** The reads and cas that need a value, as bits; by that value. */
  get needing(): ReadonlyMap<ValueId, bigint> {
    return this.#needing;
  }

  /** The writes that will return, as bits. */
  get definiteWrites(): bigint {
    return this.#definiteWrites;
  }

  /** The cas that will return, as bits. */
  get definiteCas(): bigint {
    return this.#definiteCas;
  }

  /** Of the writes of a value, the first to return among those that are unused. */
  write(to: ValueId, unused: bigint): OpenOperation | undefined {
    return firstOf(this.#alike.get(undefined)?.get(to) ?? [], unused);
  }

  /** Of the cas from one value to each other, the first to return among those that are unused. */
  cas(from: ValueId, unused: bigint): OpenOperation[] {
    return [...(this.#alike.get(from)?.values() ?? [])]
      .map((alike) => firstOf(alike, unused))
      .filter((first) => first !== undefined);
  }

  add(operation: RegisterOperation): OpenOperation {
    const bit = this.#spareBits.pop() ?? 1n << BigInt(this.#open.size);
    const open = { ...operation, operation, bit };
    this.#open.set(operation, open);
    this.#mark(open);
    if (open.to !== undefined) {
      const alike = this.#alikeTo(open.from, open.to);
      const rank = alike.findLastIndex(({ returned }) => returned <= open.returned) + 1;
      alike.splice(rank, 0, open);
    }
    return open;
  }

  /** @throws {Error} when the operation is not open. */
  get(operation: RegisterOperation): OpenOperation {
    const open = this.#open.get(operation);
    if (open === undefined) throw new Error("Cannot return from an operation that is not open");
    return open;
  }

  /** Takes out an operation that returns. */
  remove(open: OpenOperation): void {
    this.#open.delete(open.operation);
    this.#spareBits.push(open.bit);
    this.#mark(open);
    if (open.to !== undefined) {
      const alike = this.#alikeTo(open.from, open.to);
      alike.splice(alike.indexOf(open), 1);
    }
  }

  #alikeTo(from: ValueId | undefined, to: ValueId): OpenOperation[] {
    const byTo = this.#alike.get(from) ?? new Map<ValueId, OpenOperation[]>();
    this.#alike.set(from, byTo);
    const alike = byTo.get(to) ?? [];
    byTo.set(to, alike);
    return alike;
  }

  /** Sets the operation's bit where it belongs, or takes it away from there. */
  #mark({ from, to, returned, bit }: OpenOperation): void {
    if (from !== undefined) {
      const needing = (this.#needing.get(from) ?? 0n) ^ bit;
      if (needing === 0n) this.#needing.delete(from);
      else this.#needing.set(from, needing);
    }
    if (to === undefined || !Number.isFinite(returned)) return;
    if (from === undefined) this.#definiteWrites ^= bit;
    else this.#definiteCas ^= bit;
  }
}

function firstOf(alike: readonly OpenOperation[], unused: bigint): OpenOperation | undefined {
  return alike.find(({ bit }) => (unused & bit) !== 0n);
}
