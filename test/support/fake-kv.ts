/**
 * A key-value service for tests: a list of past states, of which each request may see any.
 *
 * A request that changes nothing in the state it sees is answered from there; one that does is
 * carried out on the newest state. That is how Maelstrom emulates seq-kv; seeing only the newest
 * state makes it lin-kv.
 */
import type { AnyBody } from "../../lib/vortex/index.ts";

type State = ReadonlyMap<string, unknown>;

const ABSENT = { type: "error", code: 20, text: "key does not exist" };

export class FakeKv {
  readonly #states: State[] = [new Map()];

  /** What was ever stored under a key, oldest first; `undefined` while it was absent. */
  valuesOf(key: unknown): unknown[] {
    return this.#states.map((state) => state.get(JSON.stringify(key)));
  }

  /**
   * Answers a request as if the given number of newest states did not exist yet, if there are as
   * many.
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
  const { type, from, to } = request;
  const key = JSON.stringify(request["key"]);
  const isPresent = state.has(key);
  if (type === "write") {
    return { state: withValue(state, key, request["value"]), reply: { type: "write_ok" } };
  }
  if (type === "read") {
    return { state, reply: isPresent ? { type: "read_ok", value: state.get(key) } : ABSENT };
  }
  if (!isPresent && request["create_if_not_exists"] !== true) return { state, reply: ABSENT };
  if (isPresent && !Bun.deepEquals(state.get(key), from)) {
    return { state, reply: { type: "error", code: 22, text: "expected another value" } };
  }
  return { state: withValue(state, key, to), reply: { type: "cas_ok" } };
}

function withValue(state: State, key: string, value: unknown): State {
  if (state.has(key) && Bun.deepEquals(state.get(key), value)) return state;
  return new Map(state).set(key, value);
}
