/** How far a test is: time left, operations, what is wrong so far, which faults are active. */
import { CHECKERS } from "../../checkers/by-workload.ts";
import type { Verdict } from "../../checkers/checker.ts";
import { plural } from "../../checkers/wording.ts";
import type { Operation } from "../../history/history.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { makeWorkload, type WorkloadName } from "../../workloads/index.ts";

/**
 * Anomalies that later operations may do away with: what nobody has polled may yet be polled, and
 * every history begins with nothing that depends on anything.
 */
const PASSING: readonly unknown[] = ["lost-write", "unseen", "empty-transaction-graph"];

/** What is wrong so far; `undefined` for nothing. */
type Judge = (verdict: Verdict) => string | undefined;

/** What is wrong stays wrong, whatever comes later. */
const forGood: Judge = ({ valid }) => (valid === false ? "invalid" : undefined);

/** What is missing now may come, until the final reads. */
const missing: Judge = ({ lostCount }) =>
  typeof lostCount === "number" && lostCount > 0
    ? `${plural(lostCount, "value")} missing`
    : undefined;

const brokenLog: Judge = ({ badErrorTypes }) =>
  holdsLasting(badErrorTypes) ? "invalid" : undefined;

const brokenOrder: Judge = ({ valid, anomalyTypes }) =>
  valid === false && holdsLasting(anomalyTypes) ? "invalid" : undefined;

function holdsLasting(anomalies: unknown): boolean {
  return Array.isArray(anomalies) && anomalies.some((type) => !PASSING.includes(type));
}

/** How the beginning of a history is judged. What counters hold shows in their final reads only. */
const JUDGES: Readonly<Record<WorkloadName, Judge | undefined>> = {
  broadcast: missing,
  echo: forGood,
  "g-counter": undefined,
  "g-set": missing,
  kafka: brokenLog,
  "lin-kv": forGood,
  "pn-counter": undefined,
  "txn-list-append": brokenOrder,
  "txn-rw-register": brokenOrder,
  "unique-ids": forGood,
};

/**
 * How many entries of the history are judged before its end. Checking takes time from the test: so
 * many take a few milliseconds, and are judged at most once in a second.
 */
const MAX_JUDGED = 2000;
const JUDGE_INTERVAL_MS = 1000;
/** A check that took longer, in ms, is the last: the test must go on. */
const MAX_JUDGE_MS = 20;
/** Searches that explode would hold up the test for seconds, so that its requests time out. */
const MAX_JUDGE_STEPS = 20_000;

export class TestProgress {
  readonly #options: TestOptions;
  readonly #stopwatch: () => number;
  /** Whether faults are healed and final operations follow, after a recovery. */
  readonly #hasEnd: boolean;
  readonly #counts = { invoke: 0, ok: 0, fail: 0, info: 0 };
  readonly #faults = new Set<string>();
  readonly #early: Operation[] = [];
  #verdict = "nothing wrong so far";
  #judgedAtMs = Number.NEGATIVE_INFINITY;
  /** Whether it is not judged again before the end: no more is looked at, or looking takes too long. */
  #isJudged = false;
  #zeroMs: number | undefined;

  /** @param stopwatch Milliseconds, to see by how long checks take. */
  constructor(options: TestOptions, stopwatch = () => performance.now()) {
    this.#options = options;
    this.#stopwatch = stopwatch;
    this.#hasEnd = makeWorkload(options).finalGenerator !== undefined || options.converge;
  }

  /** Takes note of an entry of the history. */
  add(operation: Operation, nowMs: number): void {
    this.#zeroMs ??= nowMs - operation.time / 1e6;
    const { process, type, f } = operation;
    if (process !== "nemesis") this.#counts[type]++;
    else if (f.startsWith("start-")) this.#faults.add(f.slice("start-".length));
    else this.#faults.delete(f.slice("stop-".length));
    if (this.#early.length < MAX_JUDGED) this.#early.push(operation);
  }

  /** About how long it takes in all, in seconds. */
  get lengthS(): number {
    const { timeLimitS, recoveryS } = this.#options;
    return timeLimitS + (this.#hasEnd ? recoveryS : 0);
  }

  /** How far it is, in a few parts of a line. */
  describe(nowMs: number): string[] {
    const { ok, fail, info } = this.#counts;
    const counts = [`${ok} ok`, `${fail} fail`, `${info} info`].join(", ");
    return [
      this.#phase(nowMs),
      counts,
      this.#judge(nowMs),
      this.#faults.size > 0 ? `${[...this.#faults].join(", ")} now` : "",
    ].filter((part) => part !== "");
  }

  #phase(nowMs: number): string {
    if (this.#zeroMs === undefined) return "starting";
    const { timeLimitS } = this.#options;
    const passedS = (nowMs - this.#zeroMs) / 1000;
    const left = `${Math.max(0, this.lengthS - passedS).toFixed(0)} s left`;
    if (passedS < timeLimitS) return `${passedS.toFixed(1)} of ${timeLimitS} s, ${left}`;
    if (passedS < this.lengthS) return `faults are over, nodes recover, ${left}`;
    return this.#hasEnd ? "final operations" : "the last operations end";
  }

  #judge(nowMs: number): string {
    const { workload, consistencyModels } = this.#options;
    const judge = JUDGES[workload];
    if (judge === undefined) return "judged in the end";
    if (this.#isJudged || nowMs - this.#judgedAtMs < JUDGE_INTERVAL_MS) return this.#verdict;
    this.#judgedAtMs = nowMs;
    const beganMs = this.#stopwatch();
    const wrong = wrongIn(workload, this.#early, consistencyModels);
    const isSlow = this.#stopwatch() - beganMs > MAX_JUDGE_MS;
    const isFull = this.#early.length >= MAX_JUDGED;
    this.#isJudged = isSlow || isFull;
    const seconds = ((nowMs - (this.#zeroMs ?? nowMs)) / 1000).toFixed(0);
    const where = isSlow
      ? `in the first ${seconds} s`
      : isFull
        ? `in the first ${MAX_JUDGED} entries`
        : "so far";
    this.#verdict = wrong === "invalid" ? wrong : `${wrong ?? "nothing wrong"} ${where}`;
    return this.#verdict;
  }
}

function wrongIn(
  workload: WorkloadName,
  history: readonly Operation[],
  consistencyModels: readonly string[],
): string | undefined {
  try {
    return JUDGES[workload]?.(
      CHECKERS[workload](history, { consistencyModels, maxSteps: MAX_JUDGE_STEPS }),
    );
  } catch {
    return undefined; // It will be told in the end, by what judges the whole.
  }
}

/**
 * Parts of a line on as many lines as they need.
 *
 * @param columns How wide the terminal is; a part that is wider is cut.
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

/** A length of time for people. */
export function describeSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
