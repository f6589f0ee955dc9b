/**
 * Group commit: stores or sends items in batches.
 *
 * Items that arrive while one batch is in flight share the next. So a busy node sends fewer messages,
 * and an idle one adds no delay.
 */
import { RpcError } from "../protocol/errors.ts";
import { requireAtLeast } from "./at-least.ts";
import { takeChunk } from "./chunks.ts";
import type { Cancel } from "./host.ts";
import { requireMilliseconds } from "./milliseconds.ts";
import type { Node } from "./node.ts";

/** Options of a {@link Batcher}. */
export interface BatcherOptions<Item, Result> {
  /**
   * Stores or sends a batch, and resolves when that is certain. Called for one batch at a time.
   *
   * A rejection is passed to every `add` of the batch. Reject with a definite `RpcError` only if no
   * part of the batch has taken effect or may still do so.
   */
  flush(items: readonly Item[]): Promise<Result>;
  /**
   * How long the first item of a batch waits for others, in ms. Defaults to 0: only while the previous
   * batch is in flight.
   */
  readonly delayMs?: number;
  /** Maximum number of items in a batch; a full batch does not wait. Defaults to 1000. */
  readonly maxItems?: number;
  /** Approximate length of an item as JSON, in characters, for `maxLength`. Defaults to 0. */
  readonly lengthOf?: (item: Item) => number;
  /**
   * Maximum total length of a batch in characters, so that it fits into a message; a single longer
   * item is a batch by itself. Defaults to 2^23.
   */
  readonly maxLength?: number;
  /**
   * How long `add` waits for its batch, in ms. Defaults to 4000: Maelstrom's clients time out after
   * 5 s. `Infinity` waits for ever.
   */
  readonly timeoutMs?: number;
}

/** The outcome of an item. */
export interface Batched<Result> {
  /** The result of `flush`. */
  readonly result: Result;
  /** The item's index in its batch, in order of arrival. */
  readonly index: number;
}

interface Waiter<Item, Result> {
  readonly item: Item;
  readonly length: number;
  readonly since: number;
  resolve(batched: Batched<Result>): void;
  reject(error: unknown): void;
}

const DEFAULT_MAX_ITEMS = 1000;
const DEFAULT_MAX_LENGTH = 2 ** 23;
const DEFAULT_TIMEOUT_MS = 4000;

/**
 * Groups items into batches, of which one is in flight at a time.
 *
 * @example
 * const batcher = new Batcher(node, { flush: (deltas: readonly number[]) => store(sum(deltas)) });
 * node.handle("add", Add, async ({ body }) => {
 *   await batcher.add(body.delta);
 *   return { type: "add_ok" };
 * });
 */
export class Batcher<Item, Result = void> {
  readonly #node: Node;
  readonly #options: Required<BatcherOptions<Item, Result>>;
  readonly #waiting: Waiter<Item, Result>[] = [];
  #flushingCount = 0;
  #phase: "idle" | "delayed" | "due" | "flushing" = "idle";
  #cancelDelay: Cancel = () => {};

  /**
   * @throws {RangeError} when an option is not a number, `delayMs` not finite, `maxItems` less than 1, or
   *   `maxLength` negative.
   */
  constructor(node: Node, options: BatcherOptions<Item, Result>) {
    this.#node = node;
    this.#options = {
      delayMs: 0,
      maxItems: DEFAULT_MAX_ITEMS,
      lengthOf: () => 0,
      maxLength: DEFAULT_MAX_LENGTH,
      timeoutMs: DEFAULT_TIMEOUT_MS,
      ...options,
    };
    const { delayMs, timeoutMs, maxItems, maxLength } = this.#options;
    requireAtLeast(1, "maxItems", maxItems, Batcher);
    requireAtLeast(0, "maxLength", maxLength, Batcher);
    requireMilliseconds("delayMs", delayMs, Batcher);
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      requireMilliseconds("timeoutMs", timeoutMs, Batcher);
    }
  }

  /** Number of items whose batch has not ended. */
  get size(): number {
    return this.#waiting.length + this.#flushingCount;
  }

  /**
   * Adds an item, and resolves when its batch has been stored or sent.
   *
   * @throws the rejection of `flush`.
   * @throws {RpcError} after `timeoutMs`: `temporarily-unavailable` (11, definite) if the item is in no
   *   batch, and it never will be; `timeout` (0, indefinite) if its batch is in flight.
   */
  add(item: Item): Promise<Batched<Result>> {
    return new Promise((resolve, reject) => {
      const { timeoutMs, lengthOf } = this.#options;
      const length = lengthOf(item);
      const cancelTimeout =
        timeoutMs < Number.POSITIVE_INFINITY
          ? this.#node.after(timeoutMs, () => this.#expire(waiter))
          : () => {};
      const waiter: Waiter<Item, Result> = {
        item,
        length,
        since: this.#node.nowMs(),
        resolve(batched) {
          cancelTimeout();
          resolve(batched);
        },
        reject(error) {
          cancelTimeout();
          reject(error);
        },
      };
      this.#waiting.push(waiter);
      this.#advance();
    });
  }

  #expire(waiter: Waiter<Item, Result>): void {
    const { timeoutMs } = this.#options;
    const index = this.#waiting.indexOf(waiter);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      const text = `Not started within ${timeoutMs} ms, and cancelled`;
      waiter.reject(new RpcError("temporarily-unavailable", text));
    } else {
      // The batch may have been stored, or may still be.
      waiter.reject(new RpcError("timeout", `Not acknowledged within ${timeoutMs} ms`));
    }
  }

  #advance(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#phase === "due" || this.#phase === "flushing") return;
    const { delayMs, maxItems } = this.#options;
    const waitMs = first.since + delayMs - this.#node.nowMs();
    if (waitMs <= 0 || this.#waiting.length >= maxItems) {
      this.#cancelDelay();
      this.#phase = "due";
      // In a microtask, so that requests in one chunk of input share a batch.
      queueMicrotask(() => this.#flush());
    } else if (this.#phase === "idle") {
      this.#phase = "delayed";
      this.#cancelDelay = this.#node.after(waitMs, () => this.#flush());
    }
  }

  async #flush(): Promise<void> {
    this.#phase = "flushing";
    const { maxItems, maxLength } = this.#options;
    const batch = takeChunk(this.#waiting.slice(0, maxItems), maxLength, ({ length }) => length);
    this.#waiting.splice(0, batch.length);
    this.#flushingCount = batch.length;
    try {
      // All items may have been cancelled.
      if (batch.length > 0) {
        const result = await this.#options.flush(batch.map(({ item }) => item));
        for (const [index, waiter] of batch.entries()) waiter.resolve({ result, index });
      }
    } catch (error) {
      for (const waiter of batch) waiter.reject(error);
    }
    this.#flushingCount = 0;
    this.#phase = "idle";
    this.#advance();
  }
}
