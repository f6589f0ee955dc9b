/**
 * Chunks of bytes -> whole lines of text, wherever the chunks are cut.
 *
 * A line longer than `maxLength` characters comes in pieces, so that a writer without line breaks
 * cannot fill memory. By default no line is too long.
 */
export class LineReader {
  readonly #maxLength: number;
  // Keeps what is missing of a character that a chunk border cuts; drops a byte-order mark.
  readonly #decoder = new TextDecoder();
  #carry = "";

  constructor(maxLength = Number.POSITIVE_INFINITY) {
    this.#maxLength = maxLength;
  }

  /**
   * Takes in a chunk, and returns the text of all lines that are complete by now, each with its
   * line break; `""` when there is none.
   */
  push(chunk: Uint8Array): string {
    // Decoded in two parts, for the first then ends with a whole character: Bun decodes text beyond
    // ASCII whose end is cut ten times more slowly, all of it.
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    const lines = end > 0 ? this.#decoder.decode(chunk.subarray(0, end), { stream: true }) : "";
    const rest = this.#decoder.decode(chunk.subarray(end), { stream: true });
    if (end > 0) {
      const complete = this.#carry + lines;
      this.#carry = rest;
      return complete;
    }
    this.#carry += rest;
    if (this.#carry.length <= this.#maxLength) return "";
    const piece = this.#carry;
    this.#carry = "";
    return `${piece}\n`;
  }

  /** What came after the last line break so far. */
  get unfinished(): string {
    return this.#carry;
  }

  /** Returns what came after the last line break: a last line without one, or `""`. */
  end(): string {
    const rest = this.#carry + this.#decoder.decode();
    this.#carry = "";
    return rest;
  }
}

const LINE_FEED = 0x0a;

/** The lines of a text, without their `\n` or `\r\n`. A line break at its end begins no new line. */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (!text.includes("\r")) return lines; // Saves an echo node a twentieth of its time.
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}
