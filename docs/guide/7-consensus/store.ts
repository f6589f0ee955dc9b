import * as v from "valibot";
import { RpcError } from "vortex";

/** Requests of the clients. Keys and values of the workload are small integers. */
export const Command = v.variant("type", [
  v.object({ type: v.literal("read"), key: v.number() }),
  v.object({ type: v.literal("write"), key: v.number(), value: v.number() }),
  v.object({ type: v.literal("cas"), key: v.number(), from: v.number(), to: v.number() }),
]);
export type Command = v.InferOutput<typeof Command>;

/** The body of a reply. */
export const Reply = v.variant("type", [
  v.object({ type: v.literal("read_ok"), value: v.number() }),
  v.object({ type: v.literal("write_ok") }),
  v.object({ type: v.literal("cas_ok") }),
]);
export type Reply = v.InferOutput<typeof Reply>;

const Contents = v.array(v.tuple([v.number(), v.number()]));

/** Keys and values: a state machine. */
export class Store {
  readonly command = Command;
  #values = new Map<number, number>();

  /** @throws {RpcError} when a key is missing, or does not have the expected value. */
  apply(command: Command): Reply {
    const value = this.#values.get(command.key);
    if (command.type === "write") {
      this.#values.set(command.key, command.value);
      return { type: "write_ok" };
    }
    if (value === undefined) throw new RpcError("key-does-not-exist", "There is no such key");
    if (command.type === "read") return { type: "read_ok", value };
    if (value !== command.from) throw new RpcError("precondition-failed", `The value is ${value}`);
    this.#values.set(command.key, command.to);
    return { type: "cas_ok" };
  }

  snapshot(): [number, number][] {
    return [...this.#values];
  }

  restore(snapshot: unknown): void {
    this.#values = new Map(v.parse(Contents, snapshot));
  }
}
