/**
 * A store that may answer from the past, but never takes a client back in time.
 *
 * Each client has its own place in the sequence of the store's states. A request is tried on a
 * random state from that place on. If it changes nothing there, the client has seen that state;
 * otherwise it is handled by the newest one, and makes the next.
 *
 * As in Maelstrom, only the last 32 states can be seen. Maelstrom wraps around where a client is
 * further behind, and so may take it back; here it sees the oldest of the 32.
 *
 * @see Maelstrom, `maelstrom.service/Sequential`
 */

import { isSameJson, jsonKey } from "../protocol/json-key.ts";
import type { AnyBody, NodeId, Random } from "../vortex/index.ts";
import { randomInteger } from "../vortex/random.ts";
import { applyToKey, type Entry } from "./kv.ts";
import { inReplyTo, orNull, type Service } from "./service.ts";

/** How many states can be seen: the newest and those before it. */
const STATES = 32;

/** Chooses the state that a request is tried on, given the last one that its client has seen. */
export type PickState = (seen: number, newest: number) => number;

/** Chooses any state that the client may see, all equally likely. */
export function anyState(random: Random): PickState {
  return (seen, newest) => seen + randomInteger(random, newest - seen + 1);
}

/** What a key holds from one state on, until its next version. */
interface Version {
  readonly since: number;
  readonly entry: Entry;
}

export class SequentialKv implements Service {
  readonly #pickState: PickState;
  /** Key -> its versions, oldest first: the states share what they do not differ in. */
  readonly #versions = new Map<string, Version[]>();
  /** The number of the newest state. The first is 0, without any key. */
  #newest = 0;
  /** Client -> the number of the last state that it saw. */
  readonly #seen = new Map<NodeId, number>();

  constructor(pickState: PickState) {
    this.#pickState = pickState;
  }

  handle(src: NodeId, body: AnyBody): AnyBody | undefined {
    const key = jsonKey(orNull(body["key"]));
    const picked = this.#pickState(this.#seen.get(src) ?? 0, this.#newest);
    const state = Math.max(picked, this.#newest - STATES + 1, 0);
    const entry = this.#entryAt(key, state);
    const attempt = applyToKey(entry, body);
    if (attempt === undefined) return undefined;
    if (isSameEntry(entry, attempt[0])) {
      this.#seen.set(src, state);
      return inReplyTo(body, attempt[1]);
    }
    const current = this.#entryAt(key, this.#newest);
    const [after, reply] = applyToKey(current, body) ?? attempt;
    this.#advance(key, after === current ? undefined : after);
    this.#seen.set(src, this.#newest);
    return inReplyTo(body, reply);
  }

  #entryAt(key: string, state: number): Entry {
    return this.#versions.get(key)?.findLast(({ since }) => since <= state)?.entry;
  }

  /** Makes the next state, with a new entry for a key or, if nothing changes, without. */
  #advance(key: string, entry: Entry): void {
    this.#newest += 1;
    if (entry === undefined) return;
    const versions = this.#versions.get(key) ?? [];
    // Of the versions that were there when the oldest state in sight was made, the last is enough.
    const oldest = this.#newest - STATES + 1;
    const first = Math.max(
      0,
      versions.findLastIndex(({ since }) => since <= oldest),
    );
    this.#versions.set(key, [...versions.slice(first), { since: this.#newest, entry }]);
  }
}

function isSameEntry(one: Entry, other: Entry): boolean {
  if (one === undefined || other === undefined) return one === other;
  return isSameJson(one.value, other.value);
}
