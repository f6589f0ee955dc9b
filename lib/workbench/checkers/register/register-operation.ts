/**
 * The model of a compare-and-set register: which value an operation needs, and which it sets.
 *
 * A register starts as `null`. A write sets a value. A cas needs `from` and sets `to`. A read needs
 * the value that it returned; a read of `null` needs nothing. Failed operations did not happen.
 * Operations that ended as `info`, or never, may take effect any time after their invocation, or
 * never.
 *
 * @see Knossos, `knossos.model/cas-register` and `knossos.history/complete`
 */

import { isArray } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import type { Pair } from "../../history/history.ts";
import { JsonMap } from "../json-map.ts";
import { describeOperation, quote } from "../wording.ts";

/** An operation on one register that happened or may have happened. */
export interface RegisterOperation {
  readonly pair: Pair;
  /** The value it needs; `undefined` if it accepts any. */
  readonly from: ValueId | undefined;
  /** The value it sets; `undefined` if it leaves the value unchanged. */
  readonly to: ValueId | undefined;
  /** The index of its invocation in the history. */
  readonly called: number;
  /** The index of its completion; infinite for an indefinite operation. */
  readonly returned: number;
}

/** A value of a register as a small number; equal values share it. */
export type ValueId = number;

/** `null`, the initial value of a register. */
export const INITIAL: ValueId = 0;

/** Numbers the values of a register. */
export class Values {
  readonly #ids = new JsonMap<ValueId>();
  readonly #values: Json[] = [];

  constructor() {
    this.idOf(null);
  }

  idOf(value: Json): ValueId {
    const known = this.#ids.get(value);
    if (known !== undefined) return known;
    const id = this.#values.push(value) - 1;
    this.#ids.set(value, id);
    return id;
  }

  valueOf(id: ValueId): Json {
    return this.#values[id] ?? null;
  }
}

/**
 * Interprets a client's operation; `undefined` if it constrains nothing.
 *
 * @param pair A `read`, `write` or `cas` whose values are `[key, value]`.
 * @throws {Error} if it is anything else.
 */
export function registerOperation(pair: Pair, values: Values): RegisterOperation | undefined {
  const { invocation, completion } = pair;
  if (completion?.type === "fail") return undefined;
  const isDefinite = completion?.type === "ok";
  const [, value] = keyed(isDefinite ? completion.value : invocation.value, pair);
  const called = invocation.index;
  const returned = isDefinite ? completion.index : Number.POSITIVE_INFINITY;
  switch (invocation.f) {
    case "read":
      if (value === null || !isDefinite) return undefined;
      return { pair, from: values.idOf(value), to: undefined, called, returned };
    case "write":
      return { pair, from: undefined, to: values.idOf(value), called, returned };
    case "cas": {
      if (!isArray(value) || value.length !== 2) break;
      const [from, to] = [values.idOf(value[0] ?? null), values.idOf(value[1] ?? null)];
      if (from !== to) return { pair, from, to, called, returned };
      return isDefinite ? { pair, from, to: undefined, called, returned } : undefined;
    }
  }
  throw new Error(
    `Cannot apply ${describeOperation(invocation)} to a register: ${quote(invocation.value)}`,
  );
}

/** Splits an operation's value into its key and the rest. */
export function keyed(value: Json, { invocation }: Pair): readonly [key: Json, value: Json] {
  if (!isArray(value) || value.length !== 2) {
    throw new Error(`Cannot find the key of ${describeOperation(invocation)}: ${quote(value)}`);
  }
  return [value[0] ?? null, value[1] ?? null];
}
