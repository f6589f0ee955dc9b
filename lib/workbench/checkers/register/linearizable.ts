/**
 * Checks that each key of a store is a linearizable register with read, write and cas.
 *
 * A register starts as `null`. A write sets a value. A cas needs one value and sets another. A read needs the
 * value that it returned; a read of `null` needs nothing.
 *
 * @see Jepsen, `jepsen.tests.linearizable-register`: Knossos' checker, lifted by
 *   `jepsen.independent/checker`; Knossos, `knossos.history/complete`
 */
import { isArray, isSameJson } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import type { History, Operation } from "../../history/history.ts";
import type { CheckOptions, Validity, Verdict } from "../checker.ts";
import { compareJson } from "../clojure/compare.ts";
import { linearizable, type Model, returned } from "../linearizable/index.ts";
import type { ClientOperation, MappedOperation } from "../map-history.ts";
import { describeOperation, quote } from "../wording.ts";
import { viewedAsRegister } from "./register-search.ts";

export interface LinearizableVerdict extends Verdict {
  /** The keys that are not linearizable, in order. */
  readonly failures: readonly Json[];
  /** The validity of each key. Keys are in JSON, strings without quotes. */
  readonly keys: { readonly [key: string]: Validity };
}

/**
 * Valid if every key is linearizable; unknown if the searches reach their limit first.
 *
 * @param history Operations `read`, `write` and `cas`, whose values are `[key, value]`.
 * @throws {Error} on other operations, or on keys that cannot be compared, such as `1` and `"1"`.
 */
export function checkLinearizable(
  history: History,
  options: CheckOptions = {},
): LinearizableVerdict {
  const { operationCount: _, keys = {}, ...verdict } = checkKeys(history, options);
  return { ...verdict, keys };
}

/** An operation happened only if it matched: indefinite ones need their value, too. */
const jepsenRegister = viewedAsRegister<Model<Json>>(
  ({ f, value, result = null }) => {
    if (f === "read") return { from: result };
    if (f === "write") return { to: value };
    const [from, to] = changeOf(value);
    return { from, to };
  },
  {
    init: null,
    isRead: ({ f }) => f === "read",
    step(state, { f, value, result }) {
      if (f === "read") return returned({ result }, state) ? state : undefined;
      if (f === "write") return value;
      const [from, to] = changeOf(value);
      return isSameJson(state, from) ? to : undefined;
    },
    describeState: quote,
    describeOperation({ f, value, result = null }) {
      if (f === "read") return `read: ${quote(result)}`;
      if (f === "write") return `write ${quote(value)}`;
      return `cas ${changeOf(value).map(quote).join(" to ")}`;
    },
  },
);

const checkKeys = linearizable(
  { ...jepsenRegister, map: toRegister },
  {
    everyKey: true,
    compareKeys: compareJson,
    describeEffect: ({ f, value, result = null }) =>
      f === "read" ? `returned ${quote(result)}` : `took effect as ${quote(value)}`,
    describeLimit: () => "",
  },
);

/**
 * Maps a client's operation to one of the model.
 *
 * @throws {Error} if it is not a `read`, `write` or `cas` whose values are `[key, value]`.
 */
function toRegister({ f, type, value, result, invocation }: ClientOperation): MappedOperation {
  const key = keyed(value, invocation)[0] ?? null;
  const isOk = type === "ok";
  // What an operation did is in its completion.
  const did = keyed(isOk ? (result ?? value) : value, invocation)[1] ?? null;
  if (type === "fail") return { f, type, key, value: did, result: undefined };
  // Leaves the operation out, but not its key.
  const ignored = { f: "read", type: "info", key, value: null, result: undefined } as const;
  switch (f) {
    case "read":
      if (!isOk || did === null) return ignored;
      return { f, type, key, value: null, result: did };
    case "write":
      return { f, type, key, value: did, result: undefined };
    case "cas":
      if (!isArray(did) || did.length !== 2) break;
      if (!isOk && isSameJson(...changeOf(did))) return ignored;
      return { f, type, key, value: did, result: undefined };
  }
  throw new Error(`Cannot apply ${describeOperation(invocation)} to a register: ${quote(value)}`);
}

/** Returns an operation's value, which must be `[key, value]`. */
function keyed(value: Json, invocation: Operation): readonly Json[] {
  if (isArray(value) && value.length === 2) return value;
  throw new Error(`Cannot find the key of ${describeOperation(invocation)}: ${quote(value)}`);
}

function changeOf(value: Json): readonly [from: Json, to: Json] {
  const [from = null, to = null] = isArray(value) ? value : [];
  return [from, to];
}
