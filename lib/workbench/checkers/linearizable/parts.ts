/** Splits a history into the parts that are searched one by one, as a model sees their operations. */
import { describeIssues } from "../../../protocol/describe-issues.ts";
import { type Schema, safeParse } from "../../../protocol/fast-parse.ts";
import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import { type History, type Pair, pairs } from "../../history/history.ts";
import {
  type ClientOperation,
  type MappedOperation,
  type Mapping,
  mapOperation,
} from "../map-history.ts";
import { describeOperation } from "../wording.ts";
import type { AnyModel, ModelOperation } from "./model.ts";
import { NEVER, type Operations } from "./schedule.ts";

/** An operation of a part. */
export interface PartOperation {
  readonly pair: Pair;
  readonly kind: number;
}

/** A part of a history: all of it, or the operations with one key. */
export interface Part {
  readonly key: Json | undefined;
  /** In order of invocation. */
  readonly operations: readonly PartOperation[];
  /** The different operations: those of one kind have the same effect in every state. */
  readonly kinds: readonly ModelOperation[];
}

/** Unwraps operations whose values are `[key, value]`, as Jepsen's `independent` and lin-kv have them. */
export function independent(operation: ClientOperation): MappedOperation {
  const { value, result } = operation;
  const [key, argument] = tuple(value, operation);
  return {
    ...operation,
    key,
    value: argument,
    result: result === undefined ? undefined : tuple(result, operation)[1],
  };
}

function tuple(value: Json, { invocation }: ClientOperation): readonly [Json, Json] {
  if (Array.isArray(value) && value.length === 2) return [value[0], value[1]];
  throw new Error(
    `Cannot find the key of ${describeOperation(invocation)}: ` +
      `its value must be [key, value], but is ${jsonKey(value)}`,
  );
}

/** @throws {Error} if an operation is not one of the model, or some have a key and others none. */
export function partsOf<State>(
  history: History,
  model: AnyModel<State> & Mapping,
  keyOf: ((operation: ModelOperation) => Json) | undefined,
): Part[] {
  const parts = new Map<string | undefined, PartBuilder>();
  for (const pair of pairs(history)) {
    const mapped = mapOperation(pair, model);
    if (mapped === undefined || mapped.type === "fail") continue;
    const operation = parseOperation(mapped, pair, model);
    // Whether an indefinite read happened makes no difference.
    if (operation.type === "info" && model.isRead?.(operation) === true) continue;
    const key = keyOf === undefined ? mapped.key : keyOf(operation);
    const id = key === undefined ? undefined : jsonKey(key);
    let part = parts.get(id);
    if (part === undefined) {
      part = new PartBuilder(key);
      parts.set(id, part);
    }
    part.add(pair, operation, mapped);
  }
  if (parts.size > 1 && parts.has(undefined)) {
    throw new Error("Some operations have a key, and others have none. Give all of them one");
  }
  return [...parts.values()].map((part) => part.build());
}

function parseOperation<State>(
  { f, type, value, result }: MappedOperation,
  { invocation }: Pair,
  { operations }: AnyModel<State>,
): ModelOperation {
  const isOk = type === "ok";
  const schema =
    operations === undefined ? {} : Object.hasOwn(operations, f) ? operations[f] : undefined;
  if (schema === undefined) {
    throw new Error(
      `The model has no operation "${f}" for ${describeOperation(invocation)}. ` +
        `It has ${Object.keys(operations ?? {}).join(", ")}. Map others to these`,
    );
  }
  const parse = (part: "argument" | "result", json: Json, as: Schema | undefined): Json => {
    if (as === undefined) return json;
    const parsed = safeParse(as, json);
    // A schema's output is as the model expects it, and JSON if its input is.
    if (parsed.success) return parsed.output as Json;
    throw new Error(
      `Invalid ${part} of ${describeOperation(invocation)}: ${describeIssues(parsed.issues)}`,
    );
  };
  return {
    f,
    type: isOk ? "ok" : "info",
    value: parse("argument", value, schema.value),
    result: isOk ? parse("result", result ?? null, schema.result) : undefined,
  };
}

class PartBuilder {
  readonly #key: Json | undefined;
  readonly #operations: PartOperation[] = [];
  readonly #kinds: ModelOperation[] = [];
  readonly #numbers = new Map<string, number>();

  constructor(key: Json | undefined) {
    this.#key = key;
  }

  add(pair: Pair, operation: ModelOperation, { f, value, result }: MappedOperation): void {
    const { type } = operation;
    // By what was parsed, as the output of a schema need not be JSON.
    const id = `${type}${jsonKey(f)}${jsonKey(value)}${result === undefined ? "" : jsonKey(result)}`;
    let kind = this.#numbers.get(id);
    if (kind === undefined) {
      kind = this.#kinds.push(operation) - 1;
      this.#numbers.set(id, kind);
    }
    this.#operations.push({ pair, kind });
  }

  build(): Part {
    return { key: this.#key, operations: this.#operations, kinds: this.#kinds };
  }
}

/** The operations of a part as the search reads them. */
export function encode(part: Part, isRead: readonly boolean[]): Operations {
  const { operations, kinds } = part;
  const functions = new Map<string, number>();
  for (const { f } of kinds) if (!functions.has(f)) functions.set(f, functions.size);
  const groupOf = kinds.map(({ f }) => functions.get(f) ?? 0);
  const count = operations.length;
  const encoded = {
    kinds: new Int32Array(count),
    isRead: new Uint8Array(count),
    called: new Int32Array(count),
    returned: new Int32Array(count),
    groups: new Int32Array(count),
  };
  // A loop: half of the time of a short history went into `from` and its functions.
  for (const [index, { pair, kind }] of operations.entries()) {
    encoded.kinds[index] = kind;
    encoded.isRead[index] = isRead[kind] === true ? 1 : 0;
    encoded.called[index] = pair.invocation.index;
    encoded.returned[index] =
      kinds[kind]?.type === "ok" ? (pair.completion?.index ?? NEVER) : NEVER;
    encoded.groups[index] = groupOf[kind] ?? 0;
  }
  let ranks: Int32Array | undefined;
  return {
    ...encoded,
    // Most searches do without.
    get ranks() {
      ranks ??= ranksOf(part, isRead, encoded.returned);
      return ranks;
    },
  };
}

/**
 * Guesses where the effect of each operation was first seen: at the first return of its argument, alone
 * or in a list. If several have the same argument, and each return takes one away, the first of them
 * was seen at the first return, and so on.
 */
function ranksOf(
  { operations, kinds }: Part,
  isRead: readonly boolean[],
  returned: Int32Array,
): Int32Array {
  const inOrder = operations
    .map(({ kind }, operation) => ({ kind, at: returned[operation] ?? NEVER }))
    .filter(({ at }) => at !== NEVER)
    .sort((one, other) => one.at - other.at);
  const firstSeen = new Map<string, number>();
  const takenAt = new Map<string, number[]>();
  for (const { kind, at } of inOrder) {
    const result = kinds[kind]?.result;
    const elements: readonly unknown[] = Array.isArray(result) ? result : [result];
    for (const element of elements) {
      const key = keyOfPlain(element);
      if (key === undefined) continue;
      if (!firstSeen.has(key)) firstSeen.set(key, at);
      if (isRead[kind] === true) continue;
      const taken = takenAt.get(key);
      if (taken === undefined) takenAt.set(key, [at]);
      else taken.push(at);
    }
  }
  const used = new Map<string, number>();
  return Int32Array.from(operations, ({ kind }) => {
    const key = isRead[kind] === true ? undefined : keyOfPlain(kinds[kind]?.value);
    if (key === undefined) return NEVER;
    const taken = takenAt.get(key);
    if (taken === undefined || taken.length === 1) return firstSeen.get(key) ?? NEVER;
    const count = used.get(key) ?? 0;
    used.set(key, count + 1);
    return taken[count] ?? NEVER;
  });
}

/** Compound values are rarely returned unchanged. */
function keyOfPlain(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? JSON.stringify(value) : undefined;
}
