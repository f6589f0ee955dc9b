/** A key-value store with read, write and compare-and-set, as a state machine. */
import * as v from "valibot";
import { errorReply, type Machine, operation } from "./machine.ts";

const Key = v.number();
const Value = v.number();
export const Read = v.object({ key: Key });
export const Write = v.object({ key: Key, value: Value });
export const Cas = v.object({ key: Key, from: Value, to: Value });

export function keyValue(values = new Map<number, number>()) {
  return {
    read: operation(Read, ({ key }) => {
      const value = values.get(key);
      if (value === undefined) return errorReply("key-does-not-exist", `No key ${key}`);
      return { type: "read_ok", value };
    }),
    write: operation(Write, ({ key, value }) => {
      values.set(key, value);
      return { type: "write_ok" };
    }),
    cas: operation(Cas, ({ key, from, to }) => {
      const value = values.get(key);
      if (value === undefined) return errorReply("key-does-not-exist", `No key ${key}`);
      if (value !== from) return errorReply("precondition-failed", `${value} is not ${from}`);
      values.set(key, to);
      return { type: "cas_ok" };
    }),
  } satisfies Machine;
}
