/** The operations of a register that were called and have not returned, as a search needs them. */
import type { RegisterOperation, ValueId } from "./register-operation.ts";

/** An open operation, and the bit that stands for it until it returns. */
export interface OpenOperation extends RegisterOperation {
  readonly operation: RegisterOperation;
  readonly bit: bigint;
}

/** Open operations that do the same. */
interface EquivalentOps {
  /** In the order of their returns. */
  readonly definite: OpenOperation[];
  /** In the order of their calls. */
  readonly indefinite: OpenOperation[];
}

export class OpenOperations {
  readonly #open = new Map<RegisterOperation, OpenOperation>();
  /** The bits of operations that have returned, to be given out again. */
  readonly #spareBits: bigint[] = [];
  readonly #needing = new Map<ValueId, bigint>();
  #definiteWrites = 0n;
  #definiteCas = 0n;
  /** Writes and cas, by the value that they need (`undefined` for writes), then that they leave. */
  readonly #equivalent = new Map<ValueId | undefined, Map<ValueId, EquivalentOps>>();

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

  get size(): number {
    return this.#open.size;
  }

  /** Of the writes of a value, the first to return among those that are unused. */
  write(to: ValueId, unused: bigint): OpenOperation | undefined {
    const equivalent = this.#equivalent.get(undefined)?.get(to);
    return equivalent && firstOf(equivalent, unused);
  }

  /** Of the cas from one value to each other, the first to return among those that are unused. */
  cas(from: ValueId, unused: bigint): OpenOperation[] {
    return [...(this.#equivalent.get(from)?.values() ?? [])]
      .map((equivalent) => firstOf(equivalent, unused))
      .filter((first) => first !== undefined);
  }

  add(operation: RegisterOperation): OpenOperation {
    const bit = this.#spareBits.pop() ?? 1n << BigInt(this.#open.size);
    const open = { ...operation, operation, bit };
    this.#open.set(operation, open);
    this.#mark(open);
    if (open.to !== undefined) {
      const { definite, indefinite } = this.#equivalentTo(open.from, open.to);
      if (Number.isFinite(open.returned)) definite.push(open);
      else indefinite.push(open);
      definite.sort((one, other) => one.returned - other.returned);
    }
    return open;
  }

  /** @throws {Error} when the operation is not open. */
  get(operation: RegisterOperation): OpenOperation {
    const open = this.#open.get(operation);
    if (open === undefined) throw new Error("Cannot return from an operation that is not open");
    return open;
  }

  /** Takes out an operation that returns: an indefinite one never does. */
  remove(open: OpenOperation): void {
    this.#open.delete(open.operation);
    this.#spareBits.push(open.bit);
    this.#mark(open);
    if (open.to !== undefined) {
      const { definite } = this.#equivalentTo(open.from, open.to);
      definite.splice(definite.indexOf(open), 1);
    }
  }

  #equivalentTo(from: ValueId | undefined, to: ValueId): EquivalentOps {
    const byTo = this.#equivalent.get(from) ?? new Map<ValueId, EquivalentOps>();
    this.#equivalent.set(from, byTo);
    const equivalent = byTo.get(to) ?? { definite: [], indefinite: [] };
    byTo.set(to, equivalent);
    return equivalent;
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

/** Of operations that do the same, the first to return among those that are unused. */
function firstOf(
  { definite, indefinite }: EquivalentOps,
  unused: bigint,
): OpenOperation | undefined {
  const isUnused = ({ bit }: OpenOperation) => (unused & bit) !== 0n;
  const first = definite.find(isUnused);
  if (first !== undefined) return first;
  // Of indefinite ones the first is always used first, so that those which were come before those
  // which were not. There may be thousands.
  let [from, to] = [0, indefinite.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    const open = indefinite[middle];
    if (open === undefined || isUnused(open)) to = middle;
    else from = middle + 1;
  }
  return indefinite[from];
}
