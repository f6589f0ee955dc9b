/**
 * The requests that this node executes as the leader of a term: those of its own clients, and those
 * that followers forward.
 *
 * A command that would not change the state is answered from the state, once a read of the core is
 * served. Any other becomes an entry of the log, and its origin learns the outcome from its own log.
 */
import type { NodeId } from "../vortex/index.ts";
import { type Forward, sessionOf } from "./forward.ts";
import type { Outcome } from "./machine.ts";
import { type Fate, RequestWindow } from "./window.ts";

/** A request to execute. */
export interface LeaderRequest {
  readonly origin: NodeId;
  /** The start of the origin, as in its own entries. */
  readonly session: string;
  readonly number: number;
  readonly command: unknown;
}

export interface LeaderRequestsOptions {
  readonly term: number;
  /** Returns the outcome of a command that would not change the state. */
  query(command: unknown): Outcome | undefined;
  /** Returns the index of the last entry that the state has applied. */
  appliedIndex(): number;
  /** Registers a read. */
  read(id: number): void;
  /** Appends a command to the log. */
  propose(request: LeaderRequest): void;
  /** Sends the origin the outcome of a request that is not in the log. */
  answer(request: LeaderRequest, outcome: Outcome | "refused"): void;
}

interface Read {
  readonly request: LeaderRequest;
  readonly outcome: Outcome;
  readonly appliedIndex: number;
}

export class LeaderRequests {
  readonly term: number;
  readonly #options: LeaderRequestsOptions;
  readonly #windows = new Map<NodeId, RequestWindow>();
  /** The requests that wait for a read of the core, with their outcome in a state. */
  readonly #reads = new Map<number, Read>();
  /** The requests that are about to be proposed. */
  readonly #proposing = new Set<LeaderRequest>();
  #lastReadId = 0;
  #isOver = false;

  constructor(options: LeaderRequestsOptions) {
    this.term = options.term;
    this.#options = options;
  }

  /** Executes the requests that a follower forwards; repeats the answers to those that had one. */
  receive(origin: NodeId, forward: Forward): void {
    const { incarnation, boot, floor, requests } = forward;
    let window = this.#windows.get(origin);
    if (window === undefined || window.incarnation !== incarnation || window.boot < boot) {
      window = new RequestWindow(incarnation, boot);
      this.#windows.set(origin, window);
    }
    if (window.boot > boot) return;
    window.raiseFloor(floor);
    for (const [number, command] of requests) {
      const request = { origin, session: sessionOf(forward), number, command };
      const fate = window.fateOf(number);
      if (fate === "new") this.execute(request);
      else if (typeof fate === "object" || fate === "refused") this.#options.answer(request, fate);
    }
  }

  /** Executes a request that has not been executed. */
  execute(request: LeaderRequest): void {
    if (this.#isOver) {
      this.#answer(request, "refused");
      return;
    }
    const outcome = this.#options.query(request.command);
    if (outcome === undefined) {
      this.#propose(request);
      return;
    }
    this.#setFate(request, "waiting");
    const id = ++this.#lastReadId;
    this.#reads.set(id, { request, outcome, appliedIndex: this.#options.appliedIndex() });
    this.#options.read(id);
  }

  /** Executes a request whose read is served: the state is up to date. */
  serve(id: number): void {
    const read = this.#take(id);
    if (read === undefined) return;
    const { request } = read;
    const isSame = read.appliedIndex === this.#options.appliedIndex();
    const outcome = isSame ? read.outcome : this.#options.query(request.command);
    if (outcome === undefined) this.#propose(request);
    else this.#answer(request, outcome);
  }

  refuse(id: number): void {
    const read = this.#take(id);
    if (read !== undefined) this.#answer(read.request, "refused");
  }

  /** Whether a request is still to be proposed. */
  isProposing(request: LeaderRequest): boolean {
    return this.#proposing.has(request);
  }

  /** Notes that a request is in the log. */
  proposed(request: LeaderRequest): void {
    this.#proposing.delete(request);
    this.#setFate(request, "in-log");
  }

  /** Notes that a request was not executed, and reports the reason to its client. */
  rejected(request: LeaderRequest, outcome: Outcome): void {
    this.#proposing.delete(request);
    this.#answer(request, outcome);
  }

  /** Refuses all requests that are not in the log: the node no longer leads the term. */
  end(): void {
    this.#isOver = true;
    const reading = [...this.#reads.values()].map(({ request }) => request);
    for (const request of [...this.#proposing, ...reading]) this.#answer(request, "refused");
    this.#proposing.clear();
    this.#reads.clear();
  }

  #take(id: number): Read | undefined {
    const read = this.#reads.get(id);
    this.#reads.delete(id);
    return read;
  }

  #propose(request: LeaderRequest): void {
    this.#setFate(request, "waiting");
    this.#proposing.add(request);
    this.#options.propose(request);
  }

  #answer(request: LeaderRequest, outcome: Outcome | "refused"): void {
    this.#setFate(request, outcome);
    this.#options.answer(request, outcome);
  }

  #setFate({ origin, session, number }: LeaderRequest, fate: Fate): void {
    const window = this.#windows.get(origin);
    if (window !== undefined && sessionOf(window) === session) window.set(number, fate);
  }
}
