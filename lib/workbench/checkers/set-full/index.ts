/**
 * Checks that a grow-only set keeps what was added, and measures how long additions stay invisible.
 *
 * The rule for each element whose addition was invoked, whatever its outcome:
 *
 * - The element is *known* from the first completion that proves its existence: that of its
 *   addition, or of a read that contains it.
 * - Among reads that completed after the addition was invoked, take the last *invoked* one that
 *   contains the element and the last invoked one that lacks it. The later of the two decides.
 * - If that read contains the element, the element is *stable*. If it lacks it and was invoked after
 *   the element was known, the element is *lost*. Otherwise it is *never read*.
 *
 * As in Jepsen, elements that no client added and elements listed twice in a read do not affect the
 * verdict; they are reported.
 *
 * @see Jepsen, `jepsen.checker/set-full`
 */
import type { Json } from "../../../vortex/index.ts";
import type { History, Operation } from "../../history/history.ts";
import type { CheckOptions, Verdict } from "../checker.ts";
import { compareJson } from "../clojure/compare.ts";
import { EXAMPLES_PER_KIND, withMore } from "../wording.ts";
import { FinalReads } from "./final-reads.ts";
import { describeLoss, describeOddity, describeStaleness, nothingRead } from "./findings.ts";
import { type ElementOutcome, outcomeOf } from "./outcome.ts";
import { readTimelines } from "./timelines.ts";

const QUANTILES = ["0", "0.5", "0.95", "0.99", "1"] as const;

/** Milliseconds by quantile, without interpolation: `"0"` is the least, `"1"` the greatest. */
export type Latencies = { readonly [quantile in (typeof QUANTILES)[number]]: number };

/** An element that some read lacked after it was known, and that later reads contained. */
export interface StaleElement {
  readonly element: Json;
  readonly outcome: "stable";
  /** Time from `known` to the invocation of the last read that lacked it, in ms. */
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
  /** The eight with the greatest latency. */
  readonly worstStale: readonly StaleElement[];
  /** Absent if no element is stable. */
  readonly stableLatencies?: Latencies;
  /** How long lost elements were visible after they were known; absent if none is lost. */
  readonly lostLatencies?: Latencies;
  /** Always empty: the original counts multiplicities below 1. */
  readonly duplicatedCount: 0;
  readonly duplicated: Readonly<Record<string, never>>;
}

const WORST_STALE_LIMIT = 8;

/**
 * Invalid if an element is lost, otherwise unknown if none is stable.
 *
 * Additions are `add` (g-set) or `broadcast`. The value of an `ok` `read` is an array, or `null` for
 * an empty one.
 */
export function checkSetFull(history: History, _options: CheckOptions = {}): SetFullVerdict {
  const { timelines, oddities, oddityCounts } = readTimelines(history);
  const elements = timelines
    .toSorted((one, other) => compareJson(one.element, other.element))
    .map(outcomeOf);
  const stable = elements.filter(({ outcome }) => outcome === "stable");
  const lost = elements.filter(({ outcome }) => outcome === "lost");
  const neverRead = elements.filter(({ outcome }) => outcome === "never-read");
  const stale = stable.filter(({ latency }) => latency > 0);
  const worstStale = stale
    .toSorted((one, other) => one.latency - other.latency)
    .reverse()
    .slice(0, WORST_STALE_LIMIT);
  const finalReads = new FinalReads(history);
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
    ...(stable.length > 0 && { stableLatencies: quantiles(stable) }),
    ...(lost.length > 0 && { lostLatencies: quantiles(lost) }),
    duplicatedCount: 0,
    duplicated: {},
    explanation: [
      ...withMore(
        lost.slice(0, EXAMPLES_PER_KIND).map((element) => describeLoss(element, finalReads)),
        lost.length,
      ),
      ...(lost.length + stable.length === 0 ? [nothingRead(history, elements.length)] : []),
      ...withMore(
        worstStale.map((element) => describeStaleness(element, finalReads)),
        stale.length,
      ),
      ...[...oddityCounts].flatMap(([anomaly, count]) =>
        withMore(
          oddities.filter((oddity) => oddity.anomaly === anomaly).map(describeOddity),
          count,
        ),
      ),
    ],
  };
}

function elementOf({ element }: ElementOutcome): Json {
  return element;
}

function staleElement({ element, latency, known, lastAbsent }: ElementOutcome): StaleElement[] {
  if (known === undefined || lastAbsent === undefined) return [];
  return [{ element, outcome: "stable", stableLatency: latency, known, lastAbsent }];
}

function quantiles(elements: readonly ElementOutcome[]): Latencies {
  const sorted = elements.map(({ latency }) => latency).sort((one, other) => one - other);
  const at = (quantile: string) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * Number(quantile)))] ?? 0;
  return { 0: at("0"), 0.5: at("0.5"), 0.95: at("0.95"), 0.99: at("0.99"), 1: at("1") };
}
