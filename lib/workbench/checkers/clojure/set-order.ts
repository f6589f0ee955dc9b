/**
 * The orders of Clojure's and Bifurcan's hash sets, where a verdict depends on them.
 *
 * Jepsen and Elle iterate over unordered sets and act on whichever element comes first or last, so
 * the same history yields other anomalies in another order. Three places depend on one:
 *
 * | where | set | what it decides |
 * | --- | --- | --- |
 * | `kafka/log.ts` | Clojure | which of several messages at one offset counts as the message there |
 * | `elle/cycles/search-space.ts` | Bifurcan | which cycle is found first, and so its type |
 * | `elle/list-append/list-orders.ts` | Clojure | which of several longest lists orders the key: the last |
 *
 * Elle collects the lists in a Bifurcan set, but converts it to a Clojure set before it sorts them.
 *
 * Both sets are tries over five bits of a 32-bit hash at a time, lowest bits first. They differ in
 * the hash, and in that Bifurcan lists the entries of a trie node before its subtrees.
 *
 * @see Clojure, `Murmur3.hashLong` and `PersistentHashMap`; Bifurcan, `Map`; Steindorfer and Vinju,
 *   "Optimizing hash-array mapped tries" (2015)
 */
import type { Json } from "../../../vortex/index.ts";
import { clojureHash, hashLong } from "./hash.ts";

const BITS_PER_LEVEL = 5;
const HASH_BITS = 32;

/**
 * Compares two values by their places in a Clojure hash set: negative if `one` is earlier. Returns 0
 * if their hashes are equal; in a set, the one that was added first is earlier then.
 */
export function compareInClojureSet(one: Json, other: Json): number {
  return compareHashes(clojureHash(one), clojureHash(other));
}

/** Sorts different values as a Clojure hash set of exactly these values iterates over them. */
export function inClojureOrder<T extends Json>(values: readonly T[]): T[] {
  const hashed = values.map((value) => ({ value, hash: clojureHash(value) }));
  hashed.sort((one, other) => compareHashes(one.hash, other.hash));
  return hashed.map(({ value }) => value);
}

function compareHashes(hash: number, other: number): number {
  for (let shift = 0; shift < HASH_BITS; shift += BITS_PER_LEVEL) {
    const difference = branchOf(hash, shift) - branchOf(other, shift);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * Sorts nodes as a Bifurcan set of exactly these nodes iterates over them.
 *
 * @param nodes Indices into `hashOf`.
 * @param hashOf The hash of each node, from `bifurcanOperationHash`.
 */
export function inBifurcanOrder(nodes: readonly number[], hashOf: Int32Array): number[] {
  if (nodes.length < 2) return [...nodes];
  const ordered: number[] = [];
  place(nodes, hashOf, 0, ordered);
  return ordered;
}

/** Returns the hash by which Bifurcan places an operation, given the operation's index. */
export function bifurcanOperationHash(index: number): number {
  return spread(hashLong(index, 0));
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

/** Bifurcan's scrambling of a hash. It folds 64 bits into 32, a negative hash with its own sign. */
function spread(hash: number): number {
  let spread = hash < 0 ? ~hash : hash;
  spread ^= (spread >>> 20) ^ (spread >>> 12);
  spread ^= (spread >>> 7) ^ (spread >>> 4);
  return spread;
}
