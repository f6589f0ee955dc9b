/**
 * Measures how far polls lag behind: the time from when an offset was known to exist to the
 * invocation of a poll by a process that had yet to reach it. It does not affect the verdict, as
 * logs may be read late.
 *
 * @see Jepsen, `jepsen.tests.kafka/worst-realtime-lag`
 */
import type { Process } from "../../history/history.ts";
import { partitionPoint } from "../partition-point.ts";
import type { Analysis, Poll, Step } from "./analysis.ts";

/** The worst lag of an `ok` poll in ns, over all keys that its process was assigned or had polled. */
export function worstRealtimeLagNs({ steps }: Analysis): number {
  const frontiers = frontiersOf(steps);
  const readers = new Map<Process, Reader>();
  let worst = 0;
  for (const step of steps) {
    if (step.f === "send" || step.operation.type !== "ok") continue;
    const { process } = step.operation;
    const reader = readers.getOrInsertComputed(process, () => new Reader(frontiers));
    worst = Math.max(worst, step.f === "assign" ? reader.assign(step.keys) : reader.poll(step));
  }
  for (const reader of readers.values()) worst = Math.max(worst, reader.assign([]));
  return worst;
}

/** Since when the offsets of a log are known to exist; both arrays rise. */
interface Frontier {
  readonly offsets: number[];
  readonly times: number[];
}

/** Key -> frontier. An offset is known to exist once it or a higher one was observed. */
function frontiersOf(steps: readonly Step[]): ReadonlyMap<string, Frontier> {
  const frontiers = new Map<string, Frontier>();
  const reach = (key: string, offset: number, time: number) => {
    const { offsets, times } = frontiers.getOrInsertComputed(key, () => ({
      offsets: [],
      times: [],
    }));
    if (offset <= (offsets.at(-1) ?? -1)) return;
    offsets.push(offset);
    times.push(time);
  };
  for (const step of steps) {
    const { type, time } = step.operation;
    if (type === "fail" || step.f === "assign") continue;
    if (step.f === "poll") {
      for (const [key, offset] of highestOffsets(step)) reach(key, offset, time);
    } else if (step.offset !== undefined) {
      reach(step.log.key, Math.max(0, step.offset), time);
    }
  }
  return frontiers;
}

/** The progress of a process in one log. */
interface Progress {
  /** The highest offset polled; -1 before the first. */
  readonly offset: number;
  /** The number of the first poll to which this applies. */
  readonly since: number;
}

/**
 * The progress of one process, by key.
 *
 * Each method returns the worst lag of the keys whose progress it ends. While a process makes no
 * progress in a log its lag only grows, so only the last poll needs checking. Checking every key on
 * every poll would be too slow with thousands of assigned keys.
 */
class Reader {
  readonly #frontiers: ReadonlyMap<string, Frontier>;
  #progress = new Map<string, Progress>();
  #polls = 0;
  #lastInvocationTime = 0;

  constructor(frontiers: ReadonlyMap<string, Frontier>) {
    this.#frontiers = frontiers;
  }

  poll(poll: Poll): number {
    let worst = 0;
    for (const [key, offset] of highestOffsets(poll)) {
      const last = this.#progress.get(key);
      if (last !== undefined && offset <= last.offset) continue;
      worst = Math.max(worst, this.#lag(key));
      this.#progress.set(key, { offset, since: this.#polls + 1 });
    }
    this.#polls += 1;
    this.#lastInvocationTime = poll.invocation.time;
    return worst;
  }

  /** Continues with exactly these keys. */
  assign(keys: readonly string[]): number {
    const kept = new Map<string, Progress>();
    for (const key of keys) {
      kept.set(key, this.#progress.get(key) ?? { offset: -1, since: this.#polls + 1 });
    }
    let worst = 0;
    for (const key of this.#progress.keys()) {
      if (!kept.has(key)) worst = Math.max(worst, this.#lag(key));
    }
    this.#progress = kept;
    return worst;
  }

  /** The lag of the last poll behind the frontier of a key. */
  #lag(key: string): number {
    const progress = this.#progress.get(key);
    const frontier = this.#frontiers.get(key);
    if (progress === undefined || frontier === undefined || progress.since > this.#polls) return 0;
    const { offsets, times } = frontier;
    const passedAt =
      times[partitionPoint(offsets.length, (i) => (offsets[i] ?? 0) <= progress.offset)];
    return passedAt === undefined ? 0 : Math.max(0, this.#lastInvocationTime - passedAt);
  }
}

/** Key -> the highest offset that a poll returned, or -1. */
function highestOffsets({ reads }: Poll): [key: string, offset: number][] {
  return reads.map(({ log, pairs }) => {
    let highest = -1;
    for (const [offset] of pairs) if (offset !== null && offset > highest) highest = offset;
    return [log.key, highest];
  });
}
