/**
 * Chunks of bytes -> whole lines of text, wherever the chunks are cut.
 *
 * A line longer than `maxLength` characters, give or take a chunk, comes in pieces, so that a writer
 * without line breaks cannot fill memory; or it is skipped, if there is an `onSkip`. By default no
 * line is too long.
 */
export class LineReader {
  readonly #maxLength: number;
  readonly #onSkip: ((beginning: string) => void) | undefined;
  #isSkipping = false;
  // Keeps what is missing of a character that a chunk border cuts; drops a byte-order mark.
  readonly #decoder = new TextDecoder();
  #carry = "";

  /** @param onSkip Is told how a line begins that is too long, and has to be skipped. */
  constructor(maxLength = Number.POSITIVE_INFINITY, onSkip?: (beginning: string) => void) {
    this.#maxLength = maxLength;
    this.#onSkip = onSkip;
  }

  /**
   * Takes in a chunk, and returns the text of all lines that are complete by now, each with its
   * line break; `""` when there is none.
   */
  push(chunk: Uint8Array): string {
    // Decoded in two parts, for the first then ends with a whole character: Bun decodes text beyond
    // ASCII whose end is cut ten times more slowly, all of it.
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

  /** Most chunks end with a line: nothing needs to be cut out of them then, and nothing is left. */
  #decode(chunk: Uint8Array, begin: number, end: number): string {
    if (begin === end) return "";
    const isWhole = end - begin === chunk.length;
    return this.#decoder.decode(isWhole ? chunk : chunk.subarray(begin, end), STREAM);
  }

  /** What came after the last line break so far. */
  get unfinished(): string {
    return this.#carry;
  }

  /** Returns what came after the last line break: a last line without one, or `""`. */
  end(): string {
    const rest = this.#carry + this.#decoder.decode();
    this.#carry = "";
    return this.#isSkipping ? "" : rest;
  }
}

const STREAM = { stream: true };
const LINE_FEED = 0x0a;
/** How much of a line that is too long is told. */
const SHOWN_LENGTH = 200;

function afterLineBreak(text: string): string {
  return text.slice(text.indexOf("\n") + 1);
}

/** The lines of a text, without their `\n` or `\r\n`. A line break at its end begins no new line. */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (!text.includes("\r")) return lines; // Saves an echo node a twentieth of its time.
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}
