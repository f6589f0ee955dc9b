/** Faults of nodes: kill and restart, pause and resume. */
import type { NodeId } from "../../vortex/index.ts";
import { pickOne, shuffle } from "../../vortex/random.ts";
import type { FaultEnvironment, Injector } from "./injector.ts";

/** The number of affected nodes, of all nodes. */
const TARGETS = {
  one: () => 1,
  minority: (count) => Math.floor((count - 1) / 2),
  majority: (count) => Math.floor(count / 2) + 1,
  all: (count) => count,
} as const satisfies Record<string, (count: number) => number>;
type Target = keyof typeof TARGETS;
const TARGET_NAMES = Object.keys(TARGETS) as readonly Target[];

/** Kills nodes (SIGKILL), and restarts them later with a new `init`. */
export function kill(environment: FaultEnvironment): Injector {
  const { cluster, restart } = environment;
  return nodeFault(environment, {
    begin: (node) => cluster.kill(node),
    end: restart,
    did: "killed",
    undid: "started",
  });
}

/** Pauses nodes (SIGSTOP), and resumes them later (SIGCONT). Messages to them wait. */
export function pause(environment: FaultEnvironment): Injector {
  const { cluster } = environment;
  return nodeFault(environment, {
    begin: (node) => cluster.pause(node),
    end: async (node) => cluster.resume(node),
    did: "paused",
    undid: "resumed",
  });
}

interface NodeFault {
  /** Returns whether it had an effect: the node may have crashed before. */
  begin(node: NodeId): boolean;
  end(node: NodeId): Promise<void>;
  readonly did: string;
  readonly undid: string;
}

function nodeFault(
  { nodeIds, random }: FaultEnvironment,
  { begin, end, did, undid }: NodeFault,
): Injector {
  let targets: readonly NodeId[] = [];
  let effectCount = 0;
  return {
    draw: () => pickOne(random, TARGET_NAMES),
    start(target) {
      const count = TARGETS[target as Target](nodeIds.length); // `draw` returned it.
      const chosen = new Set(shuffle(random, nodeIds).slice(0, count));
      targets = nodeIds.filter((node) => chosen.has(node));
      const affected = targets.filter(begin);
      effectCount += affected.length;
      return Object.fromEntries(affected.map((node) => [node, did]));
    },
    async stop() {
      const nodes = targets;
      targets = [];
      await Promise.all(nodes.map(end));
      return Object.fromEntries(nodes.map((node) => [node, undid]));
    },
    get effectCount() {
      return effectCount;
    },
  };
}
