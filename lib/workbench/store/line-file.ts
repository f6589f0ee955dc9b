import { closeSync, openSync, writeSync } from "node:fs";

const BLOCK_LENGTH = 65_536;

/** A new file that lines are appended to, up to a limit. After a failure it drops all lines. */
export class LineFile {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #maxBytes: number;
  readonly #onFull: (text: string) => void;
  #pending = "";
  #writtenBytes = 0;
  #isClosedToLines = false;

  /**
   * Creates the file.
   *
   * @param onFull Called once, when a line exceeds the limit. May throw; `add` throws then.
   * @throws if the file exists or cannot be created.
   */
  constructor(path: string, maxBytes: number, onFull: (text: string) => void) {
    this.#path = path;
    this.#descriptor = openSync(path, "wx");
    this.#maxBytes = maxBytes;
    this.#onFull = onFull;
  }

  /** @throws {Error} if a full block cannot be written, with the path. */
  add(line: string): void {
    if (this.#isClosedToLines) return;
    // Counts characters, which may take several bytes: the limit is exceeded by a block at most.
    if (this.#writtenBytes + this.#pending.length + line.length >= this.#maxBytes) {
      this.flush();
      this.#isClosedToLines = true;
      this.#onFull(`${this.#path} has reached its limit of ${this.#maxBytes / 1e6} MB`);
      return;
    }
    this.#pending += `${line}\n`;
    if (this.#pending.length >= BLOCK_LENGTH) this.flush();
  }

  /** @throws {Error} if the pending lines cannot be written, with the path. */
  flush(): void {
    if (this.#isClosedToLines || this.#pending === "") return;
    const bytes = Buffer.from(this.#pending);
    this.#pending = "";
    this.#writtenBytes += bytes.length;
    try {
      // A disk that is nearly full writes a part and reports no error.
      for (let start = 0; start < bytes.length; ) {
        start += writeSync(this.#descriptor, bytes, start);
      }
    } catch (error) {
      this.#isClosedToLines = true;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${this.#path}: ${reason}`, { cause: error });
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
