/** Options for the wording of a verdict, and for the order of what it names. */
import type { Json } from "../../../vortex/index.ts";
import type { ModelOperation } from "./model.ts";

/** How {@link linearizable} and {@link sequential} report. */
export interface Reporting {
  /**
   * Whether every key is searched to the end, so that the verdict names all that fail. By default the
   * search ends soon after one has failed.
   */
  readonly everyKey?: boolean;
  /** Orders the keys, as for `Array.sort`. By default they are in order of appearance. */
  readonly compareKeys?: (one: Json, other: Json) => number;
  /**
   * Says what an operation without a place did, after its name and before its time: `"returned 7"`. By
   * default `"took effect as read: 7"`, with the model's description of it.
   */
  readonly describeEffect?: (operation: ModelOperation) => string;
  /** Says why a search gave up, and what to do about it, as the end of a sentence. */
  readonly describeLimit?: (search: LimitedSearch) => string;
}

/** A search that gave up. */
export interface LimitedSearch {
  /** The limit that it reached. */
  readonly limit: "steps" | "memory";
  /** Whether the history is split by key. */
  readonly isSplit: boolean;
  /** Number of indefinite operations. */
  readonly indefiniteCount: number;
}

export function adviceOn({ limit, isSplit, indefiniteCount }: LimitedSearch): string {
  const why = limit === "steps" ? "after the most steps allowed" : "as it needs too much memory";
  return (
    `, ${why}. ${isSplit ? "Run" : "Split the history by key, or run"} a shorter test with fewer ` +
    `clients${indefiniteCount === 0 ? "" : ", or let fewer operations time out"}`
  );
}
