/** The changes of a run by hand, each in its place: on its message, or at its time. */
import type { Cancel, Clock, NodeId } from "../../vortex/index.ts";
import {
  type Decisions,
  type FaultIntervention,
  isMessageIntervention,
  type MessageIntervention,
  parseLink,
} from "../decisions.ts";
import { roundedMs } from "./exact-time.ts";

interface PlannedOptions {
  readonly nodeIds: readonly NodeId[];
  readonly decisions: Decisions | undefined;
  /** Exact time. */
  readonly clock: Clock;
}

const NONE: readonly MessageIntervention[] = [];

/** The changes of a run by hand, and which have been made. */
export class PlannedInterventions {
  readonly #clock: Clock;
  readonly #faults: readonly FaultIntervention[];
  /** Those of messages, by link and number. */
  readonly #messages = new Map<string, Map<number, MessageIntervention[]>>();
  /** Number of messages so far, by link. */
  readonly #counts = new Map<string, number>();
  readonly count: number;
  #unmatchedCount: number;
  hasBegun = false;

  constructor({ clock, nodeIds, decisions }: PlannedOptions) {
    const { interventions = [] } = decisions ?? {};
    this.#clock = clock;
    this.count = interventions.length;
    this.#unmatchedCount = interventions.length;
    this.#faults = interventions
      .filter((each) => !isMessageIntervention(each))
      .filter((each) => isFitting(each, nodeIds))
      .sort((one, other) => one.atNs - other.atNs);
    for (const each of interventions.filter(isMessageIntervention)) {
      this.#messages
        .getOrInsertComputed(each.link, () => new Map())
        .getOrInsertComputed(each.number, () => [])
        .push(each);
    }
  }

  /** Number of those that have fitted nothing in the run so far. */
  get unmatchedCount(): number {
    return this.#unmatchedCount;
  }

  /** Returns those of the next message of a link. */
  ofNext(link: string): readonly MessageIntervention[] {
    const ofLink = this.#messages.get(link);
    if (ofLink === undefined) return NONE;
    const number = this.#counts.get(link) ?? 0;
    this.#counts.set(link, number + 1);
    const found = ofLink.get(number) ?? NONE;
    this.#note(found.length);
    return found;
  }

  schedule(zeroMs: number, act: (intervention: FaultIntervention) => void): Cancel {
    const cancels = this.#faults.map((intervention) => {
      const delayMs = roundedMs(intervention.atNs / 1e6 + zeroMs - this.#clock.nowMs());
      return this.#clock.after(delayMs, () => {
        this.#note(1);
        act(intervention);
      });
    });
    return () => {
      for (const cancel of cancels) cancel();
    };
  }

  #note(count: number): void {
    this.#unmatchedCount -= count;
    this.hasBegun ||= count > 0;
  }
}

/** Whether an intervention is on a node of the run, or cuts a link of one. */
function isFitting(intervention: FaultIntervention, nodeIds: readonly NodeId[]): boolean {
  switch (intervention.do) {
    case "heal":
      return true;
    case "cut":
      return intervention.links.some((link) =>
        parseLink(link)?.some((name) => nodeIds.includes(name)),
      );
    default:
      return nodeIds.includes(intervention.node);
  }
}
