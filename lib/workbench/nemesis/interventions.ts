/** Carries out changes of nodes and links by hand, beside those of the nemesis. */
import type { Json, NodeId } from "../../vortex/index.ts";
import type { Generator, Invocation } from "../clients/generator.ts";
import { type FaultIntervention, parseLink } from "../decisions.ts";
import type { FaultControl } from "../network/carrier.ts";
import type { NemesisTest } from "./definition.ts";
import type { TestControl } from "./test-control.ts";

/** Owner of the nodes that interventions have killed or paused, and of the links that they have cut. */
const OWNER = "interventions";

export class Interventions {
  readonly #control: TestControl;
  readonly #network: FaultControl;
  readonly #test: NemesisTest;
  /** Blocked senders by receiver. */
  readonly #cuts = new Map<NodeId, Set<NodeId>>();
  /** Interventions that undo the active ones, by the names of their operations. */
  readonly #undoing = new Map<string, FaultIntervention>();

  /** Undoes all that are active, one after the other. */
  readonly healing: Generator = {
    next: (context) => {
      const [next] = this.#undoing.values();
      if (next === undefined) return { type: "done" };
      if (!context.isFree("nemesis")) return { type: "pending" };
      return { type: "operation", invocation: operationOf(next), thread: "nemesis" };
    },
  };

  constructor(control: TestControl, network: FaultControl) {
    this.#control = control;
    this.#network = network;
    // Nothing of it is drawn.
    this.#test = control.testOf(OWNER, { next: () => 0 });
  }

  /** The intervention that an operation of the healing carries out, by the operation's name. */
  undoing(f: string): FaultIntervention | undefined {
    return this.#undoing.get(f);
  }

  /** Carries out an intervention. Resolves with what it did, as the operations of faults do. */
  async carryOut(intervention: FaultIntervention): Promise<Json> {
    // A node that is killed while it starts would never reply to `init`.
    await this.#control.settled();
    switch (intervention.do) {
      case "kill":
        return this.#begin(intervention.node, "killed", "restart", (node) => this.#test.kill(node));
      case "pause":
        return this.#begin(intervention.node, "paused", "resume", (node) => this.#test.pause(node));
      case "restart":
        return this.#end(intervention, "started", (node) => this.#test.restart(node));
      case "resume":
        return this.#end(intervention, "resumed", async (node) => this.#test.resume(node));
      case "cut":
        return this.#cut(intervention.links);
      case "heal":
        this.#undoing.delete(operationOf(intervention).f);
        this.#cuts.clear();
        this.#network.heal(OWNER);
        return "network-healed";
      default:
        throw new Error("Unexpected intervention", { cause: intervention satisfies never });
    }
  }

  #begin(
    node: NodeId,
    did: string,
    undo: "restart" | "resume",
    begin: (node: NodeId) => boolean,
  ): Json {
    if (!begin(node)) return {};
    const undoing = { do: undo, atNs: 0, node } as const;
    this.#undoing.set(operationOf(undoing).f, undoing);
    return { [node]: did };
  }

  /** Ends what an intervention or a nemesis did to a node. */
  async #end(
    intervention: Extract<FaultIntervention, { node: string; do: "restart" | "resume" }>,
    did: string,
    end: (node: NodeId) => Promise<boolean>,
  ): Promise<Json> {
    const { node } = intervention;
    this.#undoing.delete(operationOf(intervention).f);
    this.#control.takeOver(OWNER, node);
    return (await end(node)) ? { [node]: did } : {};
  }

  #cut(links: readonly string[]): Json {
    for (const link of links) {
      const [src, dest] = parseLink(link) ?? [];
      if (src === undefined || dest === undefined) continue;
      this.#cuts.getOrInsertComputed(dest, () => new Set()).add(src);
    }
    const heal = { do: "heal", atNs: 0 } as const;
    this.#undoing.set(operationOf(heal).f, heal);
    this.#network.partition(OWNER, this.#cuts);
    const described = [...this.#cuts].map(([dest, refused]) => [dest, [...refused]]);
    return ["isolated", Object.fromEntries(described)];
  }
}

/** An intervention as the history has it. */
export function operationOf(intervention: FaultIntervention): Invocation {
  switch (intervention.do) {
    case "kill":
    case "pause":
      return { f: `start-${intervention.do}-${intervention.node}`, value: null };
    case "restart":
      return { f: `stop-kill-${intervention.node}`, value: null };
    case "resume":
      return { f: `stop-pause-${intervention.node}`, value: null };
    case "cut":
      return { f: "start-cut", value: intervention.links };
    case "heal":
      return { f: "stop-cut", value: null };
    default:
      throw new Error("Unexpected intervention", { cause: intervention satisfies never });
  }
}
