/** Prints histories as Jepsen does. */
import { isArray } from "../../../lib/protocol/json-key.ts";
import { isRawNumber, type Json, stringifyJson } from "../../../lib/vortex/index.ts";
import type { History, Operation } from "../../../lib/workbench/history/history.ts";

/**
 * Prints `history.edn`: one operation a line.
 *
 * @param tag Record tag that older Jepsen versions print before each map.
 */
export function historyEdn(history: History, tag = ""): string {
  return history.map((operation) => `${tag}${operationEdn(operation)}\n`).join("");
}

function operationEdn(operation: Operation): string {
  const { index, time, type, process, f, value, error, final, seekToBeginning } = operation;
  const fields = [
    `:type :${type}`,
    `:f :${f}`,
    `:value ${toEdn(value)}`,
    `:time ${time}`,
    `:process ${process === "nemesis" ? ":nemesis" : process}`,
    ...(error === undefined ? [] : [`:error ${toEdn(error)}`]),
    ...(final === undefined ? [] : [`:final? ${final}`]),
    ...(seekToBeginning === undefined ? [] : [`:seek-to-beginning? ${seekToBeginning}`]),
    `:index ${index}`,
  ];
  return `{${fields.join(", ")}}`;
}

const KEYWORDS: ReadonlySet<Json> = new Set(["r", "w", "append", "send", "poll"]);

/** Prints a value. Names of micro-operations, strings in JSON, become keywords. */
export function toEdn(value: Json, blank = " "): string {
  if (value === null) return "nil";
  if (isRawNumber(value) || typeof value !== "object") return stringifyJson(value);
  if (isArray(value)) {
    const items = value.map((item, index) =>
      index === 0 && KEYWORDS.has(item) ? `:${item}` : toEdn(item, blank),
    );
    return `[${items.join(blank)}]`;
  }
  const entries = Object.entries(value).map(
    ([key, field]) => stringifyJson(key) + blank + toEdn(field, blank),
  );
  return `{${entries.join(`,${blank}`)}}`;
}
