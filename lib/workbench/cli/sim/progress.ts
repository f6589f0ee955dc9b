import type { Outcome } from "../../sweep/outcome.ts";
import { LiveView, remark } from "../live.ts";

/** Estimates the time left, in seconds. */
type TimeLeft = (doneCount: number, perSecond: number) => number | undefined;

/** The progress of a sweep, with an estimate of the time left. */
export class SweepProgress {
  readonly #of: string;
  readonly #leftS: TimeLeft;
  readonly #where: () => string;
  readonly #startedMs = performance.now();
  readonly #view = new LiveView({
    draw: () => this.#line(),
    intervalMs: 200,
    line: () => this.#line(),
  });
  #doneCount = 0;
  #failedCount = 0;

  /**
   * @param of What follows the number of runs: `of 100 seeds`.
   * @param where What follows their rate: ` on 3 workers`.
   */
  constructor(of: string, leftS: TimeLeft, where: () => string) {
    this.#of = of;
    this.#leftS = leftS;
    this.#where = where;
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
    const leftS = this.#leftS(this.#doneCount, perSecond);
    const left = leftS === undefined ? "?" : Math.max(0, Math.ceil(leftS));
    return `${this.#doneCount} ${this.#of}, ${this.#failedCount} not valid, ${perSecond.toFixed(1)} per second${this.#where()}, ${left} s left`;
  }
}
