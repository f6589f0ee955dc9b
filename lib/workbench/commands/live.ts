/** What people see on stderr: remarks, and where somebody watches, a part that is redrawn. */
import { logUpdateStderr } from "log-update";
import { printable } from "../report/text.ts";

/** Prints a line to stderr, whatever is in it. Unlike `console.error`, not in red. */
export function remark(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** The lower end of the screen, drawn anew all the time; nothing of it where nobody watches. */
export class LiveView {
  readonly #timer: ReturnType<typeof setInterval> | undefined;

  constructor(draw: () => string, intervalMs: number) {
    if (process.stderr.isTTY) {
      this.#timer = setInterval(() => logUpdateStderr(draw()), intervalMs);
    }
  }

  get isWatched(): boolean {
    return this.#timer !== undefined;
  }

  /** Prints a line above. */
  print(text: string): void {
    if (this.isWatched) logUpdateStderr.clear();
    remark(text);
  }

  /** Takes it away. */
  end(): void {
    if (!this.isWatched) return;
    clearInterval(this.#timer);
    logUpdateStderr.clear();
    logUpdateStderr.done(); // Shows the cursor again, which drawing hides.
  }
}
