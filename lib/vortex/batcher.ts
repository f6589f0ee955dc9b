/**
 * Collects items, stores or sends them as one, and tells those who wait for them.
 *
 * Known as group commit: while one batch is under way, whatever arrives shares the next. So a busy
 * node needs fewer messages, and one that is not busy makes nobody wait.
 */
import { RpcError } from "../protocol/errors.ts";
import { takeChunk } from "./chunks.ts";
import type { Cancel } from "./host.ts";
import { requireMilliseconds } from "./milliseconds.ts";
import type { Node } from "./node.ts";

/** Limits of a {@link Batcher}'s batches, and how it stores or sends them. */
export interface BatcherOptions<Item, Result> {
  /**
   * Stores or sends a batch, and resolves when that has happened for certain.
   *
   * One batch at a time. What it rejects with is what all who wait for the batch get: an `RpcError`
   * must be definite only if none of the batch can have happened, or happen later.
   */
  flush(items: readonly Item[]): Promise<Result>;
  /**
   * How long the first item of a batch waits for others, in ms. Defaults to 0: only while the batch
   * before is under way.
   */
  readonly delayMs?: number;
  /** How many items a batch has at most; a batch of so many waits no longer. Defaults to 1000. */
  readonly maxItems?: number;
  /** About how many characters an item has as JSON: see `maxLength`. By default it counts as 0. */
  readonly lengthOf?: (item: Item) => number;
  /**
   * How many characters the items of a batch have together at most, so that what is made of it is not
   * too long for a message; one item alone may have more. Defaults to 2^23.
   */
  readonly maxLength?: number;
  /**
   * How long `add` waits for the end of its batch, in ms. Defaults to 4000: clients of Maelstrom wait
   * for 5 s, and a reply after that is an error. `Infinity` waits forever.
   */
  readonly timeoutMs?: number;
}

/** Where an item ended up. */
export interface Batched<Result> {
  /** What `flush` resolved with. */
  readonly result: Result;
  /** The item's place in its batch, from 0 in the order of arrival. */
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
 * One stream of batches.
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

  /** @throws {RangeError} when `delayMs` or `timeoutMs` is not such a number. */
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
    const { delayMs, timeoutMs } = this.#options;
    requireMilliseconds("delayMs", delayMs, Batcher);
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      requireMilliseconds("timeoutMs", timeoutMs, Batcher);
    }
  }

  /** How many items have been added whose batch has not ended. */
  get size(): number {
    return this.#waiting.length + this.#flushingCount;
  }

  /**
   * Adds an item, and resolves when its batch has been stored or sent.
   *
   * @throws whatever `flush` rejected with.
   * @throws {RpcError} after `timeoutMs`: `temporarily-unavailable` (11, definite) for an item that
   *   no batch took, and none will; `timeout` (0, indefinite) for one whose batch is under way.
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
      const text = `Not begun within ${timeoutMs} ms, and called off`;
      waiter.reject(new RpcError("temporarily-unavailable", text));
    } else {
      // Nobody knows: the batch may be stored already, or later.
      waiter.reject(new RpcError("timeout", `Not done within ${timeoutMs} ms`));
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
      // Not at once: requests that came in one chunk of input share a batch.
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
      // All may have been called off meanwhile.
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
