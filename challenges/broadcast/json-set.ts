import { stringifyJson } from "../../lib/vortex/index.ts";

const PAGE_BITS = 9;
const PAGE_WORDS = 2 ** (PAGE_BITS - 5);

/**
 * A set of JSON values that gives each value a code of 32 bits.
 *
 * Integers from 0 to 2^31 - 1 are their own codes, and take one bit each where they are dense. All
 * other values are compared by their JSON text: `1`, `1.0` and `"1"` are three values.
 */
export class JsonSet {
  /** One bit per integer, in pages of 512. */
  readonly #pages = new Map<number, Uint32Array>();
  readonly #others: { readonly value: unknown; readonly length: number }[] = [];
  readonly #codesOfOthers = new Map<string, number>();
  #size = 0;
  /** All values; built on first use and kept up to date from then on. */
  #list: unknown[] | undefined;

  /** Number of values. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a value, unless the set has it.
   *
   * @returns the value's code; equal values have equal codes.
   */
  add(value: unknown): number {
    return isOwnCode(value) ? this.#addInteger(value) : this.#addOther(value);
  }

  /** Whether the set has a value. */
  has(value: unknown): boolean {
    if (!isOwnCode(value)) return this.#codesOfOthers.has(stringifyJson(value));
    const word = this.#pages.get(value >>> PAGE_BITS)?.[(value >>> 5) % PAGE_WORDS] ?? 0;
    return (word & (1 << (value & 31))) !== 0;
  }

  /** Value of a code that {@link add} returned. */
  valueOf(code: number): unknown {
    return code >= 0 ? code : this.#others[~code]?.value;
  }

  /** Approximate length of the JSON text of a code's value, in characters. */
  textLengthOf(code: number): number {
    return code >= 0 ? 8 : (this.#others[~code]?.length ?? 0);
  }

  /**
   * All values, in no particular order. This is the set's own list, which grows with the set, so that
   * replies to reads copy nothing.
   */
  asArray(): readonly unknown[] {
    this.#list ??= this.#listAll();
    return this.#list;
  }

  #listAll(): unknown[] {
    const values: unknown[] = this.#others.map(({ value }) => value);
    for (const [page, words] of this.#pages) {
      for (const [index, word] of words.entries()) {
        for (let bits = word; bits !== 0; bits &= bits - 1) {
          values.push((page << PAGE_BITS) + (index << 5) + 31 - Math.clz32(bits & -bits));
        }
      }
    }
    return values;
  }

  #addInteger(value: number): number {
    let words = this.#pages.get(value >>> PAGE_BITS);
    if (words === undefined) {
      words = new Uint32Array(PAGE_WORDS);
      this.#pages.set(value >>> PAGE_BITS, words);
    }
    const index = (value >>> 5) % PAGE_WORDS;
    const word = words[index] ?? 0;
    const bit = 1 << (value & 31);
    if ((word & bit) === 0) {
      words[index] = word | bit;
      this.#count(value);
    }
    return value;
  }

  #addOther(value: unknown): number {
    const text = stringifyJson(value);
    const known = this.#codesOfOthers.get(text);
    if (known !== undefined) return known;
    const code = ~this.#others.length;
    this.#others.push({ value, length: text.length });
    this.#codesOfOthers.set(text, code);
    this.#count(value);
    return code;
  }

  #count(added: unknown): void {
    this.#size++;
    this.#list?.push(added);
  }
}

function isOwnCode(value: unknown): value is number {
  // JSON keeps the sign of -0.
  return typeof value === "number" && value >= 0 && value === value >> 0 && !Object.is(value, -0);
}
