/**
 * Indexes the values that failed transactions wrote (for G1a), and those that transactions overwrote
 * themselves (for G1b).
 *
 * @see Elle 0.2.2, elle.txn/failed-write-indices and intermediate-write-indices
 */
import type { Json } from "../../../vortex/index.ts";
import type { Operation } from "../../history/history.ts";
import {
  type Atom,
  atom,
  microOperations,
  type TransactionHistory,
  VersionTable,
} from "./transactions.ts";

/** Written values, each with the last operation that wrote it. */
export class WrittenValues {
  readonly #versions = new VersionTable();
  readonly #writers: Operation[] = [];

  get isEmpty(): boolean {
    return this.#writers.length === 0;
  }

  add(key: Json, value: Json, writer: Operation): void {
    this.#writers[this.#versions.number(key, value)] = writer;
  }

  writer(key: Json, value: Json): Operation | undefined {
    const version = this.#versions.find(key, value);
    return version === undefined ? undefined : this.#writers[version];
  }
}

/** The values that failed transactions wrote. */
export function failedWrites({ operations }: TransactionHistory): WrittenValues {
  const failed = new WrittenValues();
  for (const operation of operations) {
    if (operation.type !== "fail") continue;
    for (const [f, key, value] of microOperations(operation)) {
      if (f !== "r") failed.add(key, value, operation);
    }
  }
  return failed;
}

/** The values that transactions overwrote themselves, whatever their outcome. */
export function intermediateWrites({ operations }: TransactionHistory): WrittenValues {
  const intermediate = new WrittenValues();
  for (const operation of operations) {
    const steps = microOperations(operation);
    if (steps.length < 2) continue;
    const latest = new Map<Atom, Json>();
    for (const [f, key, value] of steps) {
      if (f === "r") continue;
      const keyAtom = atom(key);
      const overwritten = latest.get(keyAtom) ?? null;
      if (overwritten !== null && overwritten !== false) {
        intermediate.add(key, overwritten, operation);
      }
      latest.set(keyAtom, value);
    }
  }
  return intermediate;
}
