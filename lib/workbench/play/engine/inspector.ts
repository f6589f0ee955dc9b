/** Records the states of a node, after each of its events. */
import type { NodeId } from "../../../vortex/index.ts";
import { VirtualClock } from "../../clusters/virtual-clock.ts";
import type { Operation } from "../../history/history.ts";
import type { Simulation } from "../../run/simulation.ts";
import type { Inspection } from "./protocol.ts";
import { shown } from "./shown.ts";

/** Total length of the states. When they are longer, every second one is dropped. */
const MAX_LENGTH = 8_000_000;
/** The first interval between two states that are kept, in ns. */
const MIN_INTERVAL_NS = 1e6;

export class Inspector {
  readonly #node: NodeId;
  /** Must run the events of the simulation. */
  readonly clock: VirtualClock;
  readonly #maxLength: number;
  #view: (() => unknown) | undefined;
  /** Whether the node has run since its state was recorded. */
  #hasRun = false;
  /** Clock zero, as a reading of the clock. */
  #zeroNs: number | undefined;
  #states: { readonly atNs: number; readonly state: string }[] = [];
  #length = 0;
  #intervalNs = 0;

  constructor(node: NodeId, maxLength = MAX_LENGTH) {
    this.#node = node;
    this.#maxLength = maxLength;
    const record = () => this.#record();
    this.clock = new (class extends VirtualClock {
      override runNext(): boolean {
        // All promise continuations of the event before have run.
        record();
        return super.runNext();
      }
    })();
  }

  /** What it needs of the simulation. */
  observing(
    others: Pick<Simulation, "onOperation">,
  ): Pick<Simulation, "onOperation" | "onTurn" | "onInspect"> {
    return {
      onInspect: (node, view) => {
        if (node === this.#node) this.#view = view;
      },
      onTurn: (node) => {
        this.#hasRun ||= node === this.#node;
      },
      onOperation: (operation: Operation) => {
        this.#zeroNs ??= this.#nowNs() - operation.time;
        others.onOperation?.(operation);
      },
    };
  }

  /** The states so far. */
  inspection(): Inspection {
    this.#record();
    const zeroNs = this.#zeroNs ?? 0;
    return {
      node: this.#node,
      times: this.#states.map(({ atNs }) => atNs - zeroNs),
      states: this.#states.map(({ state }) => state),
      intervalNs: this.#intervalNs,
    };
  }

  #record(): void {
    const atNs = this.#nowNs();
    const last = this.#states.at(-1);
    if (!this.#hasRun || this.#view === undefined) return;
    if (last !== undefined && atNs - last.atNs < this.#intervalNs) return;
    this.#hasRun = false;
    const state = stateOf(this.#view);
    if (state === last?.state) return;
    this.#states.push({ atNs, state });
    this.#length += state.length;
    while (this.#length > this.#maxLength && this.#states.length > 1) this.#thin();
  }

  #thin(): void {
    this.#intervalNs = Math.max(MIN_INTERVAL_NS, 2 * this.#intervalNs);
    let lastNs = Number.NEGATIVE_INFINITY;
    this.#states = this.#states.filter(({ atNs }) => {
      if (atNs - lastNs < this.#intervalNs) return false;
      lastNs = atNs;
      return true;
    });
    this.#length = this.#states.reduce((sum, { state }) => sum + state.length, 0);
  }

  #nowNs(): number {
    return Math.round(this.clock.nowMs() * 1e6);
  }
}

function stateOf(view: () => unknown): string {
  try {
    return JSON.stringify(shown(view()));
  } catch (error) {
    return JSON.stringify({ text: `node.inspect: ${error}` });
  }
}
