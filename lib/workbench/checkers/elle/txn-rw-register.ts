/**
 * Judges transactions over registers: `[["r", key, null], ["w", key, value]]`.
 *
 * Registers say little about the order of their versions. What is known is that the initial state,
 * `null`, comes first, and that a transaction which reads one version of a key and writes another
 * puts the second after the first. So blind writes are in no order, and many errors go unseen.
 *
 * @see Elle 0.2.2, elle.rw-register; Maelstrom, workload txn-rw-register (`wfr-keys?` on)
 */

import { isArray, isSameJson } from "../../../protocol/json-key.ts";
import { isRawNumber, type Json } from "../../../vortex/index.ts";
import type { History, Operation } from "../../history/history.ts";
import { type CheckOptions, FatalCheckError } from "../checker.ts";
import { describeOperation, enumerate, quote } from "../wording.ts";
import { Anomalies, SEARCH_TIMEOUT, type TransactionVerdict } from "./anomalies.ts";
import { failedWrites, findLostUpdates, intermediateWrites } from "./common-anomalies.ts";
import { stronglyConnectedComponents } from "./cycles/components.ts";
import type { LabelledTxn, TransactionDependencies } from "./cycles/explain-cycle.ts";
import { findCycles } from "./cycles/find-cycles.ts";
import { GraphBuilder } from "./cycles/graph.ts";
import { type Relations, RW, WR, WW } from "./cycles/relations.ts";
import {
  type Atom,
  atom,
  type MicroOperation,
  microOperations,
  type Transaction,
  type TransactionHistory,
  transactionHistory,
  VersionTable,
} from "./transactions.ts";

/**
 * Checks a history of transactions over registers.
 *
 * @throws {Error} if a value that was read was written by several `ok` transactions, an operation
 *   is no transaction, or a consistency model is unknown.
 * @throws {FatalCheckError} if keys are of different sorts, such as `1` and `"1"`.
 */
export function checkTxnRwRegister(
  history: History,
  options: CheckOptions = {},
): TransactionVerdict {
  const transactions = transactionHistory(history);
  const anomalies = new Anomalies();
  findInternal(transactions, anomalies);
  findDirtyReads(transactions, anomalies);
  findLostUpdates(transactions, anomalies, (_, value) => atom(value));
  const versions = new RegisterVersions(transactions);
  versions.findCyclicVersions(anomalies);
  const dependencies = versions.dependencies();
  findCycles({ history: transactions, dependencies, precedence: [WR, WW, RW] }, anomalies, options);
  verifyKeys(transactions);
  // Maelstrom expects searches to time out on this workload, and does not count them.
  return anomalies.verdict(options, { ignored: [SEARCH_TIMEOUT], undecided: [] });
}

/** Reads that contradict what their own transaction read or wrote before. */
function findInternal({ transactions }: TransactionHistory, anomalies: Anomalies): void {
  for (const { isOk, steps, completion } of transactions) {
    if (!isOk || steps.length < 2) continue;
    const expected = new Map<Atom, Json>();
    for (const [f, key, value] of steps) {
      const keyAtom = atom(key);
      const before = expected.get(keyAtom) ?? null;
      // The original cannot tell null or false from having seen nothing.
      const isKnown = before !== null && before !== false;
      if (f === "r" && isKnown && !isSameJson(before, value)) {
        anomalies.add("internal", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, although within ` +
            `the same transaction it had last seen or written ${quote(before)}`,
          operations: [completion],
        }));
        break;
      }
      expected.set(keyAtom, value);
    }
  }
}

/** Reads of values that were aborted (G1a) or overwritten by their own writer (G1b). */
function findDirtyReads(history: TransactionHistory, anomalies: Anomalies): void {
  const failed = failedWrites(history);
  const intermediate = intermediateWrites(history);
  if (failed.isEmpty && intermediate.isEmpty) return;
  for (const { isOk, steps, completion } of history.transactions) {
    if (!isOk) continue;
    for (const [f, key, value] of steps) {
      if (f !== "r") continue;
      const aborted = failed.writer(key, value);
      if (aborted !== undefined) {
        anomalies.add("G1a", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, which ${describeOperation(aborted)} wrote, ` +
            "but that transaction failed and must have no effect",
          operations: [aborted, completion],
        }));
      }
      const writer = intermediate.writer(key, value);
      if (writer !== undefined && writer !== completion) {
        anomalies.add("G1b", () => ({
          sentence:
            `${describeOperation(completion)} read key ${quote(key)} = ${quote(value)}, an intermediate state: ` +
            `${describeOperation(writer)} wrote it, then overwrote it in the same transaction`,
          operations: [writer, completion],
        }));
      }
    }
  }
}

function verifyKeys({ operations }: TransactionHistory): void {
  const sorts = new Set<string>();
  for (const operation of operations) {
    for (const [, key] of microOperations(operation)) sorts.add(sortOf(key));
  }
  if (sorts.size > 1) {
    throw new FatalCheckError(`Keys are of different sorts: ${[...sorts].join(", ")}`);
  }
}

/** The original's type of a key: integers of 64 bits are one, larger ones another. */
function sortOf(key: Json): string {
  if (Number.isInteger(key)) return "integer";
  if (isRawNumber(key) && /^-?\d+$/.test(key.rawJSON)) {
    const integer = BigInt(key.rawJSON);
    return BigInt.asIntN(64, integer) === integer ? "integer" : "large integer";
  }
  if (isRawNumber(key) || typeof key === "number") return "float";
  if (key === null) return "null";
  return isArray(key) ? "array" : typeof key;
}

/** What is known of the order of registers' versions, and who read and wrote which. */
class RegisterVersions {
  readonly #transactions: readonly Transaction[];
  readonly #versions = new VersionTable();
  /** By version, the `ok` transactions that wrote it last, and that read it first. */
  readonly #writers: number[][] = [];
  readonly #readers: number[][] = [];
  /** By version, those that were written by transactions which had read it. */
  readonly #next: number[][] = [];
  /** The versions of each key that come after the initial one, by the number of the latter. */
  readonly #afterInitial = new Map<number, Set<number>>();

  constructor({ transactions }: TransactionHistory) {
    this.#transactions = transactions;
    transactions.forEach((transaction, number) => {
      const { reads, writes } = external(transaction.steps);
      // Nobody knows what an info transaction read, but what it wrote may have been written.
      for (const [, key, value] of writes) this.#appears(key, value);
      if (!transaction.isOk) return;
      for (const [, key, value] of reads) {
        this.#appears(key, value);
        this.#add(this.#readers, this.#versions.number(key, value), number);
      }
      for (const [, key, value] of writes) {
        this.#add(this.#writers, this.#versions.number(key, value), number);
      }
      this.#readThenWritten(reads, writes);
    });
  }

  /** Takes note of a version: it comes after the initial one. */
  #appears(key: Json, value: Json): void {
    if (value === null) return;
    const initial = this.#versions.number(key, null);
    const after = this.#afterInitial.get(initial) ?? new Set();
    this.#afterInitial.set(initial, after.add(this.#versions.number(key, value)));
  }

  #readThenWritten(reads: readonly MicroOperation[], writes: readonly MicroOperation[]): void {
    for (const [, key, value] of reads) {
      if (value === null) continue;
      const write = writes.find(([, written]) => isSameJson(written, key));
      if (write === undefined || write[2] === null || write[2] === false) continue;
      this.#add(
        this.#next,
        this.#versions.number(key, value),
        this.#versions.number(key, write[2]),
      );
    }
  }

  #add(lists: number[][], version: number, item: number): void {
    const list = lists[version];
    if (list === undefined) lists[version] = [item];
    else list.push(item);
  }

  /**
   * Finds versions each of which comes before all others. If there are any, no order that was
   * inferred from reads followed by writes is trusted, on any key.
   */
  findCyclicVersions(anomalies: Anomalies): void {
    const builder = new GraphBuilder(this.#versions.size);
    this.#next.forEach((after, version) => {
      for (const next of after) builder.link(version, next, WW);
    });
    const cycles = stronglyConnectedComponents(builder.build(), WW, { selfEdges: false });
    for (const versions of cycles) {
      anomalies.add("cyclic-versions", () => this.#describeCyclicVersions(versions.toSorted()));
    }
    if (cycles.length > 0) this.#next.length = 0;
  }

  #describeCyclicVersions(versions: Int32Array) {
    const members = new Set(versions);
    const between = [...members].flatMap((version) =>
      (this.#readers[version] ?? []).filter((reader) =>
        this.#written(reader, this.#versions.key(version)).some((next) => members.has(next)),
      ),
    );
    const operations = this.#completions(between.sort((a, b) => a - b));
    const key = quote(this.#versions.key(versions[0] ?? 0));
    const describeVersion = (version: number) => quote(this.#versions.value(version));
    return {
      sentence:
        `The versions ${enumerate([...versions], describeVersion)} of key ${key} come each before the others, ` +
        "as the transactions say that read one of them and then wrote another: " +
        enumerate(operations, describeOperation),
      operations,
    };
  }

  /** The versions of a key that a transaction leaves behind: one, or none. */
  #written(transaction: number, key: Json): number[] {
    return external(this.#transactions[transaction]?.steps ?? [])
      .writes.filter(([, written]) => isSameJson(written, key))
      .map(([, , value]) => this.#versions.number(key, value));
  }

  #completions(transactions: readonly number[]): Operation[] {
    return transactions.flatMap((number) => this.#transactions[number]?.completion ?? []);
  }

  /**
   * The dependencies of transactions on each other.
   *
   * @throws {Error} if a value that was read was written by several transactions.
   */
  dependencies(): TransactionDependencies {
    const builder = new GraphBuilder(this.#transactions.length);
    let isEmpty = true;
    this.#readers.forEach((readers, version) => {
      const writers = this.#writers[version] ?? [];
      const [writer] = writers;
      if (writer === undefined) return;
      if (writers.length > 1) {
        throw new Error(
          `Key ${quote(this.#versions.key(version))} had value ` +
            `${quote(this.#versions.value(version))} written by more than one transaction: ` +
            enumerate(this.#completions(writers), describeOperation),
        );
      }
      // A transaction that read what it was yet to write does depend on itself.
      for (const reader of readers) builder.link(writer, reader, WR);
    });
    const linkNext = (version: number, after: Iterable<number>) => {
      const overwriters = [...new Set(after)].flatMap((next) => this.#writers[next] ?? []);
      const writers = this.#writers[version] ?? [];
      const readers = this.#readers[version] ?? [];
      builder.linkAll(writers, overwriters, WW);
      builder.linkAll(readers, overwriters, RW);
      // The original takes note of a transaction that would only depend on itself.
      isEmpty &&= overwriters.length === 0 || writers.length + readers.length === 0;
    };
    for (const [initial, after] of this.#afterInitial) linkNext(initial, after);
    this.#next.forEach((after, version) => {
      linkNext(version, after);
    });
    return {
      builder,
      isEmpty: isEmpty && builder.isEmpty,
      explain: (relation, from, to) => this.#explain(relation, from, to),
    };
  }

  /** Tells why one transaction comes before another. */
  #explain(relation: Relations, from: LabelledTxn, to: LabelledTxn): string {
    const before = external(from.transaction.steps);
    const after = external(to.transaction.steps);
    if (relation === WR) {
      for (const [, key, value] of before.writes) {
        if (!after.reads.some(([, k, v]) => isSameJson(k, key) && isSameJson(v, value))) continue;
        return `${from.name} wrote key ${quote(key)} = ${quote(value)}, which ${to.name} read (wr)`;
      }
    }
    for (const [, key, value] of relation === WW ? before.writes : before.reads) {
      for (const [, k, next] of after.writes) {
        if (!isSameJson(k, key) || !this.#isNext(key, value, next)) continue;
        const did = relation === WW ? "wrote" : "read";
        const label = relation === WW ? "ww" : "rw";
        return (
          `${from.name} ${did} key ${quote(key)} = ${quote(value)}, ` +
          `and ${to.name} wrote ${quote(next)}, a later version (${label})`
        );
      }
    }
    return `${from.name} comes before ${to.name}`;
  }

  #isNext(key: Json, value: Json, next: Json): boolean {
    const version = this.#versions.number(key, value);
    const after = this.#versions.number(key, next);
    return value === null
      ? (this.#afterInitial.get(version)?.has(after) ?? false)
      : (this.#next[version]?.includes(after) ?? false);
  }
}

/** What a transaction read of others, first thing of a key, and what it left for others. */
function external(steps: readonly MicroOperation[]): {
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
