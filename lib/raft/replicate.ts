/**
 * State machine replication: a state machine on every node, and a log that keeps them equal.
 *
 * Connects the core to a node: its network, clock and storage.
 */
import * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { safeParse } from "../protocol/fast-parse.ts";
import { errorText } from "../vortex/error-text.ts";
import {
  chunks,
  isStorageError,
  jsonLength,
  type Node,
  type NodeId,
  parseJson,
  RpcError,
  type Schema,
  type Storage,
  stringifyJson,
} from "../vortex/index.ts";
import { requireMilliseconds } from "../vortex/milliseconds.ts";
import { Delayed } from "./delayed.ts";
import { Forward, ForwardReply, sessionOf } from "./forward.ts";
import { type LeaderRequest, LeaderRequests } from "./leader-requests.ts";
import { apply, failure, type Machine, type Outcome, query } from "./machine.ts";
import { MESSAGES, type RaftMessage } from "./messages.ts";
import { type PendingCommand, PendingCommands } from "./pending-commands.ts";
import { Raft } from "./raft.ts";
import { RaftRecord, readRecords, write } from "./records.ts";
import type { Committed, StoredState, Write } from "./state.ts";
import { DEFAULT_TIMING, type Timing } from "./timing.ts";

/** Options of {@link replicate}. */
export interface ReplicateOptions extends Partial<Timing> {
  /**
   * How long requests wait for others to share their messages, in ms; 0, the default, does not wait.
   * They wait once on their way to the leader, and once more before they are written to the log.
   */
  readonly batchMs?: number;
  /** How long to wait for an outcome, in ms. Defaults to 5000. */
  readonly timeoutMs?: number;
  /** Maximum number of this node's commands without an outcome. Defaults to 10,000. */
  readonly maxPending?: number;
  /**
   * A log longer than this, in characters, and than the last snapshot, is replaced by a snapshot.
   * Defaults to 131,072.
   */
  readonly compactionLength?: number;
}

/** A replicated state machine, as one node sees it. */
export interface Replica<Command, Result> {
  /**
   * Executes a command once, on whatever node leads, and resolves with its result.
   *
   * Linearizable: a command sees the effects of all that have ended before it began.
   *
   * @throws {RpcError} the error that the machine has thrown, which is definite if the machine's is.
   *   `temporarily-unavailable` (11, definite) when it was certainly not executed: no leader took it in
   *   time, or too much waits. `timeout` (0, indefinite) when it may have been, or may yet be.
   */
  execute(command: Command): Promise<Result>;
  /** The node that leads, if this one knows it. */
  readonly leaderId: NodeId | undefined;
  /** Offers leadership to another node, if this one leads. Returns whether it did. */
  transferLeadership(to?: NodeId): boolean;
}

/** How often time is looked at, in ms. */
const TICK_MS = 25;
/** After this time, in ms, all nodes have surely been started, so that messages to them are in order. */
const SETTLING_MS = 500;
/** How long a node with an empty disk delays its `init_ok` at most, until it has a leader, in ms. */
const MAX_INIT_DELAY_MS = 2000;
/** How long to wait before a failed write or sync is tried again, in ms. */
const DISK_RETRY_MS = 100;
/** Maximum length of the commands in a message, in characters. */
const MAX_FORWARD_LENGTH = 2 ** 16;
/** Entries that are not committed: a leader accepts no more, in number and characters. */
const MAX_UNCOMMITTED = 10_000;
const MAX_UNCOMMITTED_LENGTH = 2 ** 24;
/** Default of {@link ReplicateOptions.compactionLength}. */
const MIN_COMPACTED_LENGTH = 2 ** 17;
/** How much longer a log may be if a follower still needs it. */
const KEPT_FOR_FOLLOWERS = 8;

/**
 * Replicates a state machine on all nodes by Raft.
 *
 * Call it on each node when the program starts. Commands are executed while a majority of the nodes is
 * connected. They survive in `node.storage`, which is then Raft's alone; without a disk, as long as a
 * majority runs: a node that has lost its state is admitted again by the others.
 *
 * @throws {StorageError} when the node's storage cannot be read.
 * @throws {RangeError} when an option is out of range.
 *
 * @example
 * const Command = v.variant("f", [
 *   v.object({ f: v.literal("add"), delta: v.number() }),
 *   v.object({ f: v.literal("read") }),
 * ]);
 *
 * export function counter(node: Node): void {
 *   let total = 0;
 *   const replica = replicate(node, {
 *     command: Command,
 *     query: ({ f }) => (f === "read" ? total : undefined),
 *     apply: (command) => (command.f === "add" ? (total += command.delta) : total),
 *     snapshot: () => total,
 *     restore: (snapshot) => (total = Number(snapshot)),
 *   });
 *   node.handle("read", v.object({}), async () => {
 *     return { type: "read_ok", value: await replica.execute({ f: "read" }) };
 *   });
 * }
 *
 * @see Raft thesis, chapter 6 (client interaction)
 */
export function replicate<S extends Schema, Result>(
  node: Node,
  machine: Machine<S, Result>,
  options: ReplicateOptions = {},
): Replica<v.InferInput<S>, Result> {
  const driver = new Driver(node, machine, options);
  return {
    execute: async (command) => {
      const outcome = await driver.execute(command);
      if ("error" in outcome) throw new RpcError(outcome.error.code, outcome.error.text);
      // What this machine has returned, here or on another node.
      return outcome.result as Result;
    },
    get leaderId() {
      return driver.leaderId;
    },
    transferLeadership: (to) => driver.transferLeadership(to),
  };
}

/** A command in the log: the start of the node that waits for it, its number there, the command. */
const LoggedCommand = v.tuple([v.string(), v.number(), v.unknown()]);

class Driver {
  readonly #node: Node;
  readonly #machine: Machine;
  readonly #storage: Storage<RaftRecord, RaftRecord>;
  readonly #raft: Raft;
  readonly #pending: PendingCommands;
  readonly #forwards: Delayed<void>;
  readonly #proposals: Delayed<LeaderRequest>;
  readonly #answers: Delayed<Answer>;
  readonly #compactionLength: number;
  readonly #startedAtMs: number;
  /** Whether other nodes may be sent messages. */
  #isStarted: boolean;
  #requests: LeaderRequests | undefined;
  /** The leader and the term for which the queued commands were last sent. */
  #lastLeader = "";
  /** The term of the last entry applied. */
  #lastTerm = 0;
  /** Writes that the storage has refused. */
  #unwritten: Write[] = [];
  #lastWrite = 0;
  #storedWrite = 0;
  #isSyncing = false;
  #snapshotLength = 0;
  /** Resolves when a node with an empty disk takes part. */
  readonly #joined = Promise.withResolvers<void>();

  constructor(node: Node, machine: Machine, options: ReplicateOptions) {
    const { batchMs = 0, timeoutMs = 5000, maxPending = 10_000, ...others } = options;
    const { compactionLength = MIN_COMPACTED_LENGTH, ...timing } = others;
    requireMilliseconds("batchMs", batchMs, replicate);
    requireMilliseconds("timeoutMs", timeoutMs, replicate);
    if (!(compactionLength >= 0)) {
      throw new RangeError(
        `compactionLength must be a number from 0 on, but is ${compactionLength}`,
      );
    }
    this.#node = node;
    this.#machine = machine;
    this.#compactionLength = compactionLength;
    this.#startedAtMs = node.nowMs();
    this.#isStarted = node.peers.length === 0;
    this.#storage = node.storage.of(RaftRecord);
    this.#pending = new PendingCommands(node, timeoutMs, maxPending);
    this.#forwards = new Delayed(node, batchMs, () => this.#forward());
    this.#proposals = new Delayed(node, batchMs, (requests) => this.#propose(requests));
    this.#answers = new Delayed(node, 0, (answers) => this.#sendAnswers(answers));
    this.#raft = new Raft(
      {
        id: node.id,
        nodeIds: node.nodeIds,
        newIncarnation: node.generateId(),
        random: { next: () => node.random() },
        timing: { ...DEFAULT_TIMING, ...timing },
        checks: node,
      },
      readStorage(node, this.#storage),
      node.nowMs(),
    );
    for (const [type, schema] of Object.entries(MESSAGES)) {
      node.handlePeer(type, schema, ({ src, body }) => this.#receive(src, body));
    }
    node.handlePeer("forward", Forward, ({ src, body }) => this.#receiveForward(src, body));
    node.handlePeer("forward_reply", ForwardReply, ({ body }) => this.#receiveAnswers(body));
    node.every(TICK_MS, () => this.#tick());
    // A new cluster needs every node once: see `joining.ts`. Faults must not come before that.
    if (!this.#raft.state.hardState.isVoter) {
      node.delayInit(this.#joined.promise);
      node.after(MAX_INIT_DELAY_MS, this.#joined.resolve);
    }
    this.#handleOutput();
  }

  get leaderId(): NodeId | undefined {
    return this.#raft.leaderId;
  }

  execute(command: unknown): Promise<Outcome> {
    this.#start();
    const outcome = this.#pending.add(command);
    // Only messages are worth waiting for.
    if (this.#raft.isLeader) queueMicrotask(() => this.#forward());
    else this.#forwards.add();
    return outcome;
  }

  transferLeadership(to: NodeId | undefined): boolean {
    const isOffered = this.#raft.transferLeadership(to, this.#node.nowMs());
    this.#handleOutput();
    return isOffered;
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#tick();
  }

  #tick(): void {
    const nowMs = this.#node.nowMs();
    if (!this.#isStarted && nowMs < this.#startedAtMs + SETTLING_MS) return;
    this.#isStarted = true;
    if (nowMs >= this.#raft.nextTickMs) {
      this.#raft.tick(nowMs);
      this.#handleOutput();
    }
    if (!this.#forwards.isWaiting) this.#forwards.add();
    this.#resend();
  }

  #receive(from: NodeId, message: RaftMessage): void {
    this.#start();
    this.#raft.receive(from, message, this.#node.nowMs());
    this.#handleOutput();
  }

  /** Does what the core asks for, until it asks for nothing more. */
  #handleOutput(): void {
    const output = this.#raft.takeOutput();
    this.#unwritten.push(...output.writes);
    this.#lastWrite = output.lastWrite;
    for (const { dest, body } of output.messages) this.#node.send(dest, body);
    if (output.restored !== undefined) {
      const { state, lastIncludedTerm } = output.restored;
      this.#machine.restore(parseJson(state));
      this.#snapshotLength = state.length;
      this.#pending.rejectUpTo(lastIncludedTerm);
      this.#enterTerm(lastIncludedTerm);
    }
    for (const committed of output.committed) this.#apply(committed);
    this.#followLeadership();
    if (this.leaderId !== undefined) this.#joined.resolve();
    for (const id of output.reads) this.#requests?.serve(id);
    for (const id of output.refusedReads) this.#requests?.refuse(id);
    if (output.committed.length > 0) this.#compact();
    void this.#sync();
  }

  #apply({ entry }: Committed): void {
    this.#enterTerm(entry.term);
    if (entry.command === undefined) return;
    const parsed = safeParse(LoggedCommand, entry.command);
    if (!parsed.success) throw new Error(`Not a command: ${describeIssues(parsed.issues)}`);
    const [session, number, command] = parsed.output;
    const outcome = apply(this.#machine, command);
    if (entry.origin === this.#node.id && session === this.#session) {
      this.#pending.settle(number, outcome);
    }
  }

  get #session(): string {
    return sessionOf(this.#raft.state.hardState);
  }

  /**
   * Whether the number of this start is on the disk. Before, the next start would have the same, and the
   * leader would take its requests for repetitions of this one's.
   */
  get #hasStoredStart(): boolean {
    return this.#storedWrite > 0;
  }

  #enterTerm(term: number): void {
    if (term <= this.#lastTerm) return;
    this.#lastTerm = term;
    this.#pending.requeueBefore(term);
  }

  #followLeadership(): void {
    const { isLeader, currentTerm, leaderId } = this.#raft;
    if (this.#requests !== undefined && !(isLeader && this.#requests.term === currentTerm)) {
      this.#requests.end();
    }
    if (isLeader && this.#requests?.term !== currentTerm) {
      this.#requests = this.#newRequests(currentTerm);
    }
    const leader = `${leaderId} ${currentTerm}`;
    if (leader === this.#lastLeader) return;
    this.#lastLeader = leader;
    if (leaderId !== undefined) this.#forwards.add();
  }

  #newRequests(term: number): LeaderRequests {
    return new LeaderRequests({
      term,
      query: (command) => query(this.#machine, command),
      read: (id) => this.#raft.read(id, this.#node.nowMs()),
      propose: (request) => this.#proposals.add(request),
      answer: (request, outcome) => this.#answers.add({ term, request, outcome }),
    });
  }

  /** Hands the queued commands to the leader, if there is one. */
  #forward(): void {
    const { isLeader, leaderId, currentTerm } = this.#raft;
    if (leaderId === undefined || !this.#hasStoredStart) return;
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
    const [origin, session] = [this.#node.id, this.#session];
    for (const { number, command } of queued) {
      this.#requests?.execute({ origin, session, number, command });
    }
    this.#handleOutput();
  }

  /** Repeats the forwarded requests without an outcome. */
  #resend(): void {
    const { isLeader, leaderId, currentTerm } = this.#raft;
    if (leaderId === undefined || isLeader) return;
    this.#sendRequests(leaderId, this.#pending.overdueIn(currentTerm));
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

  #receiveForward(from: NodeId, forward: Forward): void {
    this.#node.sometimes(
      !this.#raft.isLeader,
      "a request is forwarded to a node that no longer leads",
    );
    // Requests for another term, or for an earlier start of this node, are for its sender to repeat:
    // whether they are in the log is not known here.
    if (this.#requests?.term !== forward.term) return;
    // The requests of a node that has lost its disk were forgotten when it was admitted again.
    if (!this.#raft.isCurrent(from, forward.incarnation)) return;
    this.#requests.receive(from, forward);
    this.#handleOutput();
  }

  #propose(requests: readonly LeaderRequest[]): void {
    const { log, commitIndex } = this.#raft.state;
    const owner = this.#requests;
    const isFull =
      log.lastIndex - commitIndex > MAX_UNCOMMITTED || log.length > MAX_UNCOMMITTED_LENGTH;
    if (owner === undefined) return;
    if (isFull) {
      const text = "Too many entries wait to be committed";
      const outcome = failure(new RpcError("temporarily-unavailable", text));
      for (const request of requests) owner.rejected(request, outcome);
      return;
    }
    // Those of an earlier term have been refused.
    const current = requests.filter((request) => owner.isProposing(request));
    const commands = current.map(({ origin, session, number, command }) => ({
      origin,
      command: [session, number, command],
    }));
    if (commands.length === 0) return;
    if (!this.#raft.propose(commands, this.#node.nowMs())) return;
    for (const request of current) owner.proposed(request);
    this.#handleOutput();
  }

  #sendAnswers(answers: readonly Answer[]): void {
    const keyOf = ({ term, request }: Answer) => `${request.origin} ${request.session} ${term}`;
    for (const group of Map.groupBy(answers, keyOf).values()) {
      for (const chunk of chunks(group, MAX_FORWARD_LENGTH, answerLength)) this.#sendChunk(chunk);
    }
  }

  /** Sends answers to one start of one node. */
  #sendChunk(answers: readonly Answer[]): void {
    const [first] = answers;
    if (first === undefined) return;
    const outcomes: [number, Outcome][] = [];
    const refused: number[] = [];
    for (const { request, outcome } of answers) {
      if (outcome === "refused") refused.push(request.number);
      else outcomes.push([request.number, outcome]);
    }
    const { term, request } = first;
    const reply: ForwardReply = {
      type: "forward_reply",
      term,
      session: request.session,
      outcomes,
      refused,
    };
    if (request.origin === this.#node.id) this.#receiveAnswers(reply);
    else this.#node.send(request.origin, reply);
  }

  #receiveAnswers({ term, session, outcomes, refused }: ForwardReply): void {
    if (session !== this.#session) return;
    for (const [number, outcome] of outcomes) this.#pending.settle(number, outcome);
    for (const number of refused) this.#pending.refused(number, term);
  }

  /** Replaces the applied entries by a snapshot once they are longer than it. */
  #compact(): void {
    const { log } = this.#raft.state;
    const limit = Math.max(this.#compactionLength, this.#snapshotLength);
    if (log.lengthSinceSnapshot <= limit) return;
    const state = stringifyJson(this.#machine.snapshot());
    this.#snapshotLength = state.length;
    this.#raft.compact(state, limit * KEPT_FOR_FOLLOWERS);
    this.#handleOutput();
  }

  /** Stores the writes of the core. All that arrive during a sync share the next one. */
  async #sync(): Promise<void> {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    let failureCount = 0;
    while (this.#unwritten.length > 0 || this.#storedWrite < this.#lastWrite) {
      try {
        for (let next = this.#unwritten[0]; next !== undefined; next = this.#unwritten[0]) {
          write(this.#storage, next);
          this.#unwritten.shift();
        }
        const lastWrite = this.#lastWrite;
        await this.#storage.sync();
        failureCount = 0;
        if (!this.#hasStoredStart) this.#forwards.add();
        this.#storedWrite = lastWrite;
        this.#raft.stored(lastWrite, this.#node.nowMs());
        this.#handleOutput();
      } catch (error) {
        this.#node.sometimes(true, "a write or sync fails, and is tried again");
        if (++failureCount === 1) this.#node.log(`Cannot store: ${errorText(error)}. Trying again`);
        await this.#node.sleep(DISK_RETRY_MS);
      }
    }
    this.#isSyncing = false;
  }
}

/** The answer to a request that is not in the log. */
interface Answer {
  readonly term: number;
  readonly request: LeaderRequest;
  readonly outcome: Outcome | "refused";
}

function answerLength({ outcome }: Answer): number {
  return typeof outcome === "object" && "result" in outcome ? jsonLength(outcome.result) : 50;
}

/**
 * Reads what the last run of the node has stored. A damaged disk counts as a lost one: the node is
 * admitted again by the others.
 */
function readStorage(node: Node, storage: Storage<RaftRecord, RaftRecord>): StoredState {
  try {
    return readRecords(storage.readAll());
  } catch (error) {
    if (!isStorageError(error, "corrupt")) throw error;
    node.log(`Starting with an empty disk: ${error.message}`);
    storage.replace([]);
    return readRecords([]);
  }
}
