import { RpcError } from "../protocol/errors.ts";
import type { Init, NodeId } from "../protocol/message.ts";
import { quote, shorten } from "../protocol/shorten.ts";

/** The name of a node, and the nodes of its cluster. Its first `init` fixes them for life. */
export interface Identity {
  readonly id: NodeId;
  /** All nodes, this one included, in the order of `init`, each once. */
  readonly nodeIds: readonly NodeId[];
  /** All nodes but this one. */
  readonly peers: readonly NodeId[];
}

/** The identity of a node before `init`. */
export const UNNAMED: Identity = { id: "", nodeIds: [], peers: [] };

/**
 * Reads the identity that an `init` gives. An empty `node_ids`, without even the node itself, means that
 * it is the only node.
 *
 * @throws {RpcError} `malformed-request` (12) when the node is not among the nodes.
 */
export function identityOf({ node_id: id, node_ids }: Init): Identity {
  const nodeIds = node_ids.length === 0 ? [id] : [...new Set(node_ids)];
  if (!nodeIds.includes(id)) {
    const text = `Malformed "init": "node_ids" must contain the node's own id, ${quote(id)}`;
    throw new RpcError("malformed-request", text);
  }
  return { id, nodeIds, peers: nodeIds.filter((nodeId) => nodeId !== id) };
}

/**
 * Refuses another name or other nodes: peers rely on what the node has sent under its name.
 *
 * @throws {RpcError} `precondition-failed` (22) when the identities differ.
 */
export function requireSameIdentity(present: Identity, wanted: Identity): void {
  const isSame =
    wanted.id === present.id &&
    wanted.nodeIds.length === present.nodeIds.length &&
    wanted.nodeIds.every((nodeId, index) => nodeId === present.nodeIds[index]);
  if (isSame) return;
  const text = `Cannot become ${describe(wanted)}: this process is ${describe(present)}`;
  throw new RpcError("precondition-failed", text);
}

function describe({ id, nodeIds }: Identity): string {
  return `${quote(id)} of ${shorten(nodeIds.join(", "))}`;
}
