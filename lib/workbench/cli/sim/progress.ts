import type { Outcome } from "../../sweep/outcome.ts";
import { LiveView, remark } from "../live.ts";

/** Estimates the time left, in seconds. */
type TimeLeft = (doneCount: number, perSecond: number) => number | undefined;

export interface ProgressOfWorkers {
  /** Returns their place, to follow their rate: ` on 3 workers`. */
  readonly where: () => string;
  /** Returns the number of outcomes that an earlier sweep has stored. They took no time. */
  readonly formerCount: () => number;
}

/** The progress of a sweep, with an estimate of the time left. */
export class SweepProgress {
  readonly #of: string;
  readonly #leftS: TimeLeft;
  readonly #workers: ProgressOfWorkers;
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
   */
  constructor(of: string, leftS: TimeLeft, workers: ProgressOfWorkers) {
    this.#of = of;
    this.#leftS = leftS;
    this.#workers = workers;
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
    const { seconds, perSecond } = this.#rate();
    remark(
      `${this.#doneCount} seeds in ${seconds.toFixed(1)} s, ${perSecond.toFixed(1)} per second`,
    );
  }

  #line(): string {
    const { perSecond } = this.#rate();
    const leftS = this.#leftS(this.#doneCount, perSecond);
    const left = leftS === undefined ? "?" : Math.max(0, Math.ceil(leftS));
    return `${this.#doneCount} ${this.#of}, ${this.#failedCount} not valid, ${perSecond.toFixed(1)} per second${this.#workers.where()}, ${left} s left`;
  }

  #rate() {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    return { seconds, perSecond: (this.#doneCount - this.#workers.formerCount()) / seconds };
  }
}
