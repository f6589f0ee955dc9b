/**
 * The orders of Clojure's and Bifurcan's hash sets, where a verdict depends on them.
 *
 * Jepsen and Elle iterate over unordered sets and act on whichever element comes first or last, so
 * the same history yields other anomalies in another order. Three places depend on one. The last
 * column counts the verdicts of the golden corpus whose anomalies differ from Maelstrom's without it.
 *
 * | where | set | what it decides | verdicts |
 * | --- | --- | --- | --- |
 * | `kafka/log.ts` | Clojure | which of several messages at one offset counts as the message there | 3 |
 * | `elle/cycles/search-space.ts` | Bifurcan | which cycle is found first, and so its type | 38 |
 * | `elle/list-append/list-orders.ts` | Bifurcan | which of several longest lists orders the key: the last | 13 |
 *
 * Both sets are tries over five bits of a 32-bit hash at a time, lowest bits first. They differ in
 * the hash, and in that Bifurcan lists the entries of a trie node before its subtrees.
 *
 * @see Clojure, `Murmur3.hashLong` and `PersistentHashMap`; Bifurcan, `Map`; Steindorfer and Vinju,
 *   "Optimizing hash-array mapped tries" (2015)
 */

import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";

const BITS_PER_LEVEL = 5;
const HASH_BITS = 32;

/**
 * Compares two different values by their places in a Clojure hash set: negative if `one` is earlier.
 *
 * Integers are ordered as Clojure orders them. Other values, which Maelstrom never sends, follow in
 * an arbitrary but fixed order.
 */
export function compareInClojureSet(one: Json, other: Json): number {
  if (!Number.isSafeInteger(one) || !Number.isSafeInteger(other)) {
    if (Number.isSafeInteger(one)) return -1;
    if (Number.isSafeInteger(other)) return 1;
    return jsonKey(one) < jsonKey(other) ? -1 : 1;
  }
  const [hash, otherHash] = [hashLong(Number(one)), hashLong(Number(other))];
  for (let shift = 0; shift < HASH_BITS; shift += BITS_PER_LEVEL) {
    const difference = branchOf(hash, shift) - branchOf(otherHash, shift);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Sorts nodes as a Bifurcan set of exactly these nodes iterates over them.
 *
 * @param nodes Indices into `hashOf`.
 * @param hashOf The hash of each node, from `bifurcanOperationHash` or `bifurcanListHash`.
 */
export function inBifurcanOrder(nodes: readonly number[], hashOf: Int32Array): number[] {
  if (nodes.length < 2) return [...nodes];
  const ordered: number[] = [];
  place(nodes, hashOf, 0, ordered);
  return ordered;
}

/** Returns the hash by which Bifurcan places an operation, given the operation's index. */
export function bifurcanOperationHash(index: number): number {
  return spread(hashLong(index));
}

/** Returns the hash by which Bifurcan places a list. */
export function bifurcanListHash(list: readonly Json[]): number {
  const hash = list.reduce<number>((hash, item) => (Math.imul(31, hash) + itemHash(item)) | 0, 1);
  return spread(hash);
}

/** Recurses at most once per level of the hash, seven times. */
function place(nodes: readonly number[], hashOf: Int32Array, shift: number, ordered: number[]) {
  if (shift >= HASH_BITS) {
    ordered.push(...nodes);
    return;
  }
  const branches: number[][] = [];
  for (const node of nodes) {
    const branch = branchOf(hashOf[node] ?? 0, shift);
    const members = branches[branch];
    if (members === undefined) branches[branch] = [node];
    else members.push(node);
  }
  const subtrees: number[][] = [];
  for (const members of branches) {
    const [first, second] = members ?? [];
    if (first === undefined || members === undefined) continue;
    if (second === undefined) ordered.push(first);
    else subtrees.push(members);
  }
  for (const members of subtrees) place(members, hashOf, shift + BITS_PER_LEVEL, ordered);
}

function branchOf(hash: number, shift: number): number {
  return (hash >>> shift) & (2 ** BITS_PER_LEVEL - 1);
}

/** Java's hash of a long. Elements that are not integers get an arbitrary but fixed hash. */
function itemHash(item: Json): number {
  if (typeof item === "number") return (item | 0) ^ Math.floor(item / 2 ** 32);
  let hash = 0;
  for (const unit of jsonKey(item)) hash = (Math.imul(31, hash) + (unit.codePointAt(0) ?? 0)) | 0;
  return hash;
}

/** Bifurcan's scrambling of a hash. It folds 64 bits into 32, a negative hash with its own sign. */
function spread(hash: number): number {
  let spread = hash < 0 ? ~hash : hash;
  spread ^= (spread >>> 20) ^ (spread >>> 12);
  spread ^= (spread >>> 7) ^ (spread >>> 4);
  return spread;
}

/** Clojure's hash of a long: MurmurHash3 of its two words. */
function hashLong(value: number): number {
  if (value === 0) return 0;
  let hash = mix(0, value | 0);
  hash = mix(hash, Math.floor(value / 2 ** 32) | 0);
  hash ^= 8; // The number of bytes.
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
