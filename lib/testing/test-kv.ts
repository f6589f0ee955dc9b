import { isSameJson, jsonKey } from "../protocol/json-key.ts";
import { applyToKey, type Entry } from "../services/kv.ts";
import { type AnyBody, type Json, stringifyJson } from "../vortex/index.ts";

type State = ReadonlyMap<string, Entry>;

/**
 * A key-value service for tests: a list of past states, of which each request may see any.
 *
 * A request that changes nothing in the state it sees is answered from there; one that does is
 * carried out on the newest state. That is how Maelstrom emulates seq-kv; seeing only the newest
 * state makes it lin-kv.
 */
export class TestKv {
  readonly #states: State[] = [new Map()];

  /** What was ever stored under a key, oldest first; `undefined` while it was absent. */
  valuesOf(key: Json): (Json | undefined)[] {
    return this.#states.map((state) => state.get(jsonKey(key))?.value);
  }

  /**
   * Answers a request (`read`, `write` or `cas`) as if the given number of newest states did not
   * exist yet, if there are as many. The reply has no `in_reply_to`.
   *
   * @throws {Error} when the request's type is another.
   */
  answer(request: AnyBody, statesBehind = 0): AnyBody {
    const newest = this.#states.at(-1) ?? new Map();
    const seen = this.#states.at(-1 - Math.min(statesBehind, this.#states.length - 1)) ?? newest;
    const stale = apply(seen, request);
    if (stale.state === seen) return stale.reply;
    const { state, reply } = apply(newest, request);
    if (state !== newest) this.#states.push(state);
    return reply;
  }
}

function apply(state: State, request: AnyBody): { state: State; reply: AnyBody } {
  const key = jsonKey((request["key"] ?? null) as Json); // Bodies are parsed JSON.
  const before = state.get(key);
  const outcome = applyToKey(before, request);
  if (outcome === undefined) {
    throw new Error(`A key-value service cannot answer ${stringifyJson(request)}`);
  }
  const [after, reply] = outcome;
  return { state: isSame(before, after) ? state : new Map(state).set(key, after), reply };
}

function isSame(before: Entry, after: Entry): boolean {
  if (before === undefined || after === undefined) return before === after;
  return isSameJson(before.value, after.value);
}
