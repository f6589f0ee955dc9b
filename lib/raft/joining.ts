/**
 * A node with an empty disk, until it may vote.
 *
 * A node that has lost its disk has forgotten its votes and its entries. If it voted again in the same
 * term, there could be two leaders; if it voted for a node with a shorter log, committed entries would
 * be lost. It cannot tell from its disk that anything was there. So it draws a new incarnation, asks
 * all others, and takes no part until one of the following:
 *
 * - *All* others reply that they have no entry: the cluster is new. A majority of replies might miss
 *   the one that has. By its reply a candidate also renounces any vote that the node has given it
 *   before it lost its disk.
 * - A leader, elected without this node, has admitted its incarnation by an entry of the log, and that
 *   entry is committed without this node. From there on, promises of its former incarnation are void
 *   at every node that can be elected: one without the entry is not up-to-date for a majority of the
 *   other nodes.
 *
 * So the cluster loses nothing as long as a minority of disks is lost before the nodes that lost them
 * have been admitted again. If more are, it stops.
 */
import type { NodeId } from "../vortex/index.ts";
import type { HelloReply } from "./messages.ts";
import type { RaftState } from "./state.ts";

export class Joining {
  readonly #state: RaftState;
  readonly #intervalMs: number;
  /** The peers that have no entry. */
  readonly #newPeers = new Set<NodeId>();
  /** Time of the next question, in ms. */
  nextTickMs: number;

  constructor(state: RaftState, intervalMs: number) {
    this.#state = state;
    this.#intervalMs = intervalMs;
    this.nextTickMs = state.nowMs;
  }

  /** Whether the cluster is new: the node may vote. */
  get isClusterNew(): boolean {
    return this.#newPeers.size === this.#state.peers.length && !this.#state.hasHistory;
  }

  tick(): void {
    if (this.#state.nowMs < this.nextTickMs) return;
    this.nextTickMs = this.#state.nowMs + this.#intervalMs;
    const { incarnation } = this.#state.hardState;
    for (const peer of this.#state.peers) this.#state.send(peer, { type: "hello", incarnation });
  }

  receive(from: NodeId, { to, hasHistory }: HelloReply): void {
    if (to !== this.#state.hardState.incarnation) return;
    if (hasHistory) this.#newPeers.delete(from);
    else this.#newPeers.add(from);
  }
}
