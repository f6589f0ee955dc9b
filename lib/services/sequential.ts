/**
 * A store that may serve a past state, but never an older one than the client has seen.
 *
 * A request is tried on a random state, from the last one that its client saw to the newest. If it
 * changes nothing there, that is the answer, and the client has seen that state. Otherwise it is
 * applied to the newest state and creates the next.
 *
 * As in Maelstrom, only the last 32 states are kept. For a client that is further behind,
 * Maelstrom's index wraps around and may go back in time; here the client sees the oldest of the 32.
 *
 * @see Maelstrom, `maelstrom.service/Sequential`
 */
import { isSameJson, jsonKey } from "../protocol/json-key.ts";
import type { AnyBody, NodeId, Random } from "../vortex/index.ts";
import { randomInteger } from "../vortex/random.ts";
import { applyToKey, type Entry } from "./kv.ts";
import { inReplyTo, orNull, type Service } from "./service.ts";

/** Number of states that requests can see, the newest included. */
const STATES = 32;

/** Chooses the state that a request is tried on, given the last one that its client has seen. */
export type PickState = (seen: number, newest: number) => number;

/** Chooses any state that the client may see, all equally likely. */
export function anyState(random: Random): PickState {
  return (seen, newest) => seen + randomInteger(random, newest - seen + 1);
}

/** The entry of a key from one state on, until its next version. */
interface Version {
  readonly since: number;
  readonly entry: Entry;
}

export class SequentialKv implements Service {
  readonly #pickState: PickState;
  /** Key -> its versions, oldest first. States share the versions of keys that did not change. */
  readonly #versions = new Map<string, Version[]>();
  /** Number of the newest state. State 0 has no keys. */
  #newest = 0;
  /** Client -> number of the last state that it saw. */
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

  /** Creates the next state, with a new entry for the key unless that is `undefined`. */
  #advance(key: string, entry: Entry): void {
    this.#newest += 1;
    if (entry === undefined) return;
    const versions = this.#versions.get(key) ?? [];
    // Of the versions as old as the oldest visible state, only the last is still visible.
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
