/** Downtimes of nodes, from the operations of the nemesis in a history. */
import type { Json, NodeId } from "../../../vortex/index.ts";
import { type History, nemesisOperations, type Pair } from "../../history/history.ts";

/** An interval of the history, as indexes. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** An interval in which a node was killed or paused. */
export interface Downtime extends Span {
  readonly node: NodeId;
  /** As in the history: `"killed"`, `"paused"`. */
  readonly how: string;
}

const DOWN: ReadonlySet<Json | undefined> = new Set([
  "killed",
  "killed without its disk",
  "paused",
]);
const UP: ReadonlySet<Json | undefined> = new Set(["started", "resumed"]);

export function downtimesOf(history: History): readonly Downtime[] {
  const changes = nemesisOperations(history).flatMap(({ f, index, value }) => {
    if (typeof value !== "object" || value === null) return [];
    const fault = f.replace(/^(?:start|stop)-/, "");
    return Object.entries(value).map(([node, did]) => ({ node, fault, index, did }));
  });
  return changes.flatMap(({ node, fault, index: from, did }) => {
    if (typeof did !== "string" || !DOWN.has(did)) return [];
    const end = changes.find(
      (one) => one.index > from && one.node === node && one.fault === fault && UP.has(one.did),
    );
    return { node, how: did, from, until: end?.index ?? Number.POSITIVE_INFINITY };
  });
}

/** Whether any part of an operation was within the interval. */
export function isDuring({ invocation, completion }: Pair, { from, until }: Span): boolean {
  const end = completion?.index ?? Number.POSITIVE_INFINITY;
  return from < end && until > invocation.index;
}
