import * as v from "valibot";
import { isSameJson, type Json, jsonKey, KeptJson, RpcError } from "../../lib/vortex/index.ts";

/** Any JSON value. What was parsed from JSON is JSON, which the type of `KeptJson` does not say. */
const Value = KeptJson as v.CustomSchema<Json, undefined>;

/** A request to the store, as it is replicated. */
export const Command = v.variant("type", [
  v.object({ type: v.literal("read"), key: Value }),
  v.object({ type: v.literal("write"), key: Value, value: Value }),
  v.object({
    type: v.literal("cas"),
    key: Value,
    from: Value,
    to: Value,
    create_if_not_exists: v.exactOptional(v.unknown()),
  }),
]);
export type Command = v.InferOutput<typeof Command>;
type CompareAndSet = Extract<Command, { type: "cas" }>;

/** The body of a reply. */
export type Reply =
  | { readonly type: "read_ok"; readonly value: Json }
  | { readonly type: "write_ok" | "cas_ok" };

interface Entry {
  readonly key: Json;
  readonly value: Json;
}

const Contents = v.array(v.tuple([Value, Value]));

/** Keys and values: the state machine that all nodes run. */
export class Store {
  readonly command = Command;
  /** By {@link jsonKey}: `1`, `1.0` and `"1"` are three keys. */
  readonly #entries = new Map<string, Entry>();

  /** Replies to a request that changes nothing; returns `undefined` for one that does. */
  query(command: Command): Reply | undefined {
    if (command.type === "read") return this.apply(command);
    if (command.type === "cas") check(command, this.#entries.get(jsonKey(command.key)));
    return undefined;
  }

  apply(command: Command): Reply {
    const { key } = command;
    const entry = this.#entries.get(jsonKey(key));
    switch (command.type) {
      case "read":
        if (entry === undefined) throw noSuchKey();
        return { type: "read_ok", value: entry.value };
      case "write":
        this.#entries.set(jsonKey(key), { key, value: command.value });
        return { type: "write_ok" };
      case "cas":
        check(command, entry);
        this.#entries.set(jsonKey(key), { key, value: command.to });
        return { type: "cas_ok" };
      default:
        throw new Error("Unexpected command", { cause: command satisfies never });
    }
  }

  snapshot(): unknown {
    return [...this.#entries.values()].map(({ key, value }) => [key, value]);
  }

  restore(snapshot: unknown): void {
    this.#entries.clear();
    for (const [key, value] of v.parse(Contents, snapshot)) {
      this.#entries.set(jsonKey(key), { key, value });
    }
  }
}

/** @throws {RpcError} when a compare-and-set does not apply. */
function check({ from, create_if_not_exists: create }: CompareAndSet, entry: Entry | undefined) {
  if (entry === undefined) {
    // As in Maelstrom's own store, every value but null and false stands for true.
    if (create === undefined || create === null || create === false) throw noSuchKey();
  } else if (!isSameJson(entry.value, from)) {
    throw new RpcError("precondition-failed", "The current value is not the expected one");
  }
}

function noSuchKey(): RpcError {
  return new RpcError("key-does-not-exist", "There is no such key");
}
