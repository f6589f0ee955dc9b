/** The visible messages of one key, in the order of their offsets. */
import { jsonLength } from "../../lib/vortex/index.ts";

/** Bounds of a read: messages, and characters of JSON in them. */
export interface Room {
  readonly count: number;
  readonly length: number;
}

export class KeyLog {
  readonly #offsets: number[] = [];
  readonly #messages: unknown[] = [];
  readonly #lengths: number[] = [];

  /** The last offset; `-1` for an empty log. */
  get lastOffset(): number {
    return this.#offsets.at(-1) ?? -1;
  }

  append(offset: number, message: unknown): void {
    this.#offsets.push(offset);
    this.#messages.push(message);
    this.#lengths.push(jsonLength(message));
  }

  /** Reads the first messages from an offset on that fit, and their length. */
  read(
    offset: number,
    { count, length }: Room,
  ): { readonly messages: [offset: number, message: unknown][]; readonly length: number } {
    const messages: [number, unknown][] = [];
    let used = 0;
    for (let index = this.#firstAt(offset); messages.length < count; index++) {
      const [found, itsLength] = [this.#offsets[index], this.#lengths[index]];
      if (found === undefined || itsLength === undefined || used + itsLength > length) break;
      messages.push([found, this.#messages[index]]);
      used += itsLength;
    }
    return { messages, length: used };
  }

  /** The length of the first message from an offset on; 0 without one. */
  lengthAt(offset: number): number {
    return this.#lengths[this.#firstAt(offset)] ?? 0;
  }

  #firstAt(offset: number): number {
    let [from, to] = [0, this.#offsets.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#offsets[middle] ?? offset) < offset) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
