/** Faults of nodes: killed and started again, or paused for a while. */
import type { NodeId } from "../../vortex/index.ts";
import { pickOne, shuffle } from "../../vortex/random.ts";
import type { FaultEnvironment, Injector } from "./injector.ts";

/** How many of n nodes are hit. */
const TARGETS = {
  one: () => 1,
  minority: (count) => Math.floor((count - 1) / 2),
  majority: (count) => Math.floor(count / 2) + 1,
  all: (count) => count,
} as const satisfies Record<string, (count: number) => number>;
type Target = keyof typeof TARGETS;
const TARGET_NAMES = Object.keys(TARGETS) as readonly Target[];

/** Nodes die without a word (SIGKILL), and are started later with a new `init`. */
export function kill(environment: FaultEnvironment): Injector {
  const { cluster, restart } = environment;
  return nodeFault(environment, {
    begin: (node) => cluster.kill(node),
    end: restart,
    did: "killed",
    undid: "started",
  });
}

/** Nodes stand still (SIGSTOP), and go on later (SIGCONT); what was sent to them waits. */
export function pause(environment: FaultEnvironment): Injector {
  const { cluster } = environment;
  return nodeFault(environment, {
    begin: (node) => cluster.pause(node),
    end: async (node) => cluster.resume(node),
    did: "paused",
    undid: "resumed",
  });
}

interface Hit {
  /** Returns whether that changed anything: a node may be dead already. */
  begin(node: NodeId): boolean;
  end(node: NodeId): Promise<void>;
  readonly did: string;
  readonly undid: string;
}

function nodeFault(
  { nodeIds, random }: FaultEnvironment,
  { begin, end, did, undid }: Hit,
): Injector {
  let hit: readonly NodeId[] = [];
  let effectCount = 0;
  return {
    draw: () => pickOne(random, TARGET_NAMES),
    start(target) {
      const count = TARGETS[target as Target](nodeIds.length); // Drawn above.
      const chosen = new Set(shuffle(random, nodeIds).slice(0, count));
      hit = nodeIds.filter((node) => chosen.has(node));
      const affected = hit.filter(begin);
      effectCount += affected.length;
      return Object.fromEntries(affected.map((node) => [node, did]));
    },
    async stop() {
      const nodes = hit;
      hit = [];
      await Promise.all(nodes.map(end));
      return Object.fromEntries(nodes.map((node) => [node, undid]));
    },
    get effectCount() {
      return effectCount;
    },
  };
}
