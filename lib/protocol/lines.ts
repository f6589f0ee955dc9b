/**
 * Splits a stream of bytes into lines of text, wherever its chunks are cut.
 *
 * A line longer than `maxLength` characters, give or take a chunk, is returned in pieces, or skipped
 * if there is an `onSkip`: a writer without line breaks cannot fill memory. By default, lines may
 * have any length.
 */
export class LineReader {
  readonly #maxLength: number;
  readonly #onSkip: ((beginning: string) => void) | undefined;
  #isSkipping = false;
  // Holds the bytes of a character that a chunk border cuts; drops a byte-order mark.
  readonly #decoder = new TextDecoder();
  #carry = "";

  /** @param onSkip Called with the beginning of each line that is skipped because of its length. */
  constructor(maxLength = Number.POSITIVE_INFINITY, onSkip?: (beginning: string) => void) {
    this.#maxLength = maxLength;
    this.#onSkip = onSkip;
  }

  /**
   * Takes a chunk, and returns the text of all complete lines, each with its line break, or `""`.
   */
  push(chunk: Uint8Array): string {
    // Decoded in two parts, so that the first ends with a whole character: Bun decodes non-ASCII text
    // that ends within a character ten times more slowly.
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    const lines = this.#decode(chunk, 0, end);
    const rest = this.#decode(chunk, end, chunk.length);
    if (end > 0) {
      const complete = this.#carry + (this.#isSkipping ? afterLineBreak(lines) : lines);
      this.#isSkipping = false;
      this.#carry = rest;
      return complete;
    }
    if (this.#isSkipping) return "";
    this.#carry += rest;
    if (this.#carry.length <= this.#maxLength) return "";
    const piece = this.#carry;
    this.#carry = "";
    if (this.#onSkip === undefined) return `${piece}\n`;
    this.#isSkipping = true;
    this.#onSkip(piece.slice(0, SHOWN_LENGTH));
    return "";
  }

  /** Decodes a part of a chunk. Most chunks end with a line, and are decoded whole. */
  #decode(chunk: Uint8Array, begin: number, end: number): string {
    if (begin === end) return "";
    const isWhole = end - begin === chunk.length;
    return this.#decoder.decode(isWhole ? chunk : chunk.subarray(begin, end), STREAM);
  }

  /** The text after the last line break so far. */
  get unfinished(): string {
    return this.#carry;
  }

  /** Ends the stream, and returns the text after the last line break, or `""`. */
  end(): string {
    const rest = this.#carry + this.#decoder.decode();
    this.#carry = "";
    return this.#isSkipping ? "" : rest;
  }
}

const STREAM = { stream: true };
const LINE_FEED = 0x0a;
/** How much of a skipped line is passed to `onSkip`, in characters. */
const SHOWN_LENGTH = 200;

function afterLineBreak(text: string): string {
  return text.slice(text.indexOf("\n") + 1);
}

/** Splits a text into lines without their `\n` or `\r\n`. A final line break starts no new line. */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (!text.includes("\r")) return lines; // Saves an echo node a twentieth of its time.
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}
