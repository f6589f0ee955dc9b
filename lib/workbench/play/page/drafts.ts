/** Unsaved work, which survives a reload: one draft for each program that was opened. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import * as v from "valibot";
import { parseShared, type Shared } from "../link.ts";

const PREFIX = "vortex draft ";
/** The oldest draft makes place for another. */
const MAX_DRAFTS = 30;

/** `turn` is the order in which drafts were kept. */
const Draft = v.object({ turn: v.number(), work: v.unknown() });

/** Returns `undefined` if the browser refuses to store, as it may for `file:` addresses. */
function storage(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}

function keyOf(origin: string): string {
  return PREFIX + bytesToHex(sha256(utf8ToBytes(origin))).slice(0, 32);
}

/** @param origin What was opened: a file, an example, a link. */
export function readDraft(origin: string): Shared | undefined {
  try {
    const text = storage()?.getItem(keyOf(origin));
    if (typeof text !== "string") return undefined;
    return parseShared(v.parse(Draft, JSON.parse(text)).work);
  } catch {
    // Of another version, or changed by hand.
    return undefined;
  }
}

/** Returns whether the draft could be kept. */
export function writeDraft(origin: string, work: Shared): boolean {
  const store = storage();
  if (store === undefined) return false;
  const drafts = draftsOf(store);
  const turn = (drafts[0]?.turn ?? 0) + 1;
  const text = JSON.stringify({ turn, work: { version: 1, ...work } });
  const others = drafts.filter(({ key }) => key !== keyOf(origin));
  for (const { key } of others.slice(MAX_DRAFTS - 1)) store.removeItem(key);
  for (const { key } of [{ key: undefined }, ...others.reverse()]) {
    // The store may be full: the oldest goes first.
    if (key !== undefined) store.removeItem(key);
    try {
      store.setItem(keyOf(origin), text);
      return true;
    } catch {}
  }
  return false;
}

export function removeDraft(origin: string): void {
  storage()?.removeItem(keyOf(origin));
}

/** The newest first. */
function draftsOf(store: Storage): { readonly key: string; readonly turn: number }[] {
  const keys = Array.from({ length: store.length }, (_, index) => store.key(index));
  return keys
    .flatMap((key) => {
      if (key === null || !key.startsWith(PREFIX)) return [];
      const [, turn = "0"] = /^\{"turn":(\d+)/.exec(store.getItem(key) ?? "") ?? [];
      return [{ key, turn: Number(turn) }];
    })
    .sort((one, other) => other.turn - one.turn);
}
