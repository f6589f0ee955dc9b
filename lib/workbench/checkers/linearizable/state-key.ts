/** Identifies states: equal ones share a key. */
import { isRawNumber } from "../../../vortex/index.ts";

/** A key for maps. Primitive states are their own. */
export type StateKey = string | number | bigint | boolean | null | undefined | CompoundKey;

/** Prefix of the keys of objects, which no other text starts with. */
type CompoundKey = `\u0000${string}`;

/** Texts longer than this are numbered in the keys of states that contain them. */
const MAX_TEXT_LENGTH = 16;

/**
 * Finds keys that equal states share and unequal ones do not.
 *
 * Equality is that of JSON: the order of an object's fields does not matter. Maps and sets are equal
 * if their entries are, in any order.
 */
export class StateKeys {
  /** Long texts by number: a state shares most of them with the one before. */
  readonly #numbers = new Map<string, number>();
  readonly #write = (text: string) =>
    text.length <= MAX_TEXT_LENGTH ? quoted(text) : `@${this.#numberOf(text)}`;
  #length = 0;

  /** Number of characters of the texts that it keeps. */
  get length(): number {
    return this.#length;
  }

  /** @throws {Error} if the state contains functions, symbols, or instances of other classes. */
  keyOf(state: unknown): StateKey {
    if (typeof state === "string") {
      // Keeps the texts of primitives apart from those of objects.
      return state.startsWith("\u0000") ? `\u0000s${state}` : state;
    }
    if (typeof state === "object" && state !== null) {
      return `\u0000${textOfObject(state, this.#write)}`;
    }
    if (typeof state === "function" || typeof state === "symbol") canonicalText(state);
    // The types above are excluded.
    return state as StateKey;
  }

  #numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(text, number);
    this.#length += text.length;
    return number;
  }
}

/** Writes a text so that no other part of a state looks the same. */
type WriteText = (text: string) => string;

/** Canonical text of a state. @throws {Error} as {@link StateKeys} does. */
export function canonicalText(state: unknown): string {
  return textOf(state, quoted);
}

function textOf(state: unknown, write: WriteText): string {
  switch (typeof state) {
    case "string":
      return write(state);
    case "number":
      // JSON has neither NaN nor infinities, and one zero.
      return Object.is(state, -0) ? "0" : String(state);
    case "bigint":
      return `${state}n`;
    case "boolean":
    case "undefined":
      return String(state);
    case "object":
      return state === null ? "null" : textOfObject(state, write);
    default:
      throw new Error(
        `Cannot compare states that contain a ${typeof state}. Give the model a stateKey`,
      );
  }
}

/** As JSON does, several times as fast for most texts. */
function quoted(text: string): string {
  return /^[ !#-[\]-~]*$/.test(text) ? `"${text}"` : JSON.stringify(text);
}

function textOfObject(state: object, write: WriteText): string {
  if (Array.isArray(state)) {
    let text = "";
    for (const element of state) text += `${text === "" ? "[" : ","}${textOf(element, write)}`;
    return text === "" ? "[]" : `${text}]`;
  }
  if (isRawNumber(state)) return state.rawJSON;
  if (state instanceof Map) {
    const entries = [...state].map(
      ([key, value]) => `${textOf(key, write)}=>${textOf(value, write)}`,
    );
    return `Map{${entries.sort().join()}}`;
  }
  if (state instanceof Set) {
    return `Set{${[...state]
      .map((element) => textOf(element, write))
      .sort()
      .join()}}`;
  }
  const prototype = Object.getPrototypeOf(state);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = state.constructor?.name ?? "an unknown class";
    throw new Error(`Cannot compare states that contain a ${name}. Give the model a stateKey`);
  }
  let text = "";
  for (const name of sortedNames(state)) {
    text += `${text === "" ? "{" : ","}${quoted(name)}:${textOf(fieldOf(state, name), write)}`;
  }
  return text === "" ? "{}" : `${text}}`;
}

/** Names are often in order, and sorting takes as long as all the rest. */
function sortedNames(state: object): string[] {
  const names = Object.keys(state);
  for (let index = 1; index < names.length; index++) {
    if ((names[index - 1] ?? "") > (names[index] ?? "")) return names.sort();
  }
  return names;
}

function fieldOf(state: object, name: string): unknown {
  return (state as { readonly [name: string]: unknown })[name];
}
