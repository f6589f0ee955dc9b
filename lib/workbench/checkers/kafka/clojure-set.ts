/**
 * Which element of a Clojure hash set comes first.
 *
 * Where polls and sends put several messages at one offset, Jepsen takes the first element of a
 * hash set for *the* message there, and measures skips and steps back by it. Another choice would
 * be as good, but would give other verdicts. The elements of a set are ordered by their hashes,
 * five bits at a time from the lowest: that is how its trie is laid out.
 *
 * @see Clojure, `Murmur3.hashLong` and `PersistentHashMap`
 */

import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";

/** Compares two different values by their places in a Clojure set: negative if `one` is earlier. */
export function compareInSet(one: Json, other: Json): number {
  // Maelstrom sends integers. Others follow them, in an order of our own.
  if (!Number.isSafeInteger(one) || !Number.isSafeInteger(other)) {
    if (Number.isSafeInteger(one)) return -1;
    if (Number.isSafeInteger(other)) return 1;
    return jsonKey(one) < jsonKey(other) ? -1 : 1;
  }
  const [hash, otherHash] = [hashLong(Number(one)), hashLong(Number(other))];
  for (let shift = 0; shift < 32; shift += 5) {
    const difference = ((hash >>> shift) & 31) - ((otherHash >>> shift) & 31);
    if (difference !== 0) return difference;
  }
  return 0;
}

function hashLong(value: number): number {
  if (value === 0) return 0;
  let hash = mix(0, value | 0);
  hash = mix(hash, Math.floor(value / 2 ** 32) | 0);
  hash ^= 8; // bytes hashed
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function mix(hash: number, word: number): number {
  const scrambled = Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
  return (Math.imul(rotateLeft(hash ^ scrambled, 13), 5) + 0xe6546b64) | 0;
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
