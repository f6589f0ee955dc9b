/** Splits a history into the parts that are searched one by one, as a model sees their operations. */
import { describeIssues } from "../../../protocol/describe-issues.ts";
import { type Schema, safeParse } from "../../../protocol/fast-parse.ts";
import { isArray, jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import { type History, type Pair, pairs } from "../../history/history.ts";
import { JsonMap } from "../json-map.ts";
import {
  type ClientOperation,
  type MappedOperation,
  type Mapping,
  mapOperation,
} from "../map-history.ts";
import { describeOperation } from "../wording.ts";
import type { AnyModel, ModelOperation } from "./model.ts";
import { NEVER, type Operations } from "./schedule.ts";

/** A part of a history: all of it, or the operations with one key, in order of invocation. */
export interface Part {
  readonly key: Json | undefined;
  readonly pairs: readonly Pair[];
  /** By operation: the index of its kind. */
  readonly kindOf: Int32Array;
  /** By operation: positions in the history. */
  readonly called: Int32Array;
  /** {@link NEVER} for indefinite operations. */
  readonly returned: Int32Array;
  /** The different operations: those of one kind have the same effect in every state. */
  readonly kinds: readonly ModelOperation[];
}

/** Returns some operations of a part, in the order given. */
export function selectFrom(part: Part, chosen: readonly number[]): Part {
  const { pairs, kindOf, called, returned } = part;
  const from = (array: Int32Array) => Int32Array.from(chosen, (operation) => array[operation] ?? 0);
  return {
    ...part,
    pairs: chosen.flatMap((operation) => pairs[operation] ?? []),
    kindOf: from(kindOf),
    called: from(called),
    returned: from(returned),
  };
}

/** Unwraps operations whose values are `[key, value]`, as Jepsen's `independent` and lin-kv have them. */
export function independent(operation: ClientOperation): MappedOperation {
  const { value, result } = operation;
  const pair = keyed(value, operation);
  return {
    ...operation,
    key: pair[0] ?? null,
    value: pair[1] ?? null,
    result: result === undefined ? undefined : (keyed(result, operation)[1] ?? null),
  };
}

function keyed(value: Json, { invocation }: ClientOperation): readonly Json[] {
  if (isArray(value) && value.length === 2) return value;
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
  const kinds = new Kinds(model, keyOf);
  const parts = new JsonMap<PartBuilder>();
  let whole: PartBuilder | undefined;
  const partOf = (key: Json | undefined): PartBuilder => {
    if (key === undefined) {
      whole ??= new PartBuilder(key);
      return whole;
    }
    let part = parts.get(key);
    if (part === undefined) {
      part = new PartBuilder(key);
      parts.set(key, part);
    }
    return part;
  };
  for (const pair of pairs(history)) {
    const mapped = mapOperation(pair, model);
    if (mapped === undefined) continue;
    if (mapped.type === "fail") {
      // It did not happen, but its key is one of the history.
      if (mapped.key !== undefined) partOf(mapped.key);
      continue;
    }
    const kind = kinds.of(mapped, pair);
    const part = partOf(keyOf === undefined ? mapped.key : kind.key);
    if (!kind.isIrrelevant) part.add(pair, kind);
  }
  const split = [...parts.values()];
  if (whole === undefined) return split.map((part) => part.build());
  if (split.length > 0) {
    throw new Error("Some operations have a key, and others have none. Give all of them one");
  }
  return [whole.build()];
}

/** Operations of a history with the same function, type, argument and result. */
interface Kind {
  readonly operation: ModelOperation;
  /** Whether it makes no difference if it happened. */
  readonly isIrrelevant: boolean;
  readonly key: Json | undefined;
}

/** More values than fit into memory. */
const MAX_COUNT = 2 ** 26;

/** Finds the kinds of operations: each is parsed once. */
class Kinds<State> {
  readonly #model: AnyModel<State>;
  readonly #keyOf: ((operation: ModelOperation) => Json) | undefined;
  readonly #numbers = new JsonMap<number>();
  /** The same for pairs, such as those of a compare-and-set, by the numbers of both. */
  readonly #pairs = new Map<number, number>();
  #count = 0;
  /** By function, then by the numbers of argument and result. */
  readonly #definite = new Map<string, Map<number, Kind>>();
  readonly #indefinite = new Map<string, Map<number, Kind>>();

  constructor(model: AnyModel<State>, keyOf: ((operation: ModelOperation) => Json) | undefined) {
    this.#model = model;
    this.#keyOf = keyOf;
  }

  of(mapped: MappedOperation, pair: Pair): Kind {
    const { f, type, value, result } = mapped;
    const isOk = type === "ok";
    const byFunction = isOk ? this.#definite : this.#indefinite;
    let known = byFunction.get(f);
    if (known === undefined) {
      known = new Map();
      byFunction.set(f, known);
    }
    const id = this.#numberOf(value) * MAX_COUNT + (isOk ? this.#numberOf(result ?? null) : 0);
    let kind = known.get(id);
    if (kind === undefined) {
      kind = this.#newKind(mapped, pair);
      known.set(id, kind);
    }
    return kind;
  }

  #newKind(mapped: MappedOperation, pair: Pair): Kind {
    const operation = parseOperation(mapped, pair, this.#model);
    // Whether an indefinite read happened makes no difference.
    const isIrrelevant = operation.type === "info" && this.#model.isRead?.(operation) === true;
    return { operation, isIrrelevant, key: this.#keyOf?.(operation) };
  }

  #numberOf(value: Json): number {
    if (isArray(value) && value.length === 2) {
      const id = this.#numberOf(value[0] ?? null) * MAX_COUNT + this.#numberOf(value[1] ?? null);
      return this.#pairs.get(id) ?? this.#set(this.#pairs, id);
    }
    return this.#numbers.get(value) ?? this.#set(this.#numbers, value);
  }

  #set<K>(numbers: { set(key: K, number: number): unknown }, key: K): number {
    const number = this.#count++;
    numbers.set(key, number);
    return number;
  }
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
  readonly #pairs: Pair[] = [];
  /** Of each operation: its kind, its call and its return. One array grows faster than three. */
  readonly #entries: number[] = [];
  readonly #kinds: ModelOperation[] = [];
  readonly #numbers = new Map<Kind, number>();

  constructor(key: Json | undefined) {
    this.#key = key;
  }

  add(pair: Pair, kind: Kind): void {
    let number = this.#numbers.get(kind);
    if (number === undefined) {
      number = this.#kinds.push(kind.operation) - 1;
      this.#numbers.set(kind, number);
    }
    this.#pairs.push(pair);
    // Here the pair is still in the processor's cache: later it takes three times as long.
    const isOk = kind.operation.type === "ok";
    const returned = isOk ? (pair.completion?.index ?? NEVER) : NEVER;
    this.#entries.push(number, pair.invocation.index, returned);
  }

  build(): Part {
    const count = this.#pairs.length;
    const entries = this.#entries;
    const kindOf = new Int32Array(count);
    const called = new Int32Array(count);
    const returned = new Int32Array(count);
    for (let index = 0; index < count; index++) {
      kindOf[index] = entries[3 * index] ?? 0;
      called[index] = entries[3 * index + 1] ?? 0;
      returned[index] = entries[3 * index + 2] ?? NEVER;
    }
    return { key: this.#key, pairs: this.#pairs, kindOf, called, returned, kinds: this.#kinds };
  }
}

/** The operations of a part as the search reads them. */
export function encode(part: Part, isRead: readonly boolean[]): Operations {
  const { kindOf, called, returned } = part;
  const isReadOf = new Uint8Array(kindOf.length);
  for (let index = 0; index < kindOf.length; index++) {
    if (isRead[kindOf[index] ?? 0] === true) isReadOf[index] = 1;
  }
  let groups: Int32Array | undefined;
  let ranks: Int32Array | undefined;
  return {
    kinds: kindOf,
    isRead: isReadOf,
    called,
    returned,
    // Most searches do without these.
    get groups() {
      groups ??= groupsOf(part);
      return groups;
    },
    get ranks() {
      ranks ??= ranksOf(part, isRead);
      return ranks;
    },
  };
}

/** Operations of one function are a group. */
function groupsOf({ kindOf, kinds }: Part): Int32Array {
  const numbers = new Map<string, number>();
  const groups = kinds.map(({ f }) => {
    const number = numbers.get(f) ?? numbers.size;
    numbers.set(f, number);
    return number;
  });
  return kindOf.map((kind) => groups[kind] ?? 0);
}

/**
 * Guesses where the effect of each operation was first seen: at the first return of its argument, alone
 * or in a list. If several have the same argument, and each return takes one away, the first of them
 * was seen at the first return, and so on.
 */
function ranksOf({ kindOf, kinds, returned }: Part, isRead: readonly boolean[]): Int32Array {
  const inOrder = Array.from(kindOf, (kind, operation) => ({
    kind,
    at: returned[operation] ?? NEVER,
  }))
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
  return kindOf.map((kind) => {
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
