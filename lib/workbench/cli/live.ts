/** What people see on stderr: remarks, and where somebody watches, a part that is redrawn. */
import { logUpdateStderr } from "log-update";
import { printable } from "../report/terminal/text.ts";

/** Prints a line to stderr, whatever is in it. Unlike `console.error`, not in red. */
export function remark(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

export interface LiveViewOptions {
  /** What stands at the lower end of the screen. */
  readonly draw: () => string;
  /** How often it is drawn anew, in ms. */
  readonly intervalMs: number;
  /** A line that says how far things are, for where nobody watches. */
  readonly tell: () => string;
}

/** How often a line is printed where nobody watches, in ms. */
const TELL_INTERVAL_MS = 10_000;

/**
 * Whether somebody watches a terminal that may be redrawn.
 *
 * @see https://no-color.org; most services for continuous integration set CI
 */
function isWatched(): boolean {
  const isSet = (name: string) => (process.env[name] ?? "") !== "";
  return process.stderr.isTTY === true && !isSet("CI") && !isSet("NO_COLOR");
}

/** The lower end of the screen, drawn anew all the time; a plain line now and then elsewhere. */
export class LiveView {
  readonly isWatched = isWatched();
  readonly #timer: ReturnType<typeof setInterval>;
  #hasEnded = false;

  constructor({ draw, intervalMs, tell }: LiveViewOptions) {
    this.#timer = this.isWatched
      ? setInterval(() => logUpdateStderr(draw()), intervalMs)
      : setInterval(() => remark(tell()), TELL_INTERVAL_MS);
  }

  /** Prints a line above. */
  print(text: string): void {
    if (this.isWatched) logUpdateStderr.clear();
    remark(text);
  }

  /** Takes it away. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearInterval(this.#timer);
    if (!this.isWatched) return;
    logUpdateStderr.clear();
    logUpdateStderr.done(); // Shows the cursor again, which drawing hides.
  }
}
