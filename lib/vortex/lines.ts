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
    const text = this.#decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n") + 1;
    if (end === 0) {
      this.#carry += text;
      if (this.#carry.length <= this.#maxLength) return "";
      const piece = this.#carry;
      this.#carry = "";
      return `${piece}\n`;
    }
    const lines = this.#carry + text.slice(0, end);
    this.#carry = text.slice(end);
    return lines;
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

/** The lines of a text, without their `\n` or `\r\n`. A line break at its end begins no new line. */
export function splitLines(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (!text.includes("\r")) return lines; // Saves an echo node a twentieth of its time.
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}
