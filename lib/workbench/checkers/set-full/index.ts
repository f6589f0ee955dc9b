/**
 * Whether a set that only grows keeps what was added, and how long additions take to show up.
 *
 * For each element whose addition was invoked, whatever became of it:
 *
 * - *known* is the first completion that proves it to exist: of its addition, or of a read that
 *   shows it.
 * - Of the reads that completed after its addition was invoked, the one with the latest *invocation*
 *   that shows it and the one that misses it decide: the later of the two wins.
 * - It is *stable* if that one shows it. It is *lost* if that one misses it and was invoked after the
 *   element was known. Otherwise it is *never read*.
 *
 * Like the original it does not mind elements that nobody added, nor elements listed twice in a
 * read; those are told, and do not count.
 *
 * @see Jepsen, `jepsen.checker/set-full`
 */

import { isArray, jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import {
  type History,
  isClientOperation,
  type Operation,
  type Process,
} from "../../history/history.ts";
import type { CheckOptions, Finding, Verdict } from "../checker.ts";
import { compareJson } from "../clojure/compare.ts";
import { describeOperation, EXAMPLES_PER_KIND, plural, quote, seconds } from "../wording.ts";

const QUANTILES = ["0", "0.5", "0.95", "0.99", "1"] as const;

/** Milliseconds, by quantile: `"0"` is the least, `"1"` the greatest; no interpolation. */
export type Latencies = { readonly [quantile in (typeof QUANTILES)[number]]: number };

/** An element that some read missed after it was known, and later reads all showed. */
export interface StaleElement {
  readonly element: Json;
  readonly outcome: "stable";
  /** From the time it was known to the invocation of the last read that missed it, in ms. */
  readonly stableLatency: number;
  readonly known: Operation;
  /** The invocation of that read. */
  readonly lastAbsent: Operation;
}

export interface SetFullVerdict extends Verdict {
  readonly attemptCount: number;
  readonly stableCount: number;
  readonly lostCount: number;
  readonly lost: readonly Json[];
  readonly neverReadCount: number;
  readonly neverRead: readonly Json[];
  readonly staleCount: number;
  readonly stale: readonly Json[];
  /** The eight that took longest. */
  readonly worstStale: readonly StaleElement[];
  /** Absent if no element is stable. */
  readonly stableLatencies?: Latencies;
  /** How long a lost element was there after it was known; absent if none is lost. */
  readonly lostLatencies?: Latencies;
  /** Always empty: the original counts multiplicities below 1. */
  readonly duplicatedCount: 0;
  readonly duplicated: Readonly<Record<string, never>>;
}

const WORST_STALE_LIMIT = 8;

/**
 * Invalid if an element is lost, otherwise unknown if none is stable.
 *
 * Additions are `add` (g-set) or `broadcast`; an ok `read` holds an array, or `null` for none.
 */
export function checkSetFull(history: History, _options: CheckOptions = {}): SetFullVerdict {
  const { timelines, oddities } = timelinesOf(history);
  const elements = timelines
    .toSorted((one, other) => compareJson(one.element, other.element))
    .map(judge);
  const stable = elements.filter(({ outcome }) => outcome === "stable");
  const lost = elements.filter(({ outcome }) => outcome === "lost");
  const neverRead = elements.filter(({ outcome }) => outcome === "never-read");
  const stale = stable.filter(({ latency }) => latency > 0);
  const worstStale = stale
    .toSorted((one, other) => one.latency - other.latency)
    .reverse()
    .slice(0, WORST_STALE_LIMIT);
  return {
    valid: lost.length > 0 ? false : stable.length === 0 ? "unknown" : true,
    attemptCount: elements.length,
    stableCount: stable.length,
    lostCount: lost.length,
    lost: lost.map(elementOf),
    neverReadCount: neverRead.length,
    neverRead: neverRead.map(elementOf),
    staleCount: stale.length,
    stale: stale.map(elementOf),
    worstStale: worstStale.flatMap(staleElement),
    ...(stable.length > 0 && { stableLatencies: quantiles(stable.map(({ latency }) => latency)) }),
    ...(lost.length > 0 && { lostLatencies: quantiles(lost.map(({ latency }) => latency)) }),
    duplicatedCount: 0,
    duplicated: {},
    explanation: [
      ...lost.slice(0, EXAMPLES_PER_KIND).map(lossOf),
      ...(lost.length + stable.length === 0 ? [nothingSeen(history, elements.length)] : []),
      ...worstStale.map(delayOf),
      ...oddities,
    ],
  };
}

/** What the history says of one element. */
interface Timeline {
  readonly element: Json;
  /** The invocation of its addition. */
  readonly addition: Operation;
  /** The completion that first proves it to exist. */
  known?: Operation;
  /** Of the reads that show it, the last to be invoked: its invocation. */
  lastPresent?: Operation;
  /** Of the reads that miss it, the last to be invoked: its invocation. */
  lastAbsent?: Operation;
  /** The index of the last completed read that shows it: tells present from absent in that read. */
  shownBy?: number;
}

interface Timelines {
  readonly timelines: readonly Timeline[];
  readonly oddities: readonly Finding[];
}

function timelinesOf(history: History): Timelines {
  const elements = new Elements();
  const oddities: Finding[] = [];
  const open = new Map<Process, Operation>();
  for (const operation of history) {
    if (!isClientOperation(operation)) continue;
    const { type, process, f, value } = operation;
    if (type === "invoke") {
      open.set(process, operation);
      if (f !== "read") elements.add(operation);
    } else if (type === "ok" && f === "read") {
      const invocation = open.get(process);
      if (invocation === undefined)
        throw new Error(`Cannot find who invoked ${describeOperation(operation)}`);
      const odd = elements.read(invocation, operation);
      if (odd !== undefined && oddities.length < EXAMPLES_PER_KIND) oddities.push(odd);
    } else if (type === "ok") {
      const timeline = elements.get(value);
      if (timeline !== undefined) timeline.known ??= operation;
    }
  }
  return { timelines: elements.all, oddities };
}

/** The elements whose addition was invoked so far. */
class Elements {
  readonly #byKey = new Map<string, Timeline>();
  /** Nearly all elements are plain numbers, and making keys of them takes most of the time. */
  readonly #byNumber = new Map<number, Timeline>();

  get all(): readonly Timeline[] {
    return [...this.#byKey.values()];
  }

  get(element: Json): Timeline | undefined {
    const timeline = typeof element === "number" ? this.#byNumber.get(element) : undefined;
    return timeline ?? this.#byKey.get(jsonKey(element));
  }

  /** An element that is added again begins anew. */
  add(addition: Operation): void {
    const timeline = { element: addition.value, addition };
    this.#byKey.set(jsonKey(addition.value), timeline);
    if (typeof addition.value === "number") this.#byNumber.set(addition.value, timeline);
  }

  /** Notes which elements the read shows and which it misses; returns what is odd about it. */
  read(invocation: Operation, completion: Operation): Finding | undefined {
    let odd: Finding | undefined;
    for (const element of isArray(completion.value) ? completion.value : []) {
      const timeline = this.get(element);
      if (timeline === undefined) {
        odd ??= oddity("unexpected", invocation, completion, `${quote(element)}, never added`);
      } else if (timeline.shownBy === completion.index) {
        odd ??= oddity("duplicated", invocation, completion, `${quote(element)} more than once`);
      } else {
        timeline.shownBy = completion.index;
        timeline.known ??= completion;
      }
    }
    for (const timeline of this.#byKey.values()) {
      if (timeline.shownBy === completion.index) {
        timeline.lastPresent = lastInvoked(timeline.lastPresent, invocation);
      } else {
        timeline.lastAbsent = lastInvoked(timeline.lastAbsent, invocation);
      }
    }
    return odd;
  }
}

function lastInvoked(one: Operation | undefined, other: Operation): Operation {
  return one === undefined || one.index < other.index ? other : one;
}

interface Judged extends Timeline {
  readonly outcome: "stable" | "lost" | "never-read";
  /** Until it became stable or lost, in whole milliseconds; 0 if it never was read. */
  readonly latency: number;
}

function judge(timeline: Timeline): Judged {
  const { known, lastPresent, lastAbsent } = timeline;
  const presentIndex = lastPresent?.index ?? -1;
  const absentIndex = lastAbsent?.index ?? -1;
  if (presentIndex > absentIndex) {
    return { ...timeline, outcome: "stable", latency: latencyOf(known, lastAbsent) };
  }
  // A read that began before the element was known may have been served before its addition.
  if (known !== undefined && absentIndex > known.index) {
    return { ...timeline, outcome: "lost", latency: latencyOf(known, lastPresent) };
  }
  return { ...timeline, outcome: "never-read", latency: 0 };
}

/** From the time it was known to just after the invocation of the last read that saw otherwise. */
function latencyOf(known: Operation | undefined, last: Operation | undefined): number {
  const end = last === undefined ? 0 : last.time + 1;
  return Math.trunc(Math.max(0, end - (known?.time ?? 0)) / 1e6);
}

function quantiles(latencies: readonly number[]): Latencies {
  const sorted = latencies.toSorted((one, other) => one - other);
  const at = (quantile: string) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * Number(quantile)))] ?? 0;
  return { 0: at("0"), 0.5: at("0.5"), 0.95: at("0.95"), 0.99: at("0.99"), 1: at("1") };
}

function elementOf({ element }: Timeline): Json {
  return element;
}

function staleElement({ element, latency, known, lastAbsent }: Judged): StaleElement[] {
  if (known === undefined || lastAbsent === undefined) return [];
  return [{ element, outcome: "stable", stableLatency: latency, known, lastAbsent }];
}

function lossOf(timeline: Judged): Finding {
  const { element, lastPresent, lastAbsent } = timeline;
  const seen =
    lastPresent === undefined ? "no read ever had it" : `${describeOperation(lastPresent)} had it`;
  return {
    anomaly: "lost",
    sentence:
      `value ${quote(element)}, ${howKnown(timeline)}, is lost: ${seen}, ` +
      `${lastAbsent === undefined ? "" : describeOperation(lastAbsent)} missed it, and no later read had it`,
    operations: operationsOf(timeline),
  };
}

function delayOf(timeline: Judged): Finding {
  const { element, lastAbsent, latency } = timeline;
  return {
    anomaly: "stale",
    sentence:
      `value ${quote(element)}, ${howKnown(timeline)}, took ${latency} ms to be seen by all: ` +
      `${lastAbsent === undefined ? "" : describeOperation(lastAbsent)} still missed it`,
    operations: operationsOf(timeline),
  };
}

/** `"acknowledged to process 1 at 3.020 s"`. */
function howKnown({ known }: Timeline): string {
  if (known === undefined) return "never known";
  const how = known.f === "read" ? "first read by" : "acknowledged to";
  return `${how} process ${known.process} at ${seconds(known.time)}`;
}

function operationsOf({ addition, known, lastPresent, lastAbsent }: Timeline): Operation[] {
  return [...new Set([addition, known, lastPresent, lastAbsent])]
    .filter((operation) => operation !== undefined)
    .sort((one, other) => one.index - other.index);
}

function oddity(
  anomaly: string,
  invocation: Operation,
  completion: Operation,
  listed: string,
): Finding {
  return {
    anomaly,
    sentence: `${describeOperation(invocation)} lists ${listed} (which does not make the test invalid)`,
    operations: [invocation, completion],
  };
}

function nothingSeen(history: History, elementCount: number): Finding {
  const reads = history.filter(({ type, f }) => type === "ok" && f === "read");
  return {
    anomaly: "never-read",
    sentence:
      `Nothing can be said: ${plural(elementCount, "element")} had been added or might have been, ` +
      `and of ${plural(reads.length, "ok read")} none shows any`,
    operations: [],
  };
}
