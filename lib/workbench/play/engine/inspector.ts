/** Records the states of nodes, after each of their events. */
import type { NodeId } from "../../../vortex/index.ts";
import { VirtualClock } from "../../clusters/virtual-clock.ts";
import type { Operation } from "../../history/history.ts";
import type { Simulation } from "../../run/simulation.ts";
import type { Inspection } from "./protocol.ts";
import { shown } from "./shown.ts";

/** Maximum total length of the states of all nodes, in characters. Each node has an equal share. */
const MAX_LENGTH = 8_000_000;
/** The first interval between two states that are kept, in ns. */
const MIN_INTERVAL_NS = 1e6;

export class Inspector {
  /** Must run the events of the simulation. */
  readonly clock: VirtualClock;
  readonly #nodes: ReadonlyMap<NodeId, NodeStates>;
  /** The nodes that have run since their states were recorded. */
  readonly #running = new Set<NodeStates>();
  /** Clock zero on the clock's own scale; `undefined` before the first operation. */
  #zeroNs: number | undefined;

  constructor(nodes: readonly NodeId[], maxLength = MAX_LENGTH) {
    const length = maxLength / Math.max(1, nodes.length);
    this.#nodes = new Map(nodes.map((node) => [node, new NodeStates(length)]));
    const record = () => this.#record();
    this.clock = new (class extends VirtualClock {
      override runNext(): boolean {
        // All promise continuations of the event before have run.
        record();
        return super.runNext();
      }
    })();
  }

  /** Returns the callbacks that it needs of the simulation, with those of another observer. */
  observing(
    others: Pick<Simulation, "onOperation">,
  ): Pick<Simulation, "onOperation" | "onTurn" | "onInspect"> {
    return {
      onInspect: (node, view) => {
        const states = this.#nodes.get(node);
        if (states !== undefined) states.view = view;
      },
      onTurn: (node) => {
        const states = this.#nodes.get(node);
        if (states !== undefined) this.#running.add(states);
      },
      onOperation: (operation: Operation) => {
        this.#zeroNs ??= this.#nowNs() - operation.time;
        others.onOperation?.(operation);
      },
    };
  }

  /** The states so far, by node. */
  inspections(): readonly Inspection[] {
    this.#record();
    const zeroNs = this.#zeroNs ?? 0;
    return [...this.#nodes].map(([node, states]) => ({ node, ...states.since(zeroNs) }));
  }

  #record(): void {
    const nowNs = this.#nowNs();
    for (const states of this.#running) {
      if (states.record(nowNs)) this.#running.delete(states);
    }
  }

  #nowNs(): number {
    return Math.round(this.clock.nowMs() * 1e6);
  }
}

/** The states of one node. */
class NodeStates {
  readonly #maxLength: number;
  #states: { readonly atNs: number; readonly state: string }[] = [];
  #length = 0;
  #intervalNs = 0;
  view: (() => unknown) | undefined;

  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /** Returns whether it need not be asked again before the node has run again. */
  record(nowNs: number): boolean {
    if (this.view === undefined) return true;
    const last = this.#states.at(-1);
    if (last !== undefined && nowNs - last.atNs < this.#intervalNs) return false;
    const state = stateOf(this.view);
    if (state === last?.state) return true;
    this.#states.push({ atNs: nowNs, state });
    this.#length += state.length;
    while (this.#length > this.#maxLength && this.#states.length > 1) this.#thin();
    return true;
  }

  since(zeroNs: number): Omit<Inspection, "node"> {
    return {
      times: this.#states.map(({ atNs }) => atNs - zeroNs),
      states: this.#states.map(({ state }) => state),
      intervalNs: this.#intervalNs,
    };
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
}

function stateOf(view: () => unknown): string {
  try {
    return JSON.stringify(shown(view()));
  } catch (error) {
    return JSON.stringify({ text: `node.inspect: ${error}` });
  }
}
