/** Decides from an element's timeline whether it is stable, lost or never read. */
import type { Operation } from "../../history/history.ts";
import type { Timeline } from "./timelines.ts";

export interface ElementOutcome extends Timeline {
  readonly outcome: "stable" | "lost" | "never-read";
  /** Time until it became stable or was lost, in whole milliseconds; 0 if it was never read. */
  readonly latency: number;
}

/** Applies the rule of the set checker to an element. */
export function outcomeOf(timeline: Timeline): ElementOutcome {
  const { known, lastPresent, lastAbsent } = timeline;
  const presentIndex = lastPresent?.index ?? -1;
  const absentIndex = lastAbsent?.index ?? -1;
  if (presentIndex > absentIndex) {
    return { ...timeline, outcome: "stable", latency: latencyOf(known, lastAbsent) };
  }
  // A read that was invoked before the element was known may have been served before its addition.
  if (known !== undefined && absentIndex > known.index) {
    return { ...timeline, outcome: "lost", latency: latencyOf(known, lastPresent) };
  }
  return { ...timeline, outcome: "never-read", latency: 0 };
}

/** Time from `known` until just after the invocation of the last read with the other outcome. */
function latencyOf(known: Operation | undefined, last: Operation | undefined): number {
  const end = last === undefined ? 0 : last.time + 1;
  return Math.trunc(Math.max(0, end - (known?.time ?? 0)) / 1e6);
}
