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
import { requireAtLeast } from "./at-least.ts";
import { lazy } from "./lazy.ts";
import { requireMilliseconds } from "./milliseconds.ts";
import type { Node } from "./node.ts";
import type { SyncRpcOptions } from "./rpc.ts";

/** The name of a key-value service. */
export type KvServiceId = "seq-kv" | "lin-kv" | "lww-kv";

// Created when first used. JavaScriptCore compiles valibot's schema factory at the 34th schema, on a
// thread of its own. A node that creates fewer starts no such thread, which matters when 25 nodes start
// at once.
const readOk = lazy(() => v.object({ type: v.literal("read_ok"), value: v.unknown() }));
const writeOk = lazy(() => v.object({ type: v.literal("write_ok") }));
const casOk = lazy(() => v.object({ type: v.literal("cas_ok") }));
const tsOk = lazy(() =>
  v.object({ type: v.literal("ts_ok"), ts: v.pipe(v.number(), v.integer()) }),
);

/** Options of {@link KvClient.cas}. */
export interface CasOptions extends SyncRpcOptions {
  /** Whether to store the value if the key is missing, whatever `from` is. lww-kv ignores this. */
  readonly createIfNotExists?: boolean;
}

/** Options of {@link KvClient.update}. */
export interface UpdateOptions extends SyncRpcOptions {
  /** Maximum number of attempts, at least 1. Defaults to 16. */
  readonly attempts?: number;
  /** Maximum random wait before the second attempt, in ms. Defaults to 2. */
  readonly backoffMs?: number;
  /** Limit of that maximum, which doubles with each attempt, in ms. Defaults to 200. */
  readonly maxBackoffMs?: number;
}

/**
 * Client of a key-value service. Values are any JSON, or those of one schema (see {@link of}).
 *
 * Keys are any JSON; `1` and `"1"` are two keys. Every method rejects with an `RpcError`: `timeout`
 * (0, indefinite) if the service does not reply in time, or the error that it replied.
 *
 * A schema that transforms has two types: its input is stored, its output is read. So `write`, `cas`
 * and `update` take the input, and `read` returns the output. Values are parsed on reading only.
 *
 * @example
 * const totals = node.seqKv.of(v.number());
 * await totals.update("total", (total = 0) => total + delta);
 */
export class KvClient<Input = unknown, Output = unknown> {
  readonly #node: Node;
  readonly #service: KvServiceId;
  readonly #schema: v.GenericSchema<Input, Output> | undefined;

  /** @param schema Parses values; without it they are any JSON. */
  constructor(node: Node, service: KvServiceId, schema?: v.GenericSchema<Input, Output>) {
    this.#node = node;
    this.#service = service;
    this.#schema = schema;
  }

  /** Returns a client of the same service whose values are those of a schema. */
  of<S extends v.GenericSchema>(schema: S): KvClient<v.InferInput<S>, v.InferOutput<S>> {
    // InferInput and InferOutput are this schema's own.
    const typed = schema as v.GenericSchema<v.InferInput<S>, v.InferOutput<S>>;
    return new KvClient(this.#node, this.#service, typed);
  }

  /**
   * Reads the value of a key.
   *
   * @throws {RpcError} `key-does-not-exist` (20), which seq-kv may also reply for a key that exists.
   * @throws {Error} when the value does not fit the schema: another program must have stored it. Not
   *   an `RpcError`, because retrying cannot help.
   */
  async read(key: unknown, options?: SyncRpcOptions): Promise<Output> {
    return this.#parse(key, await this.#read(key, options));
  }

  /**
   * Reads the value of a key, or returns `missing` if the service reports that the key does not exist.
   *
   * @throws {Error} when the value does not fit the schema.
   */
  async readOr<T>(key: unknown, missing: T, options?: SyncRpcOptions): Promise<Output | T> {
    const found = await this.#find(key, options);
    return found === undefined ? missing : this.#parse(key, found.value);
  }

  /** Stores a value, unconditionally. */
  async write(key: unknown, value: Input, options?: SyncRpcOptions): Promise<void> {
    await this.#node.syncRpc(this.#service, { type: "write", key, value }, writeOk(), options);
  }

  /**
   * Compare-and-set: stores `to` if the key's value equals `from`.
   *
   * @throws {RpcError} `precondition-failed` (22) if it does not; `key-does-not-exist` (20).
   */
  async cas(key: unknown, from: Input, to: Input, options?: CasOptions): Promise<void> {
    await this.#cas(key, from, to, options);
  }

  /**
   * Changes a value with a read and a compare-and-set, repeated while other clients interfere.
   *
   * Does not retry after a timeout: the compare-and-set may have happened, and would count twice.
   * Creates a missing key, except on lww-kv, which cannot.
   *
   * @param change Computes the new value from the current one, `undefined` if the key is missing. It
   *   may run several times, so it must have no effects.
   * @returns the value stored.
   * @throws {RpcError} `precondition-failed` (22, definite) when all attempts were refused; the errors
   *   of {@link read} and {@link cas}. An error of `change` ends the update.
   * @throws {RangeError} when an option is out of range.
   */
  async update<T extends Input>(
    key: unknown,
    change: (current: Output | undefined) => T,
    options: UpdateOptions = {},
  ): Promise<T> {
    const { attempts = 16, backoffMs = 2, maxBackoffMs = 200 } = options;
    requireAtLeast(1, "attempts", attempts, this.update);
    requireMilliseconds("backoffMs", backoffMs, this.update);
    requireMilliseconds("maxBackoffMs", maxBackoffMs, this.update);
    for (let attempt = 1; ; attempt++) {
      const found = await this.#find(key, options);
      const next = change(found === undefined ? undefined : this.#parse(key, found.value));
      try {
        // Compares with the stored value, not with the output of the schema.
        if (found === undefined) await this.#create(key, next, options);
        else await this.#cas(key, found.value, next, options);
        return next;
      } catch (error) {
        // seq-kv may reply from a past state: "does not exist" for a key that was just read.
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

  /** Reads a value; `undefined` if the key does not exist. */
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
    throw new Error(`Cannot use the value stored under ${place}: ${describeIssues(result.issues)}`);
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

  /** Creates a key; `precondition-failed` if another client was faster. */
  #create(key: unknown, value: Input, options: SyncRpcOptions): Promise<void> {
    // The service ignores `from` for a missing key. A key that exists by now must not match, even if
    // its value is null, so `from` is a value that was never stored.
    const from = this.#node.generateId();
    return this.#cas(key, from, value, { ...options, createIfNotExists: true });
  }
}

/** Client of lin-tso, the timestamp oracle. */
export class TsoClient {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  /** Returns a timestamp greater than all those returned before this call, to any node. */
  async next(options?: SyncRpcOptions): Promise<number> {
    return (await this.#node.syncRpc("lin-tso", { type: "ts" }, tsOk(), options)).ts;
  }
}
