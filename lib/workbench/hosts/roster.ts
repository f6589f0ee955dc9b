/** Finds the sidecars of a cluster. */
import type { Clock, NodeId } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import type { Bus } from "./bus.ts";
import {
  type Identity,
  isCompatible,
  parseWire,
  Identity as Schema,
  subjects,
  WireError,
} from "./wire.ts";

export interface RosterOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly cluster: string;
  /** The nodes of the test. Absent: all nodes of the cluster. */
  readonly nodeIds?: readonly NodeId[] | undefined;
  /** How long to wait for sidecars that may be starting, in ms. */
  readonly limitMs: number;
  /** Returns the command that starts the sidecar of a node. */
  commandOf(node: NodeId, nodes: readonly NodeId[]): string;
}

/** How long one question waits for answers, in ms. */
const ROUND_MS = 500;

/**
 * Finds the sidecars of a test's nodes, in the order of the cluster's.
 *
 * @throws {InvalidOptions} if one is missing, or the sidecars do not fit together.
 */
export async function findSidecars(options: RosterOptions): Promise<readonly Identity[]> {
  const { bus, clock, cluster, nodeIds, limitMs, commandOf } = options;
  const endMs = clock.nowMs() + limitMs;
  for (;;) {
    const found = identitiesOf(await bus.requestAll(subjects.roster(cluster), "", ROUND_MS));
    const nodes = nodesOf(cluster, found);
    const wanted = nodeIds ?? nodes;
    const foreign = found.length === 0 ? undefined : wanted.find((id) => !nodes.includes(id));
    if (foreign !== undefined) {
      throw new InvalidOptions(
        `${foreign} is not a node of cluster "${cluster}", whose nodes are ${nodes.join(", ")}`,
      );
    }
    const byName = new Map(found.map((identity) => [identity.name, identity]));
    const missing = wanted.filter((id) => !byName.has(id));
    if (found.length > 0 && missing.length === 0) {
      return wanted.flatMap((id) => byName.get(id) ?? []);
    }
    if (clock.nowMs() < endMs) continue;
    if (found.length === 0) {
      throw new InvalidOptions(
        `No node of cluster "${cluster}" answers. Start one on each host, as in ${commandOf("n0", ["n0", "n1", "n2"])}`,
      );
    }
    const [first = ""] = missing;
    throw new InvalidOptions(
      `${missing.join(", ")} of cluster "${cluster}" ${missing.length === 1 ? "was" : "were"} not started, or cannot be reached. On its host, run ${commandOf(first, nodes)}`,
    );
  }
}

function identitiesOf(answers: readonly string[]): Identity[] {
  return answers.map((text) => {
    let identity: Identity | undefined;
    try {
      identity = parseWire(Schema, text);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
    if (identity !== undefined && isCompatible(identity)) return identity;
    const who = identity === undefined ? "A sidecar" : `${identity.name} on ${identity.host}`;
    throw new InvalidOptions(
      `${who} has another version of vortex. Use the same on all hosts and here`,
    );
  });
}

/** The nodes that all sidecars name. */
function nodesOf(cluster: string, found: readonly Identity[]): readonly NodeId[] {
  const [first] = found;
  if (first === undefined) return [];
  const other = found.find(({ nodes }) => nodes.join() !== first.nodes.join());
  if (other !== undefined) {
    throw new InvalidOptions(
      `The sidecars of cluster "${cluster}" name different nodes: ${first.name} has --nodes ${first.nodes.join()}, and ${other.name} has --nodes ${other.nodes.join()}. Start them with the same --nodes`,
    );
  }
  return first.nodes;
}
