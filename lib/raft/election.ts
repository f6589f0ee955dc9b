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

/** How long to wait for a vote before asking again, in ms; twice as long each time. */
const REPEAT_MS = 100;

export class Election {
  readonly isPreVote: boolean;
  readonly #state: RaftState;
  readonly #isTransfer: boolean;
  readonly #votes: Set<NodeId>;
  /** The peers that have replied. */
  readonly #answered = new Set<NodeId>();
  #repeatCount = 0;
  /** Time of the next {@link tick} that has something to do, in ms. */
  nextTickMs: number;

  /** @param isTransfer Whether the leader asked for the election: then nothing protects it. */
  constructor(state: RaftState, isPreVote: boolean, isTransfer: boolean) {
    this.#state = state;
    this.isPreVote = isPreVote;
    this.#isTransfer = isTransfer;
    this.#votes = new Set([state.id]);
    if (!isPreVote) {
      state.setHardState({ currentTerm: state.currentTerm + 1, votedFor: state.id });
    }
    this.nextTickMs = state.nowMs + REPEAT_MS;
    this.#requestVotes();
  }

  /** Whether a majority has voted for this node. Its own vote counts when it is stored. */
  get isWon(): boolean {
    const { isHardStateStored, nodeIds } = this.#state;
    return isHardStateStored && this.#votes.size >= majority(nodeIds.length);
  }

  /** Asks the peers again that have not replied: the message was lost, or they had a leader. */
  tick(): void {
    const { nowMs } = this.#state;
    if (nowMs < this.nextTickMs) return;
    this.#repeatCount++;
    this.nextTickMs = nowMs + REPEAT_MS * 2 ** this.#repeatCount;
    this.#requestVotes();
  }

  receive(from: NodeId, { isPreVote, voteGranted, incarnation, term }: RequestVoteReply): void {
    const { currentTerm } = this.#state;
    const isOfThis =
      isPreVote === this.isPreVote && term === (isPreVote ? currentTerm + 1 : currentTerm);
    // A vote from before the voter lost its disk is void: it may have voted again since.
    if (isOfThis) this.#answered.add(from);
    const counts = isOfThis && voteGranted && this.#state.isCurrent(from, incarnation);
    if (counts) this.#votes.add(from);
  }

  #requestVotes(): void {
    const { log, currentTerm, peers } = this.#state;
    for (const peer of peers) {
      if (this.#answered.has(peer)) continue;
      this.#state.send(peer, {
        type: "request_vote",
        term: this.isPreVote ? currentTerm + 1 : currentTerm,
        isPreVote: this.isPreVote,
        isTransfer: this.#isTransfer,
        lastLogIndex: log.lastIndex,
        lastLogTerm: log.lastTerm,
      });
    }
  }
}
