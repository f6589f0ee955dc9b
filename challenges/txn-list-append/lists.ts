import * as v from "valibot";
import { type Json, jsonKey, KeptJson } from "../../lib/vortex/index.ts";

/** Any JSON value. What was parsed from JSON is JSON, which the type of `KeptJson` does not say. */
const Value = KeptJson as v.CustomSchema<Json, undefined>;

const isRead = v.custom<"r">((name) => name === "r", 'must be "r" or "append"');
const Read = v.strictTuple([isRead, Value, v.unknown()]);
const Append = v.strictTuple([v.literal("append"), Value, Value]);
const Operation = v.lazy((value) =>
  Array.isArray(value) && value[0] === "append" ? Append : Read,
);

/** A transaction: reads, whose third field is ignored, and appends, in order. */
export const Txn = v.object({ type: v.literal("txn"), txn: v.array(Operation) });
export type Txn = v.InferOutput<typeof Txn>;

/** The body of a reply: the same operations, with what the reads have found. */
export type TxnOk = {
  readonly type: "txn_ok";
  readonly txn: readonly (readonly ["r" | "append", Json, Json])[];
};

interface List {
  readonly key: Json;
  readonly values: Json[];
}

const Contents = v.array(v.tuple([Value, v.array(Value)]));

/** Lists by key: the state machine that all nodes run. */
export class Lists {
  readonly command = Txn;
  /** By {@link jsonKey}: `1`, `1.0` and `"1"` are three keys. */
  readonly #lists = new Map<string, List>();

  /** Replies to a transaction that only reads; returns `undefined` for any other. */
  query(command: Txn): TxnOk | undefined {
    return command.txn.every(([f]) => f === "r") ? this.apply(command) : undefined;
  }

  /** Executes a whole transaction. Reads see its own appends; a list without appends reads as `null`. */
  apply({ txn }: Txn): TxnOk {
    const results = txn.map((operation) => {
      const [f, key] = operation;
      if (f === "r") return ["r", key, this.#read(key)] as const;
      this.#append(key, operation[2]);
      return operation;
    });
    return { type: "txn_ok", txn: results };
  }

  snapshot(): unknown {
    return [...this.#lists.values()].map(({ key, values }) => [key, values]);
  }

  restore(snapshot: unknown): void {
    this.#lists.clear();
    for (const [key, values] of v.parse(Contents, snapshot)) {
      this.#lists.set(jsonKey(key), { key, values });
    }
  }

  /** Returns a copy: later transactions may be executed before the reply is sent. */
  #read(key: Json): Json[] | null {
    const values = this.#lists.get(jsonKey(key))?.values;
    return values === undefined ? null : [...values];
  }

  #append(key: Json, value: Json): void {
    const list = this.#lists.get(jsonKey(key));
    if (list === undefined) this.#lists.set(jsonKey(key), { key, values: [value] });
    else list.values.push(value);
  }
}
