/** Output to stderr: remarks and, on a terminal, a part that is redrawn. */
import { logUpdateStderr } from "log-update";
import { printable } from "../report/terminal/printable.ts";

/** Prints a line to stderr, with control characters escaped. Unlike `console.error`, not in red. */
export function remark(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

export interface LiveViewOptions {
  /** Returns the text at the bottom of the screen. */
  readonly draw: () => string;
  /** Time between redraws, in ms. */
  readonly intervalMs: number;
  /** Returns the progress in one line, for output that is not a terminal. */
  readonly line: () => string;
}

/** Time between lines of progress, in ms. */
const LINE_INTERVAL_MS = 10_000;

/**
 * Whether stderr is a terminal that can be redrawn.
 *
 * @see https://no-color.org; most services for continuous integration set CI
 */
function isRedrawable(): boolean {
  const isSet = (name: string) => (process.env[name] ?? "") !== "";
  return process.stderr.isTTY === true && !isSet("CI") && !isSet("NO_COLOR");
}

/** The bottom of the screen, redrawn while it lives. Elsewhere, a plain line every 10 s. */
export class LiveView {
  readonly isRedrawn = isRedrawable();
  readonly #timer: ReturnType<typeof setInterval>;
  #hasEnded = false;

  constructor({ draw, intervalMs, line }: LiveViewOptions) {
    this.#timer = this.isRedrawn
      ? setInterval(() => logUpdateStderr(draw()), intervalMs)
      : setInterval(() => remark(line()), LINE_INTERVAL_MS);
  }

  /** Prints a line above it. */
  print(text: string): void {
    if (this.isRedrawn) logUpdateStderr.clear();
    remark(text);
  }

  /** Removes it from the screen. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearInterval(this.#timer);
    if (!this.isRedrawn) return;
    logUpdateStderr.clear();
    logUpdateStderr.done(); // Shows the cursor again.
  }
}
