/**
 * The leader's part: it executes the requests of all nodes, proposes those that change the state, and
 * answers the others.
 *
 * `leader-requests.ts` remembers the requests of one term.
 */
import { chunks, jsonLength, type Node, type NodeId, RpcError } from "../vortex/index.ts";
import { Delayed } from "./delayed.ts";
import { type Forward, type ForwardReply, MAX_FORWARD_LENGTH } from "./forward.ts";
import { type LeaderRequest, LeaderRequests } from "./leader-requests.ts";
import { failure, type Machine, type Outcome, query } from "./machine.ts";
import type { Raft } from "./raft.ts";

/** Entries that are not committed: a leader accepts no more, in number and characters. */
const MAX_UNCOMMITTED = 10_000;
const MAX_UNCOMMITTED_LENGTH = 2 ** 24;

export interface LeadingOptions {
  /** How long requests wait for others before they are proposed, in ms. */
  readonly batchMs: number;
  /** Called when the core has had an input. */
  onInput(): void;
  /** Receives the answers to this node's own requests. */
  onReply(reply: ForwardReply): void;
}

/** The answer to a request that is not in the log. */
interface Answer {
  readonly term: number;
  readonly request: LeaderRequest;
  readonly outcome: Outcome | "refused";
}

export class Leading {
  readonly #node: Node;
  readonly #raft: Raft;
  readonly #machine: Machine;
  readonly #options: LeadingOptions;
  readonly #proposals: Delayed<LeaderRequest>;
  readonly #answers: Delayed<Answer>;
  /** The requests of the last term that this node has led. */
  #requests: LeaderRequests | undefined;

  constructor(node: Node, raft: Raft, machine: Machine, options: LeadingOptions) {
    this.#node = node;
    this.#raft = raft;
    this.#machine = machine;
    this.#options = options;
    this.#proposals = new Delayed(node, options.batchMs, (requests) => this.#propose(requests));
    this.#answers = new Delayed(node, 0, (answers) => this.#sendAnswers(answers));
  }

  /** Begins and ends with the leadership of this node. */
  follow(): void {
    const { isLeader, currentTerm } = this.#raft;
    if (this.#requests !== undefined && !(isLeader && this.#requests.term === currentTerm)) {
      this.#requests.end();
    }
    if (isLeader && this.#requests?.term !== currentTerm) {
      this.#requests = this.#newRequests(currentTerm);
    }
  }

  /** Executes requests of this node. */
  execute(requests: readonly LeaderRequest[]): void {
    for (const request of requests) this.#requests?.execute(request);
    this.#options.onInput();
  }

  /** Executes the requests that another node forwards. */
  receive(from: NodeId, forward: Forward): void {
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
    this.#options.onInput();
  }

  /** Answers the reads that the core serves or refuses. */
  serve(reads: readonly number[], refusedReads: readonly number[]): void {
    for (const id of reads) this.#requests?.serve(id);
    for (const id of refusedReads) this.#requests?.refuse(id);
  }

  #newRequests(term: number): LeaderRequests {
    return new LeaderRequests({
      term,
      query: (command) => query(this.#machine, command),
      // What is committed is applied before requests are looked at.
      appliedIndex: () => this.#raft.state.commitIndex,
      read: (id) => this.#raft.read(id, this.#node.nowMs()),
      propose: (request) => this.#proposals.add(request),
      answer: (request, outcome) => this.#answers.add({ term, request, outcome }),
    });
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
    this.#options.onInput();
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
    if (request.origin === this.#node.id) this.#options.onReply(reply);
    else this.#node.send(request.origin, reply);
  }
}

function answerLength({ outcome }: Answer): number {
  return typeof outcome === "object" && "result" in outcome ? jsonLength(outcome.result) : 50;
}
