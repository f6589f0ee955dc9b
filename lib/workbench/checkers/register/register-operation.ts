/**
 * What operations mean to a compare-and-set register, value by value.
 *
 * A register holds `null` at first. A write sets it; a cas needs `from` and sets `to`; a read needs
 * the value that it returned, and one that returned `null` needs nothing. Failed operations did not
 * happen. One that ended as `info`, or never, may take effect at any time after its invocation, or
 * at none.
 *
 * @see Knossos, `knossos.model/cas-register` and `knossos.history/complete`
 */

import { isArray, jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import type { Pair } from "../../history/history.ts";
import { describeOperation, quote } from "../wording.ts";

/** An operation on one register that happened, or may have. */
export interface RegisterOperation {
  readonly pair: Pair;
  /** The value that it needs; `undefined` if it takes any. */
  readonly from: ValueId | undefined;
  /** The value that it leaves; `undefined` if that is the one it found. */
  readonly to: ValueId | undefined;
  /** The index of its invocation in the history. */
  readonly called: number;
  /** The index of its completion; infinite if nobody knows whether it took effect. */
  readonly returned: number;
}

/** A value of a register, as a small number: equal values have the same. */
export type ValueId = number;

/** `null`, the value of a register that was never written. */
export const INITIAL: ValueId = 0;

/** Numbers the values of a register. */
export class Values {
  readonly #ids = new Map<string, ValueId>([[jsonKey(null), INITIAL]]);
  readonly #values: Json[] = [null];

  idOf(value: Json): ValueId {
    const key = jsonKey(value);
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const id = this.#values.push(value) - 1;
    this.#ids.set(key, id);
    return id;
  }

  valueOf(id: ValueId): Json {
    return this.#values[id] ?? null;
  }
}

/**
 * What a client's operation means to its register; `undefined` if it constrains nothing.
 *
 * @param pair A `read`, `write` or `cas` whose values are `[key, value]`.
 * @throws {Error} when it is something else.
 */
export function registerOperation(pair: Pair, values: Values): RegisterOperation | undefined {
  const { invocation, completion } = pair;
  if (completion?.type === "fail") return undefined;
  const isDefinite = completion?.type === "ok";
  const [, value] = keyed(isDefinite ? completion.value : invocation.value, pair);
  const times = {
    pair,
    called: invocation.index,
    returned: isDefinite ? completion.index : Number.POSITIVE_INFINITY,
  };
  switch (invocation.f) {
    case "read":
      if (value === null || !isDefinite) return undefined;
      return { ...times, from: values.idOf(value), to: undefined };
    case "write":
      return { ...times, from: undefined, to: values.idOf(value) };
    case "cas": {
      if (!isArray(value) || value.length !== 2) break;
      const [from, to] = [values.idOf(value[0] ?? null), values.idOf(value[1] ?? null)];
      if (from !== to) return { ...times, from, to };
      return isDefinite ? { ...times, from, to: undefined } : undefined;
    }
  }
  throw new Error(
    `Cannot apply ${describeOperation(invocation)} to a register: ${quote(invocation.value)}`,
  );
}

/** The key and the rest of an operation's value. */
export function keyed(value: Json, { invocation }: Pair): readonly [key: Json, value: Json] {
  if (!isArray(value) || value.length !== 2) {
    throw new Error(`Cannot find the key of ${describeOperation(invocation)}: ${quote(value)}`);
  }
  return [value[0] ?? null, value[1] ?? null];
}
