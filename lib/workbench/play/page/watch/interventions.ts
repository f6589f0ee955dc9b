/** Changes of a run by hand, as decisions. Does not depend on the DOM. */
import {
  DECISIONS_VERSION,
  type Decisions,
  type Intervention,
  isMessageIntervention,
  linkName,
} from "../../../decisions.ts";
import type { JournalEvent } from "../../../network/journal.ts";
import { type Condition, isCut } from "./conditions.ts";

/** The place of a message in decisions. */
export interface Address {
  readonly link: string;
  /** From 0. */
  readonly number: number;
}

/**
 * Returns the address of the message that was sent as the n-th one of a run.
 *
 * @param row From 0.
 */
export function addressOf(messages: readonly JournalEvent[], row: number): Address | undefined {
  const counts = new Map<string, number>();
  let sentCount = 0;
  for (const { type, message } of messages) {
    if (type !== "send") continue;
    const link = linkName(message.src, message.dest);
    const number = counts.get(link) ?? 0;
    if (sentCount++ === row) return { link, number };
    counts.set(link, number + 1);
  }
  return undefined;
}

/**
 * Returns the time of an intervention after everything that is shown at a time, in ns since clock zero.
 *
 * @param ticks The time that is shown. A tick begins half a tick before its time.
 */
export function afterNs(ticks: number, tickNs: number): number {
  return Math.max(0, Math.ceil((Math.floor(ticks) + 0.5) * tickNs));
}

export function interventionsOf(decisions: Decisions | undefined): readonly Intervention[] {
  return decisions?.interventions ?? [];
}

/** Returns decisions with other interventions; `undefined` if only the seed decides then. */
export function withInterventions(
  decisions: Decisions | undefined,
  interventions: readonly Intervention[],
): Decisions | undefined {
  if (interventions.length > 0) {
    const base = decisions ?? { version: DECISIONS_VERSION, base: "seed" };
    return { ...base, interventions: [...interventions] };
  }
  if (decisions === undefined) return undefined;
  const { interventions: _, ...others } = decisions;
  const isOfSeed = Object.keys(others).every((key) => key === "version" || key === "base");
  return isOfSeed ? undefined : others;
}

/** Links between the nodes of a group and all others, in both directions. */
export function linksBetween(group: readonly string[], all: readonly string[]): string[] {
  const others = all.filter((name) => !group.includes(name));
  return group.flatMap((one) =>
    others.flatMap((other) => [linkName(one, other), linkName(other, one)]),
  );
}

/** Returns the interventions that a node allows in a condition. */
export function deedsOn({ down, paused }: Condition, node: string): readonly NodeDeed[] {
  if (down.has(node)) return ["restart"];
  return paused.has(node) ? ["resume", "kill"] : ["kill", "pause"];
}
export type NodeDeed = "kill" | "restart" | "pause" | "resume";

export function hasCuts(condition: Condition, nodes: readonly string[]): boolean {
  return nodes.some((one) => nodes.some((other) => isCut(condition, one, other)));
}

/** Whether links that were cut by hand are still cut at a time. */
export function isCutByHand(interventions: readonly Intervention[], atNs: number): boolean {
  const last = interventions
    .filter((each) => (each.do === "cut" || each.do === "heal") && each.atNs <= atNs)
    .sort((one, other) => ("atNs" in one && "atNs" in other ? one.atNs - other.atNs : 0))
    .at(-1);
  return last?.do === "cut";
}

/** Describes an intervention, without its time. */
export function describeIntervention(intervention: Intervention): string {
  if (isMessageIntervention(intervention)) {
    const message = `message ${intervention.number} of ${intervention.link}`;
    switch (intervention.do) {
      case "drop":
        return `drop ${message}`;
      case "delay":
        return `delay ${message} by ${intervention.byNs / 1e6} ms`;
      case "duplicate":
        return `deliver ${message} again after ${intervention.byNs / 1e6} ms`;
      default:
        throw new Error("Unexpected intervention", { cause: intervention satisfies never });
    }
  }
  switch (intervention.do) {
    case "cut":
      return `cut ${intervention.links.length} ${intervention.links.length === 1 ? "link" : "links"}`;
    case "heal":
      return "heal the cut";
    default:
      return `${intervention.do} ${intervention.node}`;
  }
}
