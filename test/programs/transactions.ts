/** Transactions over registers and over lists, as state machines that apply one at a time. */
import * as v from "valibot";
import { type Machine, operation } from "./machine.ts";

export const MicroOperation = v.tuple([
  v.picklist(["r", "w", "append"]),
  v.number(),
  v.nullable(v.number()),
]);
export const Txn = v.object({ txn: v.array(MicroOperation) });
/** Operation, key and argument; the argument of a read is `null`. */
export type MicroOperation = v.InferOutput<typeof MicroOperation>;

export type List = readonly (number | null)[];

/** Lists that transactions append to. */
export function lists(values = new Map<number, List>()) {
  const append = (key: number, value: number | null) =>
    void values.set(key, [...(values.get(key) ?? []), value]);
  return transactions((key) => values.get(key), append);
}

/** Registers that transactions write. */
export function registers(values = new Map<number, number | null>()) {
  return transactions(
    (key) => values.get(key),
    (key, value) => void values.set(key, value),
  );
}

function transactions(
  read: (key: number) => List | number | null | undefined,
  write: (key: number, value: number | null) => void,
) {
  return {
    txn: operation(Txn, ({ txn }) => ({
      type: "txn_ok",
      txn: txn.map(([f, key, value]) => {
        if (f === "r") return [f, key, read(key) ?? null];
        write(key, value);
        return [f, key, value];
      }),
    })),
  } satisfies Machine;
}
