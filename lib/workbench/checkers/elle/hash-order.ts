/**
 * The order in which Elle goes through sets.
 *
 * Of several cycles Elle reports the sort of the one that it meets first, and of several longest
 * lists it believes the one that it meets last. So its verdict depends on the order of Bifurcan's
 * hash maps: tries by five bits of the hash at a time, in which entries that are alone in their
 * branch come before the branches of several.
 *
 * @see Steindorfer and Vinju, "Optimizing hash-array mapped tries" (2015); Appleby, MurmurHash3,
 *   as Clojure applies it to longs; Java, `List.hashCode`
 */

import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";

const BITS_PER_LEVEL = 5;
const HASH_BITS = 32;

/** The hash by which a set of operations places one, given the operation's index. */
export function operationHash(index: number): number {
  return spread(hashLong(index));
}

/** The hash by which a set of lists places one. */
export function listHash(list: readonly Json[]): number {
  const hash = list.reduce<number>((hash, item) => (Math.imul(31, hash) + itemHash(item)) | 0, 1);
  return spread(hash);
}

/** Elements are integers; any other would be hashed otherwise than here. */
function itemHash(item: Json): number {
  if (typeof item === "number") return (item | 0) ^ Math.floor(item / 2 ** 32);
  let hash = 0;
  for (const unit of jsonKey(item)) hash = (Math.imul(31, hash) + (unit.codePointAt(0) ?? 0)) | 0;
  return hash;
}

function spread(hash: number): number {
  // The original folds 64 bits into 32, and a negative hash with its own sign.
  let spread = hash < 0 ? ~hash : hash;
  spread ^= (spread >>> 20) ^ (spread >>> 12);
  spread ^= (spread >>> 7) ^ (spread >>> 4);
  return spread;
}

/**
 * Sorts things as a set would list them that has these and no others.
 *
 * @param nodes The things, as indices of their hashes.
 */
export function inHashOrder(nodes: readonly number[], hashOf: Int32Array): number[] {
  if (nodes.length < 2) return [...nodes];
  const ordered: number[] = [];
  place(nodes, hashOf, 0, ordered);
  return ordered;
}

/** Recurses no deeper than the hash has levels. */
function place(nodes: readonly number[], hashOf: Int32Array, shift: number, ordered: number[]) {
  if (shift >= HASH_BITS) {
    ordered.push(...nodes);
    return;
  }
  const branches: number[][] = [];
  for (const node of nodes) {
    const branch = ((hashOf[node] ?? 0) >>> shift) & (2 ** BITS_PER_LEVEL - 1);
    const members = branches[branch];
    if (members === undefined) branches[branch] = [node];
    else members.push(node);
  }
  const several: number[][] = [];
  for (const members of branches) {
    const [first, second] = members ?? [];
    if (first === undefined || members === undefined) continue;
    if (second === undefined) ordered.push(first);
    else several.push(members);
  }
  for (const members of several) place(members, hashOf, shift + BITS_PER_LEVEL, ordered);
}

function hashLong(value: number): number {
  if (value === 0) return 0;
  const low = value | 0;
  const high = Math.floor(value / 2 ** 32) | 0;
  const hash = mixHash(mixHash(0, mixWord(low)), mixWord(high));
  return finish(hash ^ 8);
}

function mixWord(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51);
  return Math.imul(rotateLeft(mixed, 15), 0x1b873593);
}

function mixHash(hash: number, word: number): number {
  return (Math.imul(rotateLeft(hash ^ word, 13), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let result = hash;
  result ^= result >>> 16;
  result = Math.imul(result, 0x85ebca6b);
  result ^= result >>> 13;
  result = Math.imul(result, 0xc2b2ae35);
  return result ^ (result >>> 16);
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
