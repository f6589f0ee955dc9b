/** Describes a running test: time left, operations, anomalies so far, active faults. */
import { shorten } from "../../../protocol/shorten.ts";
import type { Operation } from "../../history/history.ts";
import { describeFaultEntry } from "../../nemesis/describe-fault.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { definitionOf, makeWorkload } from "../../workloads/index.ts";
import { type EarlyCheck, permanent } from "../../workloads/summary.ts";

/**
 * Maximum number of entries to check before the end. Checking delays the test: this many take a few
 * milliseconds, at most once per second.
 */
const MAX_CHECKED = 2000;
const CHECK_INTERVAL_MS = 1000;
/** Maximum length of what a fault did. A ring of many nodes has many cut links. */
const MAX_DETAIL_LENGTH = 60;
/** A check that takes longer than this, in ms, is the last early one. */
const MAX_CHECK_MS = 20;
/** Bounds searches: an exponential one would stall the test until its requests time out. */
const MAX_CHECK_STEPS = 20_000;

export class TestProgress {
  readonly #options: TestOptions;
  readonly #stopwatch: () => number;
  /** Whether a recovery and final operations follow the main phase. */
  readonly #hasEnd: boolean;
  readonly #counts = { invoke: 0, ok: 0, fail: 0, info: 0 };
  /** The effect of each active fault. */
  readonly #faults = new Map<string, string>();
  readonly #early: Operation[] = [];
  #verdict = "nothing wrong so far";
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether early checks are over: all their entries are checked, or checking takes too long. */
  #isChecked = false;
  #zeroMs: number | undefined;

  /** @param stopwatch Clock in ms that measures the checks. */
  constructor(options: TestOptions, stopwatch = () => performance.now()) {
    this.#options = options;
    this.#stopwatch = stopwatch;
    this.#hasEnd =
      makeWorkload(options).finalGenerator !== undefined ||
      options.converge ||
      options.livenessLimitS !== undefined;
  }

  /** Adds an entry of the history. */
  add(operation: Operation, nowMs: number): void {
    this.#zeroMs ??= nowMs - operation.time / 1e6;
    const { process, type, f, error } = operation;
    if (process !== "nemesis") this.#counts[type]++;
    else if (f.startsWith("start-"))
      this.#faults.set(f.slice("start-".length), describeFaultEntry(operation));
    else if (error === undefined) this.#faults.delete(f.slice("stop-".length));
    else this.#faults.set(f.slice("stop-".length), describeFaultEntry(operation));
    if (this.#early.length < MAX_CHECKED) this.#early.push(operation);
  }

  /** Approximate length of the test, in seconds. */
  get lengthS(): number {
    const { timeLimitS, recoveryS } = this.#options;
    return timeLimitS + (this.#hasEnd ? recoveryS : 0);
  }

  /** Describes the progress, in a few parts of a line. */
  describe(nowMs: number): string[] {
    const { ok, fail, info } = this.#counts;
    const counts = [`${ok} ok`, `${fail} fail`, `${info} info`].join(", ");
    return [
      this.#phase(nowMs),
      counts,
      this.#check(nowMs),
      this.#faults.size > 0 ? `faults: ${[...this.#faults].map(faultText).join(", ")}` : "",
    ].filter((part) => part !== "");
  }

  #phase(nowMs: number): string {
    if (this.#zeroMs === undefined) return "starting";
    const { timeLimitS } = this.#options;
    const passedS = (nowMs - this.#zeroMs) / 1000;
    const left = `${Math.max(0, this.lengthS - passedS).toFixed(0)} s left`;
    if (passedS < timeLimitS) return `${passedS.toFixed(1)} of ${timeLimitS} s, ${left}`;
    if (passedS < this.lengthS) return `recovery without faults, ${left}`;
    return this.#hasEnd ? "final operations" : "waiting for the last operations";
  }

  #check(nowMs: number): string {
    const early = earlyCheckOf(this.#options);
    if (early === undefined) return "checked at the end";
    if (this.#isChecked || nowMs - this.#checkedAtMs < CHECK_INTERVAL_MS) return this.#verdict;
    this.#checkedAtMs = nowMs;
    const startedMs = this.#stopwatch();
    const wrong = wrongIn(early, this.#early, this.#options);
    const isSlow = this.#stopwatch() - startedMs > MAX_CHECK_MS;
    const isFull = this.#early.length >= MAX_CHECKED;
    this.#isChecked = isSlow || isFull;
    const seconds = ((nowMs - (this.#zeroMs ?? nowMs)) / 1000).toFixed(0);
    const where = isSlow
      ? `in the first ${seconds} s`
      : isFull
        ? `in the first ${MAX_CHECKED} entries`
        : "so far";
    this.#verdict = wrong === "invalid" ? wrong : `${wrong ?? "nothing wrong"} ${where}`;
    return this.#verdict;
  }
}

function faultText([name, detail]: readonly [string, string]): string {
  return detail === "" ? name : `${name} (${shorten(detail, MAX_DETAIL_LENGTH)})`;
}

function earlyCheckOf({ workload, definition }: TestOptions): EarlyCheck | undefined {
  const { early } = definitionOf(definition ?? workload);
  return early === "permanent" ? permanent : early;
}

function wrongIn(
  early: EarlyCheck,
  history: readonly Operation[],
  { workload, definition, consistencyModels }: TestOptions,
): string | undefined {
  try {
    const { check } = definitionOf(definition ?? workload);
    return early(check(history, { consistencyModels, maxSteps: MAX_CHECK_STEPS }));
  } catch {
    return undefined; // The final check reports it.
  }
}

/**
 * Joins the parts of a line, and breaks it between parts to fit a terminal.
 *
 * @param columns Width of the terminal. A longer part is truncated.
 */
export function fitLines(parts: readonly string[], columns: number): string {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const joined = `${last}; ${part}`;
    if (last !== undefined && joined.length <= columns) lines[lines.length - 1] = joined;
    else lines.push(part.slice(0, columns));
  }
  return lines.join("\n");
}

/** Formats a duration: `"2 min 5 s"`. */
export function describeSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
