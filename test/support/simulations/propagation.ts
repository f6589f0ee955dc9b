/**
 * Measures from the network's journal how fast broadcast's values reach the nodes.
 *
 * A value has reached a node when the first message that carries it arrives, from a client or another
 * node. Acknowledgements play no part, so an early one cannot hide a slow value.
 */
import * as v from "valibot";
import type { JournalEvent } from "../../../lib/workbench/network/journal.ts";

const Carrier = v.union([
  v.object({ type: v.literal("broadcast"), message: v.number() }),
  v.object({ type: v.literal("eager"), values: v.array(v.number()) }),
  v.object({
    type: v.literal("gossip"),
    news: v.array(v.tupleWithRest([v.string(), v.number()], v.number())),
  }),
]);

export interface Propagation {
  readonly value: number;
  /** Arrival at the first node, in ms since the test's clock zero. */
  readonly givenMs: number;
  /** Arrival at the last node; `undefined` if a node never received it. */
  readonly everywhereMs: number | undefined;
}

/** Propagation of each value, in order of arrival. Ignores restarts. */
export function propagationOf(messages: readonly JournalEvent[], nodeCount: number): Propagation[] {
  const travels = new Map<number, { readonly givenMs: number; lastMs: number; at: Set<string> }>();
  for (const { type, time, message } of messages) {
    if (type !== "recv") continue;
    for (const value of carriedBy(message.body)) {
      const timeMs = time / 1e6;
      const travel = travels.get(value) ?? { givenMs: timeMs, lastMs: timeMs, at: new Set() };
      travels.set(value, travel);
      if (travel.at.has(message.dest)) continue;
      travel.at.add(message.dest);
      travel.lastMs = timeMs;
    }
  }
  return [...travels].map(([value, { givenMs, lastMs, at }]) => ({
    value,
    givenMs,
    everywhereMs: at.size === nodeCount ? lastMs : undefined,
  }));
}

function carriedBy(body: unknown): readonly number[] {
  const carrier = v.safeParse(Carrier, body);
  if (!carrier.success) return [];
  switch (carrier.output.type) {
    case "broadcast":
      return [carrier.output.message];
    case "eager":
      return carrier.output.values;
    case "gossip":
      return carrier.output.news.flatMap(([_origin, _first, ...values]) => values);
    default:
      throw new Error("Unexpected carrier", { cause: carrier.output satisfies never });
  }
}
