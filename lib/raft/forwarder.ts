/**
 * The way of this node's commands to the leader: to this node itself, or in messages to another one.
 *
 * `pending-commands.ts` says when a command may be sent again, so that none is executed twice.
 */
import { chunks, jsonLength, type Node, type NodeId } from "../vortex/index.ts";
import { Delayed } from "./delayed.ts";
import { type Forward, type ForwardReply, MAX_FORWARD_LENGTH, sessionOf } from "./forward.ts";
import type { LeaderRequest } from "./leader-requests.ts";
import type { Outcome } from "./machine.ts";
import { type PendingCommand, PendingCommands } from "./pending-commands.ts";
import type { Raft } from "./raft.ts";

export interface ForwarderOptions {
  readonly batchMs: number;
  readonly timeoutMs: number;
  readonly maxPending: number;
  /**
   * Whether the number of this start is on the disk. Before, the next start would have the same, and the
   * leader would take its requests for repetitions of this one's.
   */
  isReady(): boolean;
  /** Executes requests on this node, which leads. */
  executeHere(requests: readonly LeaderRequest[]): void;
}

export class Forwarder {
  readonly #node: Node;
  readonly #raft: Raft;
  readonly #options: ForwarderOptions;
  readonly #pending: PendingCommands;
  readonly #forwards: Delayed<void>;
  /** The leader and the term for which the queued commands were last sent. */
  #lastLeader = "";
  /** The term of the last entry applied. */
  #lastTerm = 0;

  constructor(node: Node, raft: Raft, options: ForwarderOptions) {
    this.#node = node;
    this.#raft = raft;
    this.#options = options;
    this.#pending = new PendingCommands(node, options.timeoutMs, options.maxPending);
    this.#forwards = new Delayed(node, options.batchMs, () => this.#forward());
  }

  /** Executes a command on the node that leads; see {@link PendingCommands.add} for the errors. */
  execute(command: unknown): Promise<Outcome> {
    const outcome = this.#pending.add(command);
    // Only messages are worth waiting for.
    if (this.#raft.isLeader) queueMicrotask(() => this.#forward());
    else this.#forwards.add();
    return outcome;
  }

  /** Sends the queued commands, and repeats those that are overdue. */
  tick(): void {
    if (!this.#forwards.isWaiting) this.#forwards.add();
    const { isLeader, leaderId, currentTerm } = this.#raft;
    if (leaderId === undefined || isLeader) return;
    this.#sendRequests(leaderId, this.#pending.overdueIn(currentTerm));
  }

  /** Sends the queued commands. */
  wake(): void {
    this.#forwards.add();
  }

  /** Sends the queued commands if there is a new leader. */
  follow(): void {
    const { currentTerm, leaderId } = this.#raft;
    const leader = `${leaderId} ${currentTerm}`;
    if (leader === this.#lastLeader) return;
    this.#lastLeader = leader;
    if (leaderId !== undefined) this.#forwards.add();
  }

  /** Notes that an entry of a term is applied: the commands of earlier terms are sent again. */
  enterTerm(term: number): void {
    if (term <= this.#lastTerm) return;
    this.#lastTerm = term;
    this.#pending.requeueBefore(term);
  }

  /** Notes that a snapshot, whose last entry is of a term, has taken the place of entries. */
  restored(lastIncludedTerm: number): void {
    this.#pending.rejectUpTo(lastIncludedTerm);
    this.enterTerm(lastIncludedTerm);
  }

  /** Settles a command of this start that is applied. */
  settle(number: number, outcome: Outcome): void {
    this.#pending.settle(number, outcome);
  }

  /** Receives the outcomes of commands that are not in the log. */
  receive({ term, session, outcomes, refused }: ForwardReply): void {
    if (session !== sessionOf(this.#raft.state.hardState)) return;
    for (const [number, outcome] of outcomes) this.#pending.settle(number, outcome);
    for (const number of refused) this.#pending.refused(number, term);
  }

  /** Hands the queued commands to the leader, if there is one. */
  #forward(): void {
    const { isLeader, leaderId, currentTerm, state } = this.#raft;
    if (leaderId === undefined || !this.#options.isReady()) return;
    const queued = this.#pending.queued();
    if (queued.length === 0) return;
    for (const pending of queued) {
      pending.term = currentTerm;
      pending.sentCount = 0;
    }
    if (!isLeader) {
      this.#sendRequests(leaderId, queued);
      return;
    }
    const [origin, session] = [this.#node.id, sessionOf(state.hardState)];
    this.#options.executeHere(
      queued.map(({ number, command }) => ({ origin, session, number, command })),
    );
  }

  #sendRequests(leaderId: NodeId, requests: readonly PendingCommand[]): void {
    const { incarnation, boot } = this.#raft.state.hardState;
    const { floor } = this.#pending;
    const sentAtMs = this.#node.nowMs();
    const lengthOf = ({ command }: PendingCommand) => jsonLength(command);
    for (const chunk of chunks(requests, MAX_FORWARD_LENGTH, lengthOf)) {
      for (const pending of chunk) {
        pending.sentAtMs = sentAtMs;
        pending.sentCount++;
      }
      const body: Forward = {
        type: "forward",
        term: this.#raft.currentTerm,
        incarnation,
        boot,
        floor,
        requests: chunk.map(({ number, command }) => [number, command]),
      };
      this.#node.send(leaderId, body);
    }
  }
}
