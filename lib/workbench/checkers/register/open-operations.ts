/** The open operations of a register, called and not returned, indexed for the search. */
import { partitionPoint } from "../partition-point.ts";
import type { RegisterOperation, ValueId } from "./register-operation.ts";

/** An open operation, and the bit that represents it until it returns. */
export interface OpenOperation extends RegisterOperation {
  readonly operation: RegisterOperation;
  readonly bit: bigint;
}

/** Open operations with the same effect. */
interface EquivalentOps {
  /** In order of return. */
  readonly definite: OpenOperation[];
  /** In order of call. */
  readonly indefinite: OpenOperation[];
}

export class OpenOperations {
  readonly #open = new Map<RegisterOperation, OpenOperation>();
  /** Bits of returned operations, for reuse. */
  readonly #spareBits: bigint[] = [];
  readonly #needing = new Map<ValueId, bigint>();
  #definiteWrites = 0n;
  #definiteCas = 0n;
  /** Writes and cas, by the value they need (`undefined` for writes), then by the value they set. */
  readonly #equivalent = new Map<ValueId | undefined, Map<ValueId, EquivalentOps>>();

  get all(): readonly RegisterOperation[] {
    return [...this.#open.keys()];
  }

  /** The reads and cas that need a value, as bits, by value. */
  get needing(): ReadonlyMap<ValueId, bigint> {
    return this.#needing;
  }

  /** The definite writes, as bits. */
  get definiteWrites(): bigint {
    return this.#definiteWrites;
  }

  /** The definite cas, as bits. */
  get definiteCas(): bigint {
    return this.#definiteCas;
  }

  get size(): number {
    return this.#open.size;
  }

  /** The unused write of a value that returns first. */
  write(to: ValueId, unused: bigint): OpenOperation | undefined {
    const equivalent = this.#equivalent.get(undefined)?.get(to);
    return equivalent && firstOf(equivalent, unused);
  }

  /** For each cas target of a value, the unused cas that returns first. */
  cas(from: ValueId, unused: bigint): OpenOperation[] {
    return [...(this.#equivalent.get(from)?.values() ?? [])]
      .map((equivalent) => firstOf(equivalent, unused))
      .filter((first) => first !== undefined);
  }

  add(operation: RegisterOperation): OpenOperation {
    const bit = this.#spareBits.pop() ?? 1n << BigInt(this.#open.size);
    const open = { ...operation, operation, bit };
    this.#open.set(operation, open);
    this.#toggle(open);
    if (open.to !== undefined) {
      const { definite, indefinite } = this.#equivalentTo(open.from, open.to);
      if (Number.isFinite(open.returned)) definite.push(open);
      else indefinite.push(open);
      definite.sort((one, other) => one.returned - other.returned);
    }
    return open;
  }

  /** @throws {Error} if the operation is not open. */
  get(operation: RegisterOperation): OpenOperation {
    const open = this.#open.get(operation);
    if (open === undefined) throw new Error("Cannot return from an operation that is not open");
    return open;
  }

  /** Removes a returning operation. Indefinite operations never return. */
  remove(open: OpenOperation): void {
    this.#open.delete(open.operation);
    this.#spareBits.push(open.bit);
    this.#toggle(open);
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

  /** Toggles the operation's bit in all indexes. */
  #toggle({ from, to, returned, bit }: OpenOperation): void {
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

/** The first of equivalent operations to return among the unused ones. */
function firstOf(
  { definite, indefinite }: EquivalentOps,
  unused: bigint,
): OpenOperation | undefined {
  const isUnused = ({ bit }: OpenOperation) => (unused & bit) !== 0n;
  const first = definite.find(isUnused);
  if (first !== undefined) return first;
  // Indefinite operations are used in order, so the used ones come first: a binary search finds the
  // first unused one among what may be thousands.
  const used = partitionPoint(
    indefinite.length,
    (i) => ((indefinite[i]?.bit ?? 0n) & unused) === 0n,
  );
  return indefinite[used];
}
