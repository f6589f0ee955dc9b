import { stringifyJson } from "../../lib/vortex/index.ts";

const PAGE_BITS = 9;
const PAGE_WORDS = 2 ** (PAGE_BITS - 5);

/**
 * A set of JSON values that also gives each a code: a number of 32 bits.
 *
 * Integers from 0 to 2^31 - 1 are their own codes, and cost a bit each where they lie close together.
 * All others are told apart as they were written: `1`, `1.0` and `"1"` are three values.
 */
export class JsonSet {
  /** Bits of integers, in pages of 512. */
  readonly #pages = new Map<number, Uint32Array>();
  readonly #others: { readonly value: unknown; readonly length: number }[] = [];
  readonly #codesOfOthers = new Map<string, number>();
  #size = 0;
  /** All values; made by the first who asks, and kept up from then on. */
  #list: unknown[] | undefined;

  /** How many values are in it. */
  get size(): number {
    return this.#size;
  }

  /**
   * Puts a value into the set, if it is not there.
   *
   * @returns its code, which is the same for equal values.
   */
  add(value: unknown): number {
    return isOwnCode(value) ? this.#addInteger(value) : this.#addOther(value);
  }

  /** Whether a value is in it. */
  has(value: unknown): boolean {
    if (!isOwnCode(value)) return this.#codesOfOthers.has(stringifyJson(value));
    const word = this.#pages.get(value >>> PAGE_BITS)?.[(value >>> 5) % PAGE_WORDS] ?? 0;
    return (word & (1 << (value & 31))) !== 0;
  }

  /** The value of a code that {@link add} has returned. */
  valueOf(code: number): unknown {
    return code >= 0 ? code : this.#others[~code]?.value;
  }

  /** About how many characters the JSON text of a code's value has. */
  textLengthOf(code: number): number {
    return code >= 0 ? 8 : (this.#others[~code]?.length ?? 0);
  }

  /**
   * All values, in no order that means anything. It is the set's own list, which grows with the set:
   * whoever asks again and again, such as for the replies to reads, makes no copies.
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
  // Not -0, which is written in another way.
  return typeof value === "number" && value >= 0 && value === value >> 0 && !Object.is(value, -0);
}
