/** Reads operations as this workbench or Maelstrom stores them. */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { type AnyBody, isObject } from "../../protocol/message.ts";
import type { Json } from "../../vortex/index.ts";
import { Json as AnyJson, AnyNumber } from "../schemas.ts";
import type { Operation, OperationType, Process } from "./history.ts";

// Drops fields that another version may have added.
const StoredOperation = v.object({
  time: AnyNumber,
  type: v.picklist(["invoke", "ok", "fail", "info"]),
  process: v.union([v.pipe(v.number(), v.safeInteger()), v.literal("nemesis")]),
  node: v.exactOptional(v.string()),
  f: v.string(),
  value: v.exactOptional(AnyJson),
  error: v.exactOptional(AnyJson),
  exception: v.exactOptional(v.object({ class: v.string(), message: v.string() })),
  final: v.exactOptional(v.boolean()),
  seekToBeginning: v.exactOptional(v.boolean()),
});

/**
 * Parses a stored operation. Its index is its position.
 *
 * @throws {Error} if a field is missing or has another type.
 */
export function readOperation(stored: unknown, index: number): Operation {
  return readPlain(stored, index) ?? readAny(stored, index);
}

/** Reads an operation with the usual fields, ten times as fast; `undefined` if it has others. */
function readPlain(stored: unknown, index: number): Operation | undefined {
  if (!isObject(stored)) return undefined;
  const { time, type, process, f, value = null, node, error, exception, final } = stored;
  if (exception !== undefined || final !== undefined) return undefined;
  if (stored["seekToBeginning"] !== undefined) return undefined;
  if (typeof time !== "number" || !isType(type) || !isProcess(process)) return undefined;
  if (typeof f !== "string" || !isAnyJson(value) || !isAnyJson(error)) return undefined;
  // Written out: a spread copies field by field.
  if (node === undefined) {
    return error === undefined
      ? { index, time, type, process, f, value }
      : { index, time, type, process, f, value, error };
  }
  if (typeof node !== "string") return undefined;
  return error === undefined
    ? { index, time, type, process, node, f, value }
    : { index, time, type, process, node, f, value, error };
}

/** Parsers of JSON and EDN return JSON only. */
function isAnyJson(_value: unknown): _value is Json {
  return true;
}

function isProcess(process: unknown): process is Process {
  return process === "nemesis" || Number.isSafeInteger(process);
}

function isType(type: unknown): type is OperationType {
  return type === "invoke" || type === "ok" || type === "fail" || type === "info";
}

function readAny(stored: unknown, index: number): Operation {
  const result = v.safeParse(StoredOperation, stored);
  if (!result.success) throw new Error(`operation ${index}: ${describeIssues(result.issues)}`);
  const { time, type, process, f, value = null, ...rest } = result.output;
  return { index, time, type, process, f, value, ...rest };
}

/**
 * Renames the fields of an operation that Jepsen printed.
 *
 * @see Jepsen, `jepsen.history/Op`
 */
export function fromJepsen(printed: unknown): unknown {
  if (!isObject(printed)) return printed;
  if (isPlain(printed)) return printed;
  const { "final?": final, "seek-to-beginning?": seek, exception, value, ...rest } = printed;
  const thrown = exceptionOf(exception);
  return {
    ...rest,
    value: withStringKeys(rest["f"], value),
    ...(final === undefined ? {} : { final }),
    ...(seek === undefined ? {} : { seekToBeginning: seek }),
    ...(thrown === undefined ? {} : { exception: thrown }),
  };
}

/** Whether there is nothing to rename: copies take most of the time. */
function isPlain(printed: AnyBody): boolean {
  const { f, value, exception } = printed;
  return (
    value !== undefined &&
    exception === undefined &&
    f !== "send" &&
    f !== "assign" &&
    printed["final?"] === undefined &&
    printed["seek-to-beginning?"] === undefined
  );
}

/** Returns the outermost exception of a chain. */
function exceptionOf(printed: unknown): Operation["exception"] {
  const via = isObject(printed) ? printed["via"] : undefined;
  const [outermost] = Array.isArray(via) ? via : [];
  if (!isObject(outermost)) return undefined;
  return { class: String(outermost["type"]), message: String(outermost["message"] ?? "") };
}

/** kafka: makes keys strings everywhere, as they are on the wire and in polls. */
function withStringKeys(f: unknown, value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  if (f === "assign") return value.map(keyText);
  if (f !== "send") return value;
  return value.map((send) => {
    if (!Array.isArray(send)) return send;
    const [name, key, ...rest] = send;
    return [name, keyText(key), ...rest];
  });
}

function keyText(key: unknown): unknown {
  return typeof key === "number" ? String(key) : key;
}
