/**
 * An election that this node stands in.
 *
 * A pre-vote comes first (§9.6): only a node that a majority would elect raises its term, so a node that
 * was cut off does not depose a leader when it returns.
 *
 * @see Raft thesis, §3.4, §4.2.3, §9.6
 */
import type { NodeId } from "../vortex/index.ts";
import type { RequestVoteReply } from "./messages.ts";
import { majority } from "./quorum.ts";
import type { RaftState } from "./state.ts";

export class Election {
  readonly isPreVote: boolean;
  readonly #state: RaftState;
  readonly #votes: Set<NodeId>;

  /** @param isTransfer Whether the leader asked for the election: then nothing protects it. */
  constructor(state: RaftState, isPreVote: boolean, isTransfer: boolean) {
    this.#state = state;
    this.isPreVote = isPreVote;
    this.#votes = new Set([state.id]);
    if (!isPreVote) {
      state.setHardState({ currentTerm: state.currentTerm + 1, votedFor: state.id });
    }
    const { log, currentTerm } = state;
    for (const peer of state.peers) {
      state.send(peer, {
        type: "request_vote",
        term: isPreVote ? currentTerm + 1 : currentTerm,
        isPreVote,
        isTransfer,
        lastLogIndex: log.lastIndex,
        lastLogTerm: log.lastTerm,
      });
    }
  }

  /** Whether a majority has voted for this node. Its own vote counts when it is stored. */
  get isWon(): boolean {
    const { isHardStateStored, nodeIds } = this.#state;
    return isHardStateStored && this.#votes.size >= majority(nodeIds.length);
  }

  receive(from: NodeId, { isPreVote, voteGranted, incarnation, term }: RequestVoteReply): void {
    const { currentTerm } = this.#state;
    const isOfThis =
      isPreVote === this.isPreVote && term === (isPreVote ? currentTerm + 1 : currentTerm);
    // A vote from before the voter lost its disk is void: it may have voted again since.
    const counts = isOfThis && voteGranted && this.#state.isCurrent(from, incarnation);
    if (counts) this.#votes.add(from);
  }
}
