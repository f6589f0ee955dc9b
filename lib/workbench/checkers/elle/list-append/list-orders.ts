/**
 * The order in which elements were appended to each key's list, as reads tell it.
 *
 * @see Elle 0.2.2, elle.list-append/sorted-values
 */

import { isArray, isSameJson, jsonKey } from "../../../../protocol/json-key.ts";
import type { Json } from "../../../../vortex/index.ts";
import { bifurcanListHash, inBifurcanOrder } from "../../clojure/set-order.ts";
import { type Atom, atom, type Transaction, type TransactionHistory } from "../transactions.ts";

/** What is known of one key. */
export interface ListOrder {
  readonly key: Json;
  /** The longest list that was read; where nothing was, the only element appended, if any. */
  readonly longest: readonly Json[];
  /** Its elements, each once. */
  readonly elements: readonly Json[];
  /** The place of each element among those. */
  readonly positions: ReadonlyMap<Atom, number>;
  /** How many of the longest list's elements it takes for one to occur twice. */
  readonly repeatedFrom: number;
}

export class ListOrders {
  readonly #orders = new Map<Atom, ListOrder>();

  constructor({ transactions }: TransactionHistory) {
    const reads = new LongestReads(transactions);
    const appended = new Map<Atom, { readonly key: Json; readonly list: Json[] }>();
    for (const { steps } of transactions) {
      for (const [f, key, value] of steps) {
        if (f === "r") continue;
        const ofKey = appended.get(atom(key));
        if (ofKey === undefined) appended.set(atom(key), { key, list: [value] });
        else ofKey.list.push(value);
      }
    }
    for (const [keyAtom, { key, list }] of appended) {
      if (list.length === 1) this.#orders.set(keyAtom, listOrder(key, list));
    }
    for (const [keyAtom, { key, list }] of reads.byKey) {
      this.#orders.set(keyAtom, listOrder(key, list));
    }
  }

  all(): Iterable<ListOrder> {
    return this.#orders.values();
  }

  of(key: Json): ListOrder | undefined {
    return this.#orders.get(atom(key));
  }

  /** Whether a list that was read is a beginning of the longest one. */
  isPrefix(key: Json, list: readonly Json[]): boolean {
    return isBeginning(list, this.of(key)?.longest ?? []);
  }

  /** What equal values of a key share: without going through it if it is a beginning. */
  versionOf(key: Json, value: Json): Atom {
    return isArray(value) && this.isPrefix(key, value) ? value.length : jsonKey(value);
  }
}

/** The longest list that was read of each key. */
class LongestReads {
  readonly byKey = new Map<Atom, { readonly key: Json; readonly list: readonly Json[] }>();

  constructor(transactions: readonly Transaction[]) {
    // Keys of which different lists are the longest.
    const tied = new Set<Atom>();
    forEachRead(transactions, (key, list) => {
      const keyAtom = atom(key);
      const known = this.byKey.get(keyAtom)?.list ?? [];
      if (list.length > known.length) {
        this.byKey.set(keyAtom, { key, list });
        tied.delete(keyAtom);
      } else if (list.length === known.length && !isBeginning(list, known)) {
        tied.add(keyAtom);
      }
    });
    this.#breakTies(transactions, tied);
  }

  /** Of several longest lists Elle goes by the one that it comes upon last, in the order of a set. */
  #breakTies(transactions: readonly Transaction[], tied: ReadonlySet<Atom>): void {
    if (tied.size === 0) return;
    const lists = new Map<Atom, Map<string, readonly Json[]>>();
    forEachRead(transactions, (key, list) => {
      const keyAtom = atom(key);
      if (!tied.has(keyAtom) || list.length === 0) return;
      const ofKey = lists.get(keyAtom) ?? new Map();
      lists.set(keyAtom, ofKey.set(jsonKey(list), list));
    });
    for (const [keyAtom, ofKey] of lists) {
      const known = this.byKey.get(keyAtom);
      if (known === undefined) continue;
      const different = [...ofKey.values()];
      const hashes = Int32Array.from(different, bifurcanListHash);
      const ordered = inBifurcanOrder([...different.keys()], hashes).map((i) => different[i] ?? []);
      const list = ordered.findLast(({ length }) => length === known.list.length);
      this.byKey.set(keyAtom, { key: known.key, list: list ?? known.list });
    }
  }
}

function forEachRead(
  transactions: readonly Transaction[],
  look: (key: Json, list: readonly Json[]) => void,
): void {
  for (const { steps } of transactions) {
    for (const [f, key, value] of steps) if (f === "r") look(key, listOf(value));
  }
}

/** Whether one list is a beginning of another. */
function isBeginning(list: readonly Json[], whole: readonly Json[]): boolean {
  return list.length <= whole.length && list.every((item, i) => isSameJson(item, whole[i] ?? null));
}

/** A list that was read. What was never appended to is `null`, or empty. */
export function listOf(value: Json): readonly Json[] {
  if (value === null) return [];
  if (!isArray(value)) throw new Error(`Not a list: ${jsonKey(value)}`);
  return value;
}

function listOrder(key: Json, longest: readonly Json[]): ListOrder {
  const positions = new Map<Atom, number>();
  const elements: Json[] = [];
  let repeatedFrom = Number.POSITIVE_INFINITY;
  longest.forEach((element, i) => {
    const elementAtom = atom(element);
    if (positions.has(elementAtom)) {
      repeatedFrom = Math.min(repeatedFrom, i + 1);
      return;
    }
    positions.set(elementAtom, elements.length);
    elements.push(element);
  });
  return { key, longest, elements, positions, repeatedFrom };
}
