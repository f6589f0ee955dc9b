/** Collects items, and hands them over together. */
import type { Node } from "../vortex/index.ts";

export class Delayed<Item> {
  readonly #node: Node;
  readonly #delayMs: number;
  readonly #flush: (items: readonly Item[]) => void;
  #items: Item[] = [];

  /**
   * @param delayMs How long the first item waits for others, in ms. 0 waits for the end of the turn,
   *   so that what arrives together stays together.
   */
  constructor(node: Node, delayMs: number, flush: (items: readonly Item[]) => void) {
    this.#node = node;
    this.#delayMs = delayMs;
    this.#flush = flush;
  }

  /** Whether items wait. */
  get isWaiting(): boolean {
    return this.#items.length > 0;
  }

  add(item: Item): void {
    this.#items.push(item);
    if (this.#items.length > 1) return;
    const flush = () => this.#flush(this.#items.splice(0));
    if (this.#delayMs === 0) queueMicrotask(flush);
    else this.#node.after(this.#delayMs, flush);
  }
}
