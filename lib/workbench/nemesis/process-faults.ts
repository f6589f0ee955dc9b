/** Faults of nodes: kill and restart, pause and resume. */
import type { Json, NodeId } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import type { FaultPart, Injector, KillOptions, NemesisTest } from "./definition.ts";
import {
  affectTarget,
  type NamedTargets,
  namedTargets,
  RANDOM_TARGETS,
  type RandomTarget,
  type Target,
} from "./targets.ts";

/** Options of faults of nodes. */
export interface NodeFaultOptions {
  /** The nodes; each start draws one of these. Defaults to all four random ones. */
  readonly targets?: readonly Target[];
}

/** Options of {@link kill}. */
export interface KillFaultOptions extends NodeFaultOptions, KillOptions {}

/**
 * Kills nodes (SIGKILL), and restarts them later with a new `init`. They have what they had synced to
 * their disks, unless `losesDisk` is set, in simulations only.
 */
export function kill({
  losesDisk = false,
  targets = RANDOM_TARGETS,
}: KillFaultOptions = {}): FaultPart {
  const named = namedTargets(targets, RANDOM_TARGETS, kill);
  return nodeFault(named, {
    begin: (test, node) => test.kill(node, { losesDisk }),
    end: (test, node) => test.restart(node),
    did: losesDisk ? "killed without its disk" : "killed",
    undid: "started",
  });
}

/** Pauses nodes (SIGSTOP), and resumes them later (SIGCONT). Messages to them wait. */
export function pause({ targets = RANDOM_TARGETS }: NodeFaultOptions = {}): FaultPart {
  const named = namedTargets(targets, RANDOM_TARGETS, pause);
  return nodeFault(named, {
    begin: (test, node) => test.pause(node),
    end: async (test, node) => test.resume(node),
    did: "paused",
    undid: "resumed",
  });
}

interface NodeFault {
  /** Returns whether it had an effect: the node may have crashed before. */
  begin(test: NemesisTest, node: NodeId): boolean;
  /** Resolves with whether it had an effect. */
  end(test: NemesisTest, node: NodeId): Promise<boolean>;
  readonly did: string;
  readonly undid: string;
}

function nodeFault(
  named: NamedTargets<RandomTarget>,
  { begin, end, did, undid }: NodeFault,
): FaultPart {
  const names = [...named.keys()];
  return (test): Injector => {
    let chosen: readonly NodeId[] = [];
    let effectCount = 0;
    const affect = (nodes: readonly NodeId[]): Json => {
      chosen = nodes;
      const affected = nodes.filter((node) => begin(test, node));
      effectCount += affected.length;
      return Object.fromEntries(affected.map((node) => [node, did]));
    };
    return {
      draw: () => pickOne(test.random, names),
      start: (name) => affectTarget(named, String(name), test, affect),
      async stop() {
        const nodes = chosen;
        chosen = [];
        const ended = await Promise.all(nodes.map((node) => end(test, node)));
        return Object.fromEntries(
          nodes.flatMap((node, index) => (ended[index] ? [[node, undid]] : [])),
        );
      },
      get effectCount() {
        return effectCount;
      },
    };
  };
}
