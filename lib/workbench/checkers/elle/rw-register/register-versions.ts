/**
 * Collects the versions of registers: which transactions wrote and read each, and what is known of
 * their order.
 *
 * @see Elle 0.2.2, elle.rw-register/version-graphs
 */
import { isSameJson } from "../../../../protocol/json-key.ts";
import type { Json } from "../../../../vortex/index.ts";
import type { Operation } from "../../../history/history.ts";
import { describeOperation, enumerate, quote } from "../../wording.ts";
import type { Anomalies, Example } from "../anomalies.ts";
import { stronglyConnectedComponents } from "../cycles/components.ts";
import { GraphBuilder } from "../cycles/graph.ts";
import { WW } from "../cycles/relations.ts";
import {
  type Atom,
  atom,
  type MicroOperation,
  type Transaction,
  type TransactionHistory,
  VersionTable,
} from "../transactions.ts";

export class RegisterVersions {
  readonly #transactions: readonly Transaction[];
  readonly #versions = new VersionTable();
  /** By version, the `ok` transactions whose last write of the key it is. */
  readonly #writers: number[][] = [];
  /** By version, the `ok` transactions whose first read of the key it is. */
  readonly #readers: number[][] = [];
  /** By version, the versions written by transactions that had read it. */
  readonly #next: number[][] = [];
  /** By initial version, all other versions of its key. */
  readonly #afterInitial = new Map<number, Set<number>>();

  constructor({ transactions }: TransactionHistory) {
    this.#transactions = transactions;
    transactions.forEach((transaction, number) => {
      const { reads, writes } = external(transaction.steps);
      // The reads of an info transaction are unknown, but its writes may have happened.
      for (const [, key, value] of writes) this.#addVersion(key, value);
      if (!transaction.isOk) return;
      for (const [, key, value] of reads) {
        this.#addVersion(key, value);
        append(this.#readers, this.#versions.number(key, value), number);
      }
      for (const [, key, value] of writes) {
        append(this.#writers, this.#versions.number(key, value), number);
      }
      this.#orderReadsBeforeWrites(reads, writes);
    });
  }

  /** Adds a version after the initial one. */
  #addVersion(key: Json, value: Json): void {
    if (value === null) return;
    const initial = this.#versions.number(key, null);
    const after = this.#afterInitial.get(initial) ?? new Set();
    this.#afterInitial.set(initial, after.add(this.#versions.number(key, value)));
  }

  #orderReadsBeforeWrites(
    reads: readonly MicroOperation[],
    writes: readonly MicroOperation[],
  ): void {
    for (const [, key, value] of reads) {
      if (value === null) continue;
      const write = writes.find(([, written]) => isSameJson(written, key));
      if (write === undefined || write[2] === null || write[2] === false) continue;
      append(this.#next, this.#versions.number(key, value), this.#versions.number(key, write[2]));
    }
  }

  /**
   * Finds versions of which each precedes all others. If there are any, no order inferred from reads
   * followed by writes is trusted, on any key.
   */
  findCyclicVersions(anomalies: Anomalies): void {
    const builder = new GraphBuilder(this.#versions.size);
    this.#next.forEach((after, version) => {
      for (const next of after) builder.link(version, next, WW);
    });
    const cycles = stronglyConnectedComponents(builder.build(), WW, { selfEdges: false });
    for (const versions of cycles) {
      anomalies.add("cyclic-versions", () => this.#describeCycle(versions.toSorted()));
    }
    if (cycles.length > 0) this.#next.length = 0;
  }

  #describeCycle(versions: Int32Array): Example {
    const members = new Set(versions);
    const between = [...members].flatMap((version) =>
      this.readers(version).filter((reader) =>
        this.#written(reader, this.#versions.key(version)).some((next) => members.has(next)),
      ),
    );
    const operations = this.#completions(between.sort((a, b) => a - b));
    const key = quote(this.#versions.key(versions[0] ?? 0));
    const values = enumerate([...versions], (version) => quote(this.#versions.value(version)));
    return {
      sentence:
        `the versions ${values} of key ${key} precede each other in a cycle, according to the ` +
        "transactions that read one of them and wrote another: " +
        enumerate(operations, describeOperation),
      operations,
    };
  }

  /** The version of a key that a transaction leaves behind, if any. */
  #written(transaction: number, key: Json): number[] {
    return external(this.#transactions[transaction]?.steps ?? [])
      .writes.filter(([, written]) => isSameJson(written, key))
      .map(([, , value]) => this.#versions.number(key, value));
  }

  #completions(transactions: readonly number[]): Operation[] {
    return transactions.flatMap((number) => this.#transactions[number]?.completion ?? []);
  }

  /** Calls back for each version that was read, with the transactions that read it. */
  forEachRead(look: (version: number, readers: readonly number[]) => void): void {
    this.#readers.forEach((readers, version) => {
      look(version, readers);
    });
  }

  /** Calls back for each version that is known to precede others, with those. */
  forEachOrdered(look: (version: number, next: ReadonlySet<number>) => void): void {
    for (const [initial, after] of this.#afterInitial) look(initial, after);
    this.#next.forEach((after, version) => {
      look(version, new Set(after));
    });
  }

  readers(version: number): readonly number[] {
    return this.#readers[version] ?? [];
  }

  writers(version: number): readonly number[] {
    return this.#writers[version] ?? [];
  }

  /**
   * Returns the transaction that wrote a version, if any.
   *
   * @throws {Error} if several did.
   */
  onlyWriter(version: number): number | undefined {
    const writers = this.writers(version);
    if (writers.length > 1) {
      throw new Error(
        `Key ${quote(this.#versions.key(version))} had value ` +
          `${quote(this.#versions.value(version))} written by more than one transaction: ` +
          enumerate(this.#completions(writers), describeOperation),
      );
    }
    return writers[0];
  }

  /** Whether one value of a key is known to precede another. */
  precedes(key: Json, value: Json, next: Json): boolean {
    const version = this.#versions.number(key, value);
    const after = this.#versions.number(key, next);
    return value === null
      ? (this.#afterInitial.get(version)?.has(after) ?? false)
      : (this.#next[version]?.includes(after) ?? false);
  }
}

function append(lists: number[][], version: number, item: number): void {
  const list = lists[version];
  if (list === undefined) lists[version] = [item];
  else list.push(item);
}

/** The first read of each key, unless the transaction wrote it before, and the last write of each. */
export function external(steps: readonly MicroOperation[]): {
  readonly reads: readonly MicroOperation[];
  readonly writes: readonly MicroOperation[];
} {
  const touched = new Set<Atom>();
  const reads: MicroOperation[] = [];
  const writes = new Map<Atom, MicroOperation>();
  for (const step of steps) {
    const [f, key] = step;
    const keyAtom = atom(key);
    if (f !== "r") writes.set(keyAtom, step);
    else if (!touched.has(keyAtom)) reads.push(step);
    touched.add(keyAtom);
  }
  return { reads, writes: [...writes.values()] };
}
