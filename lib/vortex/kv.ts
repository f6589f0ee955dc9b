/**
 * Clients of Maelstrom's services.
 *
 * @see Maelstrom documentation, "Services"
 */
import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { isRpcError, RpcError } from "../protocol/errors.ts";
import { safeParse } from "../protocol/fast-parse.ts";
import { stringifyJson } from "../protocol/json.ts";
import { shorten } from "../protocol/shorten.ts";
import { lazy } from "./lazy.ts";
import { requireMilliseconds } from "./milliseconds.ts";
import type { Node, SyncRpcOptions } from "./node.ts";

/** A service that keeps values under keys. */
export type KvServiceId = "seq-kv" | "lin-kv" | "lww-kv";

// Made when first needed. The function that all of valibot's schemas are made by gets compiled at the
// 34th: in nodes with fewer, which are those with few requests of their own, no thread is begun for
// compiling while 25 of them start at once.
const readOk = lazy(() => v.object({ type: v.literal("read_ok"), value: v.unknown() }));
const writeOk = lazy(() => v.object({ type: v.literal("write_ok") }));
const casOk = lazy(() => v.object({ type: v.literal("cas_ok") }));
const tsOk = lazy(() =>
  v.object({ type: v.literal("ts_ok"), ts: v.pipe(v.number(), v.integer()) }),
);

/** How a compare-and-set goes about it. */
export interface CasOptions extends SyncRpcOptions {
  /** Whether to store the value, whatever `from` is, when the key is absent. Not on lww-kv. */
  readonly createIfNotExists?: boolean;
}

/** How often, and how patiently, an update is tried. */
export interface UpdateOptions extends SyncRpcOptions {
  /** How often to try, at least once. Defaults to 16. */
  readonly attempts?: number;
  /** Upper bound of the random wait before the second attempt, in ms. Defaults to 2. */
  readonly backoffMs?: number;
  /** The bound doubles with each attempt, up to this many ms. Defaults to 200. */
  readonly maxBackoffMs?: number;
}

/**
 * One key-value service, as one node sees it: with values of any JSON, or with those of one schema.
 *
 * Keys are any JSON; `1` and `"1"` are two keys. Every method rejects with an `RpcError`: `timeout`
 * (0, indefinite) when the service does not answer in time, or the error that the service answered
 * with.
 *
 * A schema that transforms has two types. Its input is what is stored, so it is what `write`, `cas`
 * and `update` take; its output is what the program works with, so it is what is read. The schema
 * parses on reading only.
 *
 * @example
 * const totals = node.seqKv.of(v.number());
 * await totals.update("total", (total = 0) => total + delta);
 */
export class KvClient<Input = unknown, Output = unknown> {
  readonly #node: Node;
  readonly #service: KvServiceId;
  readonly #schema: v.GenericSchema<Input, Output> | undefined;

  /** @param schema What the values are; any JSON without it. */
  constructor(node: Node, service: KvServiceId, schema?: v.GenericSchema<Input, Output>) {
    this.#node = node;
    this.#service = service;
    this.#schema = schema;
  }

  /** The same service, with values of one schema. */
  of<S extends v.GenericSchema>(schema: S): KvClient<v.InferInput<S>, v.InferOutput<S>> {
    // A schema of its own input and output.
    const typed = schema as v.GenericSchema<v.InferInput<S>, v.InferOutput<S>>;
    return new KvClient(this.#node, this.#service, typed);
  }

  /**
   * Reads the value of a key.
   *
   * @throws {RpcError} `key-does-not-exist` (20), which seq-kv may also say of a key that exists.
   * @throws {Error} when the value does not fit the schema, so another program must have stored it.
   *   Not an `RpcError`: retrying cannot help.
   */
  async read(key: unknown, options?: SyncRpcOptions): Promise<Output> {
    return this.#parse(key, await this.#read(key, options));
  }

  /**
   * Reads the value of a key, or returns `missing` when the service says that there is no such key.
   *
   * @throws {Error} as {@link read} does.
   */
  async readOr<T>(key: unknown, missing: T, options?: SyncRpcOptions): Promise<Output | T> {
    const found = await this.#find(key, options);
    return found === undefined ? missing : this.#parse(key, found.value);
  }

  /** Stores a value, whatever was there. */
  async write(key: unknown, value: Input, options?: SyncRpcOptions): Promise<void> {
    await this.#node.syncRpc(this.#service, { type: "write", key, value }, writeOk(), options);
  }

  /**
   * Compare-and-set: stores `to` if the key's value equals `from`.
   *
   * @throws {RpcError} `precondition-failed` (22) when it does not; `key-does-not-exist` (20).
   */
  async cas(key: unknown, from: Input, to: Input, options?: CasOptions): Promise<void> {
    await this.#cas(key, from, to, options);
  }

  /**
   * Changes a value: reads it and compare-and-sets what `change` returns, again and again while other
   * clients change it in between.
   *
   * A timeout is not retried: the compare-and-set may have happened, and would then count twice.
   * A missing key is created, except on lww-kv, which cannot.
   *
   * @param change Called with the value read, `undefined` if the key is missing. It may run several
   *   times, so it must have no effects.
   * @returns the value stored.
   * @throws {RpcError} `precondition-failed` (22), definite, when every attempt met another client's
   *   change; and whatever {@link read} and {@link cas} throw. An error of `change` ends the update.
   */
  async update<T extends Input>(
    key: unknown,
    change: (current: Output | undefined) => T,
    options: UpdateOptions = {},
  ): Promise<T> {
    const { attempts = 16, backoffMs = 2, maxBackoffMs = 200 } = options;
    requireMilliseconds("backoffMs", backoffMs, this.update);
    requireMilliseconds("maxBackoffMs", maxBackoffMs, this.update);
    for (let attempt = 1; ; attempt++) {
      const found = await this.#find(key, options);
      const next = change(found === undefined ? undefined : this.#parse(key, found.value));
      try {
        // The stored value is compared as it was read: a schema may have transformed it.
        if (found === undefined) await this.#create(key, next, options);
        else await this.#cas(key, found.value, next, options);
        return next;
      } catch (error) {
        // seq-kv may answer from a past state: "does not exist" of a key that was just read.
        const isConflict =
          isRpcError(error, "precondition-failed") || isRpcError(error, "key-does-not-exist");
        if (!isConflict) throw error;
        if (attempt >= attempts) {
          const text = `Gave up after ${attempts} attempts to update ${this.#service}`;
          throw new RpcError("precondition-failed", text, { cause: error });
        }
      }
      const boundMs = Math.min(maxBackoffMs, backoffMs * 2 ** (attempt - 1));
      await this.#node.sleep(this.#node.random() * boundMs);
    }
  }

  async #read(key: unknown, options: SyncRpcOptions | undefined): Promise<unknown> {
    const reply = await this.#node.syncRpc(this.#service, { type: "read", key }, readOk(), options);
    return reply.value;
  }

  /** Reads a value, if there is one. */
  async #find(
    key: unknown,
    options: SyncRpcOptions | undefined,
  ): Promise<{ readonly value: unknown } | undefined> {
    try {
      return { value: await this.#read(key, options) };
    } catch (error) {
      if (isRpcError(error, "key-does-not-exist")) return undefined;
      throw error;
    }
  }

  #parse(key: unknown, value: unknown): Output {
    if (this.#schema === undefined) return value as Output; // Without a schema, Output is unknown.
    const result = safeParse(this.#schema, value);
    if (result.success) return result.output;
    const place = `${shorten(stringifyJson(key))} in ${this.#service}`;
    throw new Error(`Cannot use what is stored under ${place}: ${describeIssues(result.issues)}`);
  }

  async #cas(key: unknown, from: unknown, to: Input, options: CasOptions = {}): Promise<void> {
    const { createIfNotExists = false } = options;
    const body = { type: "cas", key, from, to };
    await this.#node.syncRpc(
      this.#service,
      createIfNotExists ? { ...body, create_if_not_exists: true } : body,
      casOk(),
      options,
    );
  }

  /** Stores the first value of a key; `precondition-failed` if another client was faster. */
  #create(key: unknown, value: Input, options: SyncRpcOptions): Promise<void> {
    // A missing key is created whatever `from` is. A key that exists by now must not match, not even
    // if its value is null: so `from` is a value that was never stored.
    const from = this.#node.generateId();
    return this.#cas(key, from, value, { ...options, createIfNotExists: true });
  }
}

/** The service that hands out timestamps. */
export class TsoClient {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  /** The next timestamp: greater than every one handed out before this call. */
  async next(options?: SyncRpcOptions): Promise<number> {
    return (await this.#node.syncRpc("lin-tso", { type: "ts" }, tsOk(), options)).ts;
  }
}
