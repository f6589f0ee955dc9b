/**
 * Infers from reads the order in which elements were appended to each key's list.
 *
 * @see Elle 0.2.2, elle.list-append/sorted-values
 */
import { isArray, isSameJson, jsonKey } from "../../../../protocol/json-key.ts";
import type { Json } from "../../../../vortex/index.ts";
import { inClojureOrder } from "../../clojure/set-order.ts";
import { type Atom, atom, type Transaction, type TransactionHistory } from "../transactions.ts";

/** The order of appends to one key. */
export interface ListOrder {
  readonly key: Json;
  /** The longest list read; for a key that was never read, its only append. */
  readonly longest: readonly Json[];
  /** Its elements without repeats. */
  readonly elements: readonly Json[];
  /** The index of each element in `elements`. */
  readonly positions: ReadonlyMap<Atom, number>;
  /** Length of the shortest prefix of the longest list that repeats an element. */
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

  /** Whether a list is a prefix of the key's longest one. */
  isPrefix(key: Json, list: readonly Json[]): boolean {
    return isPrefix(list, this.of(key)?.longest ?? []);
  }

  /** Identifies a value of a key; for a prefix of the longest list, its length suffices. */
  versionOf(key: Json, value: Json): Atom {
    return isArray(value) && this.isPrefix(key, value) ? value.length : jsonKey(value);
  }
}

/** The longest list read of each key. */
class LongestReads {
  readonly byKey = new Map<Atom, { readonly key: Json; readonly list: readonly Json[] }>();

  constructor(transactions: readonly Transaction[]) {
    // Keys with several different longest lists.
    const tied = new Set<Atom>();
    forEachRead(transactions, (key, list) => {
      const keyAtom = atom(key);
      const known = this.byKey.get(keyAtom)?.list ?? [];
      if (list.length > known.length) {
        this.byKey.set(keyAtom, { key, list });
        tied.delete(keyAtom);
      } else if (list.length === known.length && !isPrefix(list, known)) {
        tied.add(keyAtom);
      }
    });
    this.#breakTies(transactions, tied);
  }

  /** Of several longest lists Elle takes the last one in the order of a Clojure hash set. */
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
      const longest = [...ofKey.values()].filter(({ length }) => length === known.list.length);
      const list = inClojureOrder(longest).at(-1);
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

/** Whether one list is a prefix of another. */
function isPrefix(list: readonly Json[], whole: readonly Json[]): boolean {
  return list.length <= whole.length && list.every((item, i) => isSameJson(item, whole[i] ?? null));
}

/** Returns the list that was read; a key without appends reads as `null` or empty. */
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
