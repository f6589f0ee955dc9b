/**
 * Clients of Maelstrom's services.
 *
 * @see Maelstrom documentation, "Services"
 */
import * as v from "valibot";
import { isRpcError, RpcError } from "../protocol/errors.ts";
import { type Schema, safeParse } from "../protocol/fast-parse.ts";
import { stringifyJson } from "../protocol/json.ts";
import { describeIssues, shorten } from "../protocol/message.ts";
import { once } from "./lazy.ts";
import type { Node, SyncRpcOptions } from "./node.ts";

/** A service that keeps values under keys. */
export type KvServiceId = "seq-kv" | "lin-kv" | "lww-kv";

// Made when first needed. The function that all of valibot's schemas are made by gets compiled at the
// 34th: in nodes with fewer, which are those with few requests of their own, no thread is begun for
// compiling while 25 of them start at once.
const readOk = once(() => v.object({ type: v.literal("read_ok"), value: v.unknown() }));
const writeOk = once(() => v.object({ type: v.literal("write_ok") }));
const casOk = once(() => v.object({ type: v.literal("cas_ok") }));
const tsOk = once(() =>
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
 * One key-value service, as one node sees it.
 *
 * Keys and values are any JSON; `1` and `"1"` are two keys. What a value must look like is said by a
 * schema where one is given. Every method rejects with an `RpcError`: `timeout` (0, indefinite)
 * when the service does not answer in time, or the error that the service answered with.
 */
export class KvClient {
  readonly #node: Node;
  readonly #service: KvServiceId;

  constructor(node: Node, service: KvServiceId) {
    this.#node = node;
    this.#service = service;
  }

  /**
   * The value of a key.
   *
   * @throws {RpcError} `key-does-not-exist` (20), which seq-kv may also say of a key that exists.
   */
  async read(key: unknown, options?: SyncRpcOptions): Promise<unknown> {
    const reply = await this.#node.syncRpc(this.#service, { type: "read", key }, readOk(), options);
    return reply.value;
  }

  /** The value of a key, or `missing` when the service says that there is no such key. */
  async readOr<T>(key: unknown, missing: T, options?: SyncRpcOptions): Promise<unknown | T> {
    try {
      return await this.read(key, options);
    } catch (error) {
      if (isRpcError(error, "key-does-not-exist")) return missing;
      throw error;
    }
  }

  /**
   * The value of a key as the schema makes it, or `undefined` when the service says that there is no
   * such key.
   *
   * @throws {Error} when the value does not fit: somebody else must have stored it. This is no
   *   `RpcError`, for to ask again would not help.
   */
  async readAs<S extends Schema>(
    key: unknown,
    schema: S,
    options?: SyncRpcOptions,
  ): Promise<v.InferOutput<S> | undefined> {
    const value = await this.readOr(key, undefined, options);
    if (value === undefined) return undefined;
    const result = safeParse(schema, value);
    if (result.success) return result.output;
    const place = `${shorten(stringifyJson(key))} in ${this.#service}`;
    throw new Error(`Cannot use what is stored under ${place}: ${describeIssues(result.issues)}`);
  }

  /** Stores a value, whatever was there. */
  async write(key: unknown, value: unknown, options?: SyncRpcOptions): Promise<void> {
    await this.#node.syncRpc(this.#service, { type: "write", key, value }, writeOk(), options);
  }

  /**
   * Compare-and-set: stores `to` if the key's value equals `from`.
   *
   * @throws {RpcError} `precondition-failed` (22) when it does not; `key-does-not-exist` (20).
   */
  async cas(key: unknown, from: unknown, to: unknown, options: CasOptions = {}): Promise<void> {
    const { createIfNotExists = false } = options;
    const body = { type: "cas", key, from, to };
    await this.#node.syncRpc(
      this.#service,
      createIfNotExists ? { ...body, create_if_not_exists: true } : body,
      casOk(),
      options,
    );
  }

  /**
   * Changes a value by reading it and compare-and-setting what `change` makes of it, again and
   * again while others change it in between.
   *
   * A timeout is not retried: the compare-and-set may have happened, and would then count twice.
   * An absent key is created, but on lww-kv, which cannot.
   *
   * @param change Called with the value read, `undefined` if the key is absent. It may run several
   *   times, so it must have no effect of its own.
   * @returns the value stored.
   * @throws {RpcError} `precondition-failed` (22), definite, when every attempt met another's
   *   change; and whatever {@link read} and {@link cas} throw. What `change` throws ends the update.
   */
  async update<T>(
    key: unknown,
    change: (current: unknown) => T,
    options: UpdateOptions = {},
  ): Promise<T> {
    const { attempts = 16, backoffMs = 2, maxBackoffMs = 200 } = options;
    for (let attempt = 1; ; attempt++) {
      const current = await this.readOr(key, undefined, options);
      const next = change(current);
      try {
        if (current === undefined) await this.#create(key, next, options);
        else await this.cas(key, current, next, options);
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

  /** Stores the first value of a key; `precondition-failed` if another was faster. */
  #create(key: unknown, value: unknown, options: SyncRpcOptions): Promise<void> {
    // An absent key is created whatever `from` is. One that exists by now must not match, not even
    // if its value is null: so `from` is a value that nobody ever stored.
    const from = this.#node.generateId();
    return this.cas(key, from, value, { ...options, createIfNotExists: true });
  }
}

/** The service that hands out timestamps. */
export class TsoClient {
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  /** The next timestamp: greater than every one handed out before this call. */
  async ts(options?: SyncRpcOptions): Promise<number> {
    return (await this.#node.syncRpc("lin-tso", { type: "ts" }, tsOk(), options)).ts;
  }
}
