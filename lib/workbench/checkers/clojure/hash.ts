/**
 * Clojure's hash of JSON values, as `(hash x)` returns it for the output of a JSON parser.
 *
 * @see Clojure, `clojure.lang.Util.hasheq`, `Numbers.hasheq` and `Murmur3`
 */
import { isArray } from "../../../protocol/json-key.ts";
import { isRawNumber, type Json } from "../../../vortex/index.ts";

/** Returns Clojure's hash of a value, a signed 32-bit integer. */
export function clojureHash(value: Json): number {
  if (value === null) return 0;
  if (typeof value === "boolean") return value ? 1231 : 1237;
  if (typeof value === "string") return hashInt(javaHash(value));
  if (typeof value === "number") {
    return Number.isInteger(value) ? hashInteger(value) : hashDouble(value);
  }
  if (isRawNumber(value)) {
    const text = value.rawJSON;
    return /^-?\d+$/.test(text) ? hashBigInteger(BigInt(text)) : hashDouble(Number(text));
  }
  return isArray(value) ? hashOrdered(value.map(clojureHash)) : hashObject(value);
}

/** Clojure's hash of a long: MurmurHash3 of its two words. */
export function hashLong(low: number, high: number): number {
  if (low === 0 && high === 0) return 0;
  return finish(mix(mix(0, low), high), 8);
}

function hashInteger(value: number): number {
  if (!Number.isSafeInteger(value)) return hashBigInteger(BigInt(String(value)));
  return hashLong(value | 0, Math.floor(value / 2 ** 32) | 0);
}

/** The hash of an integer of any size: as a long if it fits, else as Java's `BigInteger`. */
function hashBigInteger(value: bigint): number {
  if (BigInt.asIntN(64, value) === value) {
    return hashLong(Number(BigInt.asIntN(32, value)), Number(value >> 32n));
  }
  const words: number[] = [];
  const magnitude = value < 0n ? -value : value;
  for (let rest = magnitude; rest > 0n; rest >>= 32n) words.unshift(Number(rest & 0xffff_ffffn));
  const hash = words.reduce((hash, word) => (Math.imul(31, hash) + word) | 0, 0);
  return value < 0n ? -hash | 0 : hash;
}

/** Java's hash of a double; Clojure gives -0.0 that of 0.0. */
function hashDouble(value: number): number {
  if (value === 0) return 0;
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  return bits.getInt32(0) ^ bits.getInt32(4);
}

/** Java's hash of a string. */
function javaHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) {
    hash = (Math.imul(31, hash) + text.charCodeAt(index)) | 0;
  }
  return hash;
}

function hashInt(value: number): number {
  return value === 0 ? 0 : finish(mix(0, value), 4);
}

/** The hash of a vector, from those of its elements. */
function hashOrdered(hashes: readonly number[]): number {
  const hash = hashes.reduce((hash, item) => (Math.imul(31, hash) + item) | 0, 1);
  return hashCollection(hash, hashes.length);
}

/** The hash of a map: the sum of its entries' hashes, each that of a vector of two. */
function hashObject(value: { readonly [key: string]: Json }): number {
  const entries = Object.entries(value);
  const sum = entries.reduce(
    (sum, [key, item]) => (sum + hashOrdered([clojureHash(key), clojureHash(item)])) | 0,
    0,
  );
  return hashCollection(sum, entries.length);
}

function hashCollection(hash: number, count: number): number {
  return finish(mix(0, hash), count);
}

/** MurmurHash3's step for one word. */
function mix(hash: number, word: number): number {
  const scrambled = Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotateLeft(hash ^ scrambled, 13), 5) + 0xe6546b64) | 0;
}

/** MurmurHash3's last step, for a number of bytes or of elements. */
function finish(hash: number, length: number): number {
  let mixed = hash ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
