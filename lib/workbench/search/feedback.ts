/**
 * Features of a run: what happened in it, coarsely. A run with a feature that no run had before did
 * something new.
 *
 * - a `sometimes` that was reached, by how often;
 * - at some node, a message of one type was delivered after one of another type: before or after the
 *   node has restarted, with a fault active or not;
 * - an operation of one type and outcome ended after another;
 * - a count in the verdict of the workload's checker, such as the number of stale reads: a near miss.
 *
 * Counts are features by their magnitude, as in AFL: 1, 2, 3, 4 to 7, 8 to 15, ...
 */
import type { NodeId } from "../../vortex/index.ts";
import { linkName } from "../decisions.ts";
import type { Operation } from "../history/history.ts";
import { isClientId } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";
import type { TestResult } from "../run/results.ts";
import { magnitudeOf } from "./magnitude.ts";

/** Maximum number of features of a run: types of messages can be without number. */
const MAX_FEATURES = 2000;

interface NodeState {
  lastType: string;
  startCount: number;
}

/** Observes one run. */
export class Feedback {
  readonly #counts = new Map<string, number>();
  readonly #nodes = new Map<NodeId, NodeState>();
  readonly #links = new Map<string, number>();
  #lastOutcome = "";
  #activeFaults = 0;

  onMessage({ type, message: { src, dest, body } }: JournalEvent): void {
    const isBetweenServers = !isClientId(src) && !isClientId(dest);
    if (type === "send") {
      if (!isBetweenServers) return;
      const link = linkName(src, dest);
      this.#links.set(link, (this.#links.get(link) ?? 0) + 1);
      return;
    }
    if (type !== "recv" || isClientId(dest)) return;
    const state = this.#nodes.getOrInsertComputed(dest, () => ({ lastType: "", startCount: 0 }));
    const received = String(body["type"]);
    if (received === "init") state.startCount++;
    const situation = `${state.startCount > 1 ? "restarted" : ""}${this.#activeFaults > 0 ? "!" : ""}`;
    this.#add(`${state.lastType} > ${received} ${situation}`);
    state.lastType = received;
  }

  onOperation({ type, process, f, error }: Operation): void {
    if (process === "nemesis") {
      // Both ends of an operation count: only whether any fault is active matters.
      this.#activeFaults += f.startsWith("start-") ? 1 : f.startsWith("stop-") ? -1 : 0;
      this.#activeFaults = Math.max(0, this.#activeFaults);
      return;
    }
    if (type === "invoke") return;
    const [kind = ""] = Array.isArray(error) ? error : [];
    const outcome = `${f} ${type} ${String(kind)}`;
    this.#add(`${this.#lastOutcome} > ${outcome}`);
    this.#lastOutcome = outcome;
  }

  /** The features of the run, with the magnitudes of their counts. */
  features({ coverage, workload = { valid: true } }: TestResult): readonly string[] {
    const reached = coverage?.sometimes ?? [];
    const nearMisses = Object.entries(workload).filter(([, value]) => Number.isSafeInteger(value));
    const counts: readonly (readonly [string, number])[] = [
      ...reached.map(({ name, count }) => [`sometimes ${name}`, count] as const),
      ...nearMisses.map(([name, count]) => [`checker ${name}`, Number(count)] as const),
      ...this.#counts,
    ];
    return counts
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${name}: ${magnitudeOf(count)}`);
  }

  /** Number of messages on each link between servers. */
  get links(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#links);
  }

  #add(feature: string): void {
    const count = this.#counts.get(feature);
    if (count === undefined && this.#counts.size >= MAX_FEATURES) return;
    this.#counts.set(feature, (count ?? 0) + 1);
  }
}
