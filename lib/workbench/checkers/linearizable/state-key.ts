/** Identifies states: equal ones share a key. */
import { isRawNumber } from "../../../vortex/index.ts";

/** A key for maps. Primitive states are their own. */
export type StateKey = string | number | bigint | boolean | null | undefined | CompoundKey;

/** Prefix of the keys of objects, which no other text starts with. */
type CompoundKey = `\u0000${string}`;

/**
 * Returns a key that equal states share and unequal ones do not.
 *
 * Equality is that of JSON: the order of an object's fields does not matter. Maps and sets are equal
 * if their entries are, in any order.
 *
 * @throws {Error} if the state contains functions, symbols, or instances of other classes.
 */
export function stateKey(state: unknown): StateKey {
  if (typeof state === "string") {
    // Keeps the texts of primitives apart from those of objects.
    return state.startsWith("\u0000") ? `\u0000s${state}` : state;
  }
  if (typeof state === "object" && state !== null) return `\u0000${canonicalText(state)}`;
  if (typeof state === "function" || typeof state === "symbol") canonicalText(state);
  // The types above are excluded.
  return state as StateKey;
}

/** Canonical text of a state. @throws {Error} as {@link stateKey} does. */
export function canonicalText(state: unknown): string {
  switch (typeof state) {
    case "string":
      return quoted(state);
    case "number":
      // JSON has neither NaN nor infinities, and one zero.
      return Object.is(state, -0) ? "0" : String(state);
    case "bigint":
      return `${state}n`;
    case "boolean":
    case "undefined":
      return String(state);
    case "object":
      return state === null ? "null" : textOfObject(state);
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

function textOfObject(state: object): string {
  if (Array.isArray(state)) return `[${state.map(canonicalText).join()}]`;
  if (isRawNumber(state)) return state.rawJSON;
  if (state instanceof Map) {
    const entries = [...state].map(
      ([key, value]) => `${canonicalText(key)}=>${canonicalText(value)}`,
    );
    return `Map{${entries.sort().join()}}`;
  }
  if (state instanceof Set) return `Set{${[...state].map(canonicalText).sort().join()}}`;
  const prototype = Object.getPrototypeOf(state);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = state.constructor?.name ?? "an unknown class";
    throw new Error(`Cannot compare states that contain a ${name}. Give the model a stateKey`);
  }
  let text = "";
  for (const name of Object.keys(state).sort()) {
    text += `${text === "" ? "{" : ","}${quoted(name)}:${canonicalText(fieldOf(state, name))}`;
  }
  return text === "" ? "{}" : `${text}}`;
}

function fieldOf(state: object, name: string): unknown {
  return (state as { readonly [name: string]: unknown })[name];
}
