import type { Outcome } from "../../sweep/outcome.ts";
import { LiveView, remark } from "../live.ts";

/** The progress of a sweep, with an estimate of the time left. */
export class SweepProgress {
  readonly #total: number;
  readonly #startedMs = performance.now();
  readonly #view = new LiveView({
    draw: () => this.#line(),
    intervalMs: 200,
    line: () => this.#line(),
  });
  #doneCount = 0;
  #failedCount = 0;

  constructor(total: number) {
    this.#total = total;
  }

  count({ valid }: Outcome): void {
    this.#doneCount++;
    if (valid !== true) this.#failedCount++;
  }

  /** Prints a line above. */
  print(text: string): void {
    this.#view.print(text);
  }

  end(): void {
    this.#view.end();
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const perSecond = (this.#doneCount / seconds).toFixed(1);
    remark(`${this.#doneCount} seeds in ${seconds.toFixed(1)} s, ${perSecond} per second`);
  }

  #line(): string {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    const perSecond = this.#doneCount / seconds;
    const left = perSecond > 0 ? Math.ceil((this.#total - this.#doneCount) / perSecond) : "?";
    return `${this.#doneCount} of ${this.#total} seeds, ${this.#failedCount} not valid, ${perSecond.toFixed(1)} per second, ${left} s left`;
  }
}
