/**
 * The consensus core of a node: no network, no clock, no disk of its own.
 *
 * Messages, ticks and the progress of the disk go in, each with the time; {@link Raft.takeOutput}
 * returns what is to be done about them: changes to store, messages to send, entries to apply. So
 * the same code runs in a process, in a simulation and in a transcript.
 *
 * This file holds the roles and the terms: who leads, and when that changes.
 *
 * @see Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm"; Ongaro's thesis,
 *   "Consensus: Bridging Theory and Practice", whose sections the comments cite
 */
import type { NodeId, Random } from "../vortex/index.ts";
import type { Checks } from "./checks.ts";
import { Election } from "./election.ts";
import { Follower } from "./follower.ts";
import { Joining } from "./joining.ts";
import { Leader } from "./leader.ts";
import type { Snapshot } from "./log.ts";
import type {
  AppendEntries,
  Entry,
  Hello,
  InstallSnapshot,
  Outgoing,
  RaftMessage,
  RequestVote,
  RequestVoteReply,
} from "./messages.ts";
import { type Committed, RaftState, type StoredState, type Write } from "./state.ts";
import type { Timing } from "./timing.ts";

/** The inputs of a {@link Raft} core, besides the contents of its disk. */
export interface RaftOptions {
  readonly id: NodeId;
  /** The names of all nodes, this one included, in an order that all share. The set is fixed. */
  readonly nodeIds: readonly NodeId[];
  /** The incarnation to take if the disk is empty: a text that no other start draws. */
  readonly newIncarnation: string;
  readonly random: Random;
  readonly timing: Timing;
  /** Receives the assertions and situations of the core; by default, none are reported. */
  readonly checks?: Checks;
}

/** The work that one or more inputs have left for the caller. */
export interface Output {
  /** Changes for the disk, in order. Once it has them, call {@link Raft.stored} with `lastWrite`. */
  readonly writes: readonly Write[];
  readonly lastWrite: number;
  readonly messages: readonly Outgoing[];
  /** A snapshot to restore the state machine from, before `committed`. */
  readonly restored: Snapshot | undefined;
  readonly committed: readonly Committed[];
  /** Reads to serve, after `committed`. */
  readonly reads: readonly number[];
  /** Reads that this node cannot serve: it is no longer the leader. */
  readonly refusedReads: readonly number[];
}

/** Delay of the first election of a new cluster, in ms: for the other nodes to notice that it is new. */
const FIRST_ELECTION_MS = 40;

/**
 * The consensus core of a node: inputs go in with the time, and {@link takeOutput} returns what is to be
 * done about them.
 */
export class Raft {
  readonly #options: RaftOptions;
  readonly #state: RaftState;
  readonly #joining: Joining;
  #role: Follower | Election | Leader;
  /** Time at which this node stands for election, in ms. */
  #electionAtMs = 0;
  /** Time of the last message of a leader, in ms: it protects the leader for `electionMinMs`. */
  #leaderContactMs = Number.NEGATIVE_INFINITY;
  #refusedReads: number[] = [];

  constructor(options: RaftOptions, stored: StoredState, nowMs: number) {
    this.#options = options;
    this.#state = new RaftState(options, stored, nowMs);
    this.#joining = new Joining(this.#state, options.timing.heartbeatMs / 3);
    this.#role = new Follower(this.#state);
    // A restarted node may have had a message from a leader, whose lease relies on that.
    if (!this.#state.isNew) this.#leaderContactMs = nowMs;
    this.#resetElectionTimer();
  }

  /** Whether this node leads its current term. */
  get isLeader(): boolean {
    return this.#role instanceof Leader;
  }

  /** The leader of the current term, if this node knows it. */
  get leaderId(): NodeId | undefined {
    if (this.#role instanceof Leader) return this.#state.id;
    return this.#role instanceof Follower ? this.#role.leaderId : undefined;
  }

  /** The latest term this node has seen (figure 3.1). */
  get currentTerm(): number {
    return this.#state.currentTerm;
  }

  /** The state, to be read only. */
  get state(): Readonly<Pick<RaftState, "log" | "hardState" | "commitIndex" | "stableIndex">> {
    return this.#state;
  }

  /** Whether a node is still the one that it was as this incarnation: it has not lost its disk since. */
  isCurrent(node: NodeId, incarnation: string): boolean {
    return this.#state.isCurrent(node, incarnation);
  }

  /** Time of the next {@link tick} that has something to do, in ms. */
  get nextTickMs(): number {
    if (this.#role instanceof Leader) return this.#role.nextTickMs;
    if (!this.#state.hardState.isVoter) return this.#joining.nextTickMs;
    const repeatAtMs = this.#role instanceof Election ? this.#role.nextTickMs : Infinity;
    return Math.min(this.#electionAtMs, repeatAtMs);
  }

  /** Does what is due by the clock. Calling it too early does no harm. */
  tick(nowMs: number): void {
    this.#state.nowMs = nowMs;
    if (this.#role instanceof Leader) {
      const { checks } = this.#state;
      checks.sometimes(this.#isDiskStuck, "a leader resigns because its disk does not answer");
      checks.sometimes(!this.#role.hasQuorum, "a leader resigns because no majority replies");
      if (this.#isDiskStuck) this.#role.transfer();
      if (this.#isDiskStuck || !this.#role.hasQuorum) this.#becomeFollower(this.currentTerm);
      else this.#role.tick();
    } else if (!this.#state.hardState.isVoter) {
      this.#joining.tick();
      this.#startNewCluster();
    } else if (nowMs >= this.#electionAtMs) {
      this.#resetElectionTimer();
      const isCandidate = this.#role instanceof Election && !this.#role.isPreVote;
      this.#state.checks.sometimes(isCandidate, "an election has no winner");
      if (!this.#isDiskStuck) this.#campaign(true, false);
    } else if (this.#role instanceof Election) {
      this.#role.tick();
    }
  }

  /** Receives a message of a peer. */
  receive(from: NodeId, message: RaftMessage, nowMs: number): void {
    this.#state.nowMs = nowMs;
    if (message.type === "hello") this.#answerHello(from, message);
    else if (message.type === "hello_reply") {
      this.#joining.receive(from, message);
      this.#startNewCluster();
    } else if (this.#mayTakePart(message)) {
      this.#receiveInTerm(from, message);
    }
  }

  /** Notes that the disk has all writes up to the one with this number. */
  stored(lastWrite: number, nowMs: number): void {
    this.#state.nowMs = nowMs;
    this.#state.stored(lastWrite);
    if (this.#role instanceof Leader) this.#role.stored();
    else if (this.#role instanceof Follower) this.#role.advance();
    else this.#conclude(this.#role);
  }

  /**
   * Appends commands to the log, if this node is the leader.
   *
   * Whether they are committed shows in later output: by then, or once an entry of a later term is
   * committed without them, they never will be.
   *
   * @returns whether it is the leader.
   */
  propose(
    commands: readonly { readonly origin: NodeId; readonly command: unknown }[],
    nowMs: number,
  ): boolean {
    this.#state.nowMs = nowMs;
    if (!(this.#role instanceof Leader)) return false;
    this.#role.propose(commands.map((command): Entry => ({ term: this.currentTerm, ...command })));
    return true;
  }

  /**
   * Registers a read of the leader's state. It appears in `reads` when the state machine is as new as
   * any reply before this call, or else in `refusedReads`.
   */
  read(id: number, nowMs: number): void {
    this.#state.nowMs = nowMs;
    if (this.#role instanceof Leader) this.#role.read(id);
    else this.#refusedReads.push(id);
  }

  /**
   * Replaces the log up to the last committed entry that was handed out by the state machine's state.
   *
   * Entries that a follower in contact still lacks stay in memory, up to `maxLength` characters.
   */
  compact(state: string, maxLength: number): void {
    const { log } = this.#state;
    const neededFrom = this.#role instanceof Leader ? this.#role.matchedByAll + 1 : Infinity;
    this.#state.compact(state, log.length > maxLength ? Infinity : neededFrom);
  }

  /** Offers leadership to a follower (§3.10). Returns whether this node leads one that can take it. */
  transferLeadership(to: NodeId | undefined, nowMs: number): boolean {
    this.#state.nowMs = nowMs;
    return this.#role instanceof Leader && this.#role.transfer(to);
  }

  /** Returns what is to be done after the inputs since the last call. */
  takeOutput(): Output {
    const reads = this.#role instanceof Leader ? this.#role.takeReads() : [];
    return {
      ...this.#state.takeCommitted(),
      ...this.#state.takeWrites(),
      messages: this.#state.takeMessages(),
      reads,
      refusedReads: this.#refusedReads.splice(0),
    };
  }

  get #isDiskStuck(): boolean {
    return this.#state.storingForMs > this.#options.timing.electionMaxMs;
  }

  /** Whether votes for other nodes would break the leader's lease (§4.2.3). */
  get #isLeaderAlive(): boolean {
    if (this.#role instanceof Leader) return this.#role.hasQuorum;
    return this.#state.nowMs < this.#leaderContactMs + this.#options.timing.electionMinMs;
  }

  /** Whether a message is for this node as it is: see `joining.ts`. */
  #mayTakePart(message: Exclude<RaftMessage, Hello | { type: "hello_reply" }>): boolean {
    const { isVoter, incarnation } = this.#state.hardState;
    const isFromLeader = message.type === "append_entries" || message.type === "install_snapshot";
    if (!isFromLeader) return isVoter;
    const isMeant = message.knownAs === incarnation || (message.knownAs === undefined && isVoter);
    // The leader has admitted another incarnation, or not this one yet.
    if (!isMeant) this.#joining.tick();
    return isMeant;
  }

  #receiveInTerm(
    from: NodeId,
    message: Exclude<RaftMessage, Hello | { type: "hello_reply" }>,
  ): void {
    const { term } = message;
    if (message.type === "request_vote") {
      this.#answerVoteRequest(from, message);
      return;
    }
    const isPreVoteGranted =
      message.type === "request_vote_reply" && message.isPreVote && message.voteGranted;
    if (term > this.currentTerm && !isPreVoteGranted) this.#becomeFollower(term);
    if (message.type === "request_vote_reply") {
      this.#receiveVote(from, message);
    } else if (term < this.currentTerm) {
      this.#answerStale(from, message.type);
    } else {
      this.#receiveInCurrentTerm(from, message);
    }
  }

  #receiveInCurrentTerm(
    from: NodeId,
    message: Exclude<RaftMessage, Hello | RequestVote | RequestVoteReply | { type: "hello_reply" }>,
  ): void {
    const role = this.#role;
    switch (message.type) {
      case "append_entries":
        this.#followerOf(from, message).append(from, message);
        break;
      case "install_snapshot":
        this.#followerOf(from, message).installSnapshot(from, message);
        break;
      case "append_entries_reply":
        if (role instanceof Leader) role.receiveReply(from, message);
        else if (role instanceof Follower) role.collect(message);
        break;
      case "install_snapshot_reply":
        if (role instanceof Leader) role.receiveSnapshotReply(from, message);
        break;
      case "timeout_now":
        if (role instanceof Follower && role.leaderId === from) this.#campaign(false, true);
        break;
      default:
        throw new Error("Unexpected message", { cause: message satisfies never });
    }
  }

  /** Makes this node a follower of the current term's leader. */
  #followerOf(leader: NodeId, { term }: AppendEntries | InstallSnapshot): Follower {
    if (this.#role instanceof Leader) {
      throw new Error(`${leader} and ${this.#state.id} both lead term ${term}`);
    }
    this.#leaderContactMs = this.#state.nowMs;
    this.#resetElectionTimer();
    if (!(this.#role instanceof Follower)) this.#becomeFollower(term);
    const follower = this.#role as Follower;
    const isSame = follower.leaderId === undefined || follower.leaderId === leader;
    this.#state.checks.always(isSame, "a term has one leader", {
      term,
      leader,
      other: follower.leaderId ?? null,
    });
    follower.leaderId = leader;
    return follower;
  }

  #becomeFollower(term: number): void {
    if (term > this.currentTerm) this.#state.setHardState({ currentTerm: term, votedFor: null });
    const { checks } = this.#state;
    if (this.#role instanceof Leader) {
      checks.sometimes(true, "a leader is deposed");
      this.#refusedReads.push(...this.#role.abandonReads());
      this.#resetElectionTimer();
    }
    this.#role = new Follower(this.#state);
  }

  #campaign(isPreVote: boolean, isTransfer: boolean): void {
    const election = new Election(this.#state, isPreVote, isTransfer);
    this.#role = election;
    this.#conclude(election);
  }

  #receiveVote(from: NodeId, reply: RequestVoteReply): void {
    if (!(this.#role instanceof Election)) return;
    this.#role.receive(from, reply);
    this.#conclude(this.#role);
  }

  #conclude(election: Election): void {
    if (!election.isWon) return;
    if (election.isPreVote) {
      this.#campaign(false, false);
      return;
    }
    this.#state.checks.sometimes(true, "a node is elected");
    this.#role = new Leader(this.#state, this.#options.timing);
  }

  /** Grants a vote, or says whether it would (§3.4, §3.6.1, §9.6). */
  #answerVoteRequest(from: NodeId, request: RequestVote): void {
    const { term, isPreVote, isTransfer, lastLogIndex, lastLogTerm } = request;
    if (term >= this.currentTerm && this.#isLeaderAlive && !isTransfer) {
      this.#state.checks.sometimes(true, "a vote is refused because the leader is alive");
      // The sender has missed heartbeats: show it that there is a leader.
      if (this.#role instanceof Leader) this.#role.contact(from);
      return;
    }
    if (term > this.currentTerm && !isPreVote) this.#becomeFollower(term);
    const { log, hardState } = this.#state;
    const { votedFor, incarnation } = hardState;
    const mayVote = isPreVote
      ? term > this.currentTerm
      : term === this.currentTerm && (votedFor === null || votedFor === from);
    const voteGranted = mayVote && log.isUpToDate(lastLogIndex, lastLogTerm);
    const { checks } = this.#state;
    checks.sometimes(mayVote && !voteGranted, "a vote is refused to a node with an older log");
    checks.sometimes(isPreVote && !voteGranted, "a pre-vote is refused");
    checks.sometimes(!mayVote && !isPreVote, "a vote is refused because the node has voted");
    if (voteGranted && !isPreVote) {
      this.#resetElectionTimer();
      if (votedFor === null) this.#state.setHardState({ votedFor: from });
    }
    this.#state.send(from, {
      type: "request_vote_reply",
      term: voteGranted ? term : this.currentTerm,
      incarnation,
      isPreVote,
      voteGranted,
    });
  }

  /** Shows a deposed leader the current term; replies of earlier terms mean nothing. */
  #answerStale(from: NodeId, type: RaftMessage["type"]): void {
    if (type !== "append_entries" && type !== "install_snapshot") return;
    this.#state.send(from, {
      type: "append_entries_reply",
      term: this.currentTerm,
      matches: [],
      commitIndex: this.#state.commitIndex,
    });
  }

  #answerHello(from: NodeId, { incarnation }: Hello): void {
    const { hasHistory, log, checks } = this.#state;
    if (!hasHistory) this.#state.greet(from, incarnation);
    this.#state.send(from, { type: "hello_reply", to: incarnation, hasHistory });
    if (!(this.#role instanceof Leader)) return;
    if (log.admissionOf(from)?.incarnation === incarnation) return;
    checks.sometimes(true, "a node with an empty disk is admitted again");
    this.#role.propose([{ term: this.currentTerm, admits: { node: from, incarnation } }]);
  }

  /** Makes this node a voter if no node has a history. The first one stands for election at once. */
  #startNewCluster(): void {
    const { hardState, id, nodeIds, nowMs } = this.#state;
    if (hardState.isVoter || !this.#joining.isClusterNew) return;
    this.#state.setHardState({ isVoter: true });
    this.#resetElectionTimer();
    if (id === nodeIds[0]) this.#electionAtMs = nowMs + FIRST_ELECTION_MS;
  }

  #resetElectionTimer(): void {
    const { electionMinMs, electionMaxMs } = this.#options.timing;
    const timeoutMs = electionMinMs + this.#options.random.next() * (electionMaxMs - electionMinMs);
    this.#electionAtMs = this.#state.nowMs + timeoutMs;
  }
}
