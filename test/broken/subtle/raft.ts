/**
 * Raft as in figure 3.1 of the thesis, with nothing added: a key-value store on a log that is committed in
 * messages of one entry. Only the leader answers.
 *
 * @see Raft thesis, §3, and §3.6.2 for the bug
 */
import * as v from "valibot";
import { type Node, type NodeId, type OutgoingBody, RpcError } from "../../../lib/vortex/index.ts";
import { keyValue } from "../../programs/key-value.ts";
import { apply, Request } from "../../programs/machine.ts";
import { type SubtleCase, synced, type Variant } from "./case.ts";

const HEARTBEAT_MS = 100;
const ELECTION_MIN_MS = 300;
const OUTCOME_LIMIT_MS = 2000;

const Entry = v.object({ term: v.number(), id: v.string(), request: Request });
type Entry = v.InferOutput<typeof Entry>;

const Stored = v.union([
  v.object({ term: v.number(), votedFor: v.nullable(v.string()) }),
  v.object({ index: v.number(), entry: Entry }),
]);
const RequestVote = v.object({
  term: v.number(),
  lastLogIndex: v.number(),
  lastLogTerm: v.number(),
});
const Vote = v.object({ type: v.literal("vote"), term: v.number(), granted: v.boolean() });
const AppendEntries = v.object({
  term: v.number(),
  prevLogIndex: v.number(),
  prevLogTerm: v.number(),
  entries: v.array(Entry),
  leaderCommit: v.number(),
});
const Appended = v.object({ type: v.literal("appended"), term: v.number(), success: v.boolean() });

/** Serves a key-value store by Raft. The broken variant lacks a comparison. */
export const textbookRaft = (variant: Variant) => (node: Node) => {
  new TextbookRaft(node, variant);
};

class TextbookRaft {
  readonly #node: Node;
  readonly #variant: Variant;
  readonly #store = keyValue();
  #term = 0;
  #votedFor: NodeId | null = null;
  readonly #log: Entry[] = [];
  /** The log is on the disk up to this index; indices start at 1. */
  #storedIndex = 0;
  #commitIndex = 0;
  #isLeader = false;
  #electionAtMs = 0;
  readonly #nextIndex = new Map<NodeId, number>();
  readonly #matchIndex = new Map<NodeId, number>();
  readonly #inFlight = new Set<NodeId>();
  readonly #waiting = new Map<string, (outcome: OutgoingBody) => void>();

  constructor(node: Node, variant: Variant) {
    this.#node = node;
    this.#variant = variant;
    for (const record of node.storage.of(Stored).readAll()) {
      if ("entry" in record) {
        this.#log.length = record.index - 1;
        this.#log.push(record.entry);
      } else {
        this.#term = record.term;
        this.#votedFor = record.votedFor;
      }
    }
    this.#storedIndex = this.#log.length;
    this.#resetElectionTimer();
    node.every(25, () => this.#tick());
    node.handle("request_vote", RequestVote, ({ src, body }) => this.#vote(src, body));
    node.handle("append_entries", AppendEntries, ({ body }) => this.#append(body));
    for (const type of Object.keys(this.#store)) {
      node.handle(type, Request, ({ body: { msg_id: _, ...request } }) => this.#execute(request));
    }
  }

  #execute(request: Request): Promise<OutgoingBody> {
    if (!this.#isLeader) throw new RpcError("temporarily-unavailable", "Not the leader");
    const id = this.#node.generateId();
    const { promise, resolve, reject } = Promise.withResolvers<OutgoingBody>();
    this.#waiting.set(id, resolve);
    this.#node.after(OUTCOME_LIMIT_MS, () => {
      this.#waiting.delete(id);
      reject(new RpcError("timeout", "Not committed in time"));
    });
    this.#write(this.#log.length + 1, { term: this.#term, id, request });
    this.#stored(() => this.#replicate());
    return promise;
  }

  #tick(): void {
    if (this.#isLeader || this.#node.nowMs() < this.#electionAtMs) return;
    this.#resetElectionTimer();
    this.#setTerm(this.#term + 1, this.#node.id);
    const term = this.#term;
    const lastLogIndex = this.#log.length;
    const body = {
      type: "request_vote",
      term,
      lastLogIndex,
      lastLogTerm: this.#termAt(lastLogIndex),
    };
    let votes = 0;
    const count = () => {
      votes++;
      if (votes === this.#majority && this.#term === term && !this.#isLeader) this.#lead();
    };
    this.#stored(() => {
      if (this.#term === term) count();
    });
    for (const peer of this.#node.peers) {
      this.#node.rpc(peer, body, Vote, (result) => {
        if (!result.ok) return;
        this.#notice(result.body.term);
        if (result.body.granted) count();
      });
    }
  }

  async #vote(candidate: NodeId, body: v.InferOutput<typeof RequestVote>) {
    this.#notice(body.term);
    const { term, lastLogIndex, lastLogTerm } = body;
    const ownTerm = this.#termAt(this.#log.length);
    const isUpToDate =
      lastLogTerm > ownTerm || (lastLogTerm === ownTerm && lastLogIndex >= this.#log.length);
    const isFree = this.#votedFor === null || this.#votedFor === candidate;
    const granted = term === this.#term && isFree && isUpToDate;
    if (granted) {
      this.#resetElectionTimer();
      this.#setTerm(term, candidate);
    }
    await synced(this.#node, this.#node.storage);
    return { type: "vote", term, granted };
  }

  #lead(): void {
    this.#isLeader = true;
    this.#node.sometimes(true, "a node is elected");
    for (const peer of this.#node.peers) {
      this.#nextIndex.set(peer, this.#log.length + 1);
      this.#matchIndex.set(peer, 0);
    }
    this.#inFlight.clear();
    const term = this.#term;
    const stop = this.#node.every(HEARTBEAT_MS, () => {
      if (this.#isLeader && this.#term === term) this.#replicate();
      else stop();
    });
    this.#stored(() => this.#replicate());
  }

  #replicate(): void {
    for (const peer of this.#node.peers) this.#sendTo(peer);
  }

  /** Sends the next entry, or a heartbeat, unless a message is on its way. */
  #sendTo(peer: NodeId): void {
    if (!this.#isLeader || this.#inFlight.has(peer)) return;
    this.#inFlight.add(peer);
    const term = this.#term;
    const prevLogIndex = (this.#nextIndex.get(peer) ?? 1) - 1;
    const entries = this.#log.slice(prevLogIndex, Math.min(prevLogIndex + 1, this.#storedIndex));
    const body = {
      ...{ type: "append_entries", term, prevLogIndex, prevLogTerm: this.#termAt(prevLogIndex) },
      ...{ entries, leaderCommit: this.#commitIndex },
    };
    this.#node.rpc(
      peer,
      body,
      Appended,
      (result) => {
        if (this.#term !== term || !this.#isLeader) return;
        this.#inFlight.delete(peer);
        if (!result.ok) return;
        this.#notice(result.body.term);
        if (!result.body.success) {
          this.#nextIndex.set(peer, Math.max(1, prevLogIndex));
          this.#sendTo(peer);
          return;
        }
        const matchIndex = prevLogIndex + entries.length;
        this.#matchIndex.set(peer, matchIndex);
        this.#nextIndex.set(peer, matchIndex + 1);
        this.#commitByCounting();
        if (matchIndex < this.#storedIndex) this.#sendTo(peer);
      },
      { timeoutMs: HEARTBEAT_MS },
    );
  }

  #commitByCounting(): void {
    const matches = [this.#storedIndex, ...this.#matchIndex.values()];
    const index = matches.toSorted((one, other) => other - one)[this.#majority - 1] ?? 0;
    // Only entries of the current term are committed by counting (§3.6.2): one of an earlier term may be on
    // a majority, and yet be overwritten by a leader whose last entry has a later term.
    if (this.#variant === "mended" && this.#termAt(index) !== this.#term) return;
    this.#commitTo(index);
  }

  async #append(body: v.InferOutput<typeof AppendEntries>) {
    const { term, prevLogIndex, prevLogTerm, entries, leaderCommit } = body;
    this.#notice(term);
    if (term < this.#term) return { type: "appended", term: this.#term, success: false };
    this.#resetElectionTimer();
    const success = this.#termAt(prevLogIndex) === prevLogTerm;
    if (success) {
      for (const [at, entry] of entries.entries()) {
        const index = prevLogIndex + 1 + at;
        if (this.#termAt(index) === entry.term) continue;
        this.#node.always(index > this.#commitIndex, "a committed entry is not replaced", {
          index,
        });
        this.#write(index, entry);
      }
      this.#commitTo(Math.min(leaderCommit, prevLogIndex + entries.length));
    }
    await synced(this.#node, this.#node.storage);
    return { type: "appended", term, success };
  }

  #commitTo(index: number): void {
    while (this.#commitIndex < index) {
      const entry = this.#log[this.#commitIndex];
      if (entry === undefined) return;
      this.#commitIndex++;
      const outcome = apply(this.#store, entry.request);
      this.#waiting.get(entry.id)?.(outcome);
      this.#waiting.delete(entry.id);
    }
  }

  /** Adopts a later term. */
  #notice(term: number): void {
    if (term > this.#term) this.#setTerm(term, null);
  }

  #setTerm(term: number, votedFor: NodeId | null): void {
    if (term > this.#term) this.#isLeader = false;
    this.#term = term;
    this.#votedFor = votedFor;
    this.#node.storage.of(Stored).append({ term, votedFor });
  }

  /** Puts an entry at an index, in place of all from there on. */
  #write(index: number, entry: Entry): void {
    this.#log.length = index - 1;
    this.#log.push(entry);
    this.#storedIndex = Math.min(this.#storedIndex, index - 1);
    this.#node.storage.of(Stored).append({ index, entry });
  }

  /** Calls back when everything written so far is on the disk. */
  #stored(callback: () => void): void {
    const { length } = this.#log;
    const term = this.#term;
    synced(this.#node, this.#node.storage).then(
      () => {
        if (this.#term !== term) return;
        this.#storedIndex = Math.max(this.#storedIndex, Math.min(length, this.#log.length));
        callback();
      },
      () => {},
    );
  }

  #termAt(index: number): number {
    return index === 0 ? 0 : (this.#log[index - 1]?.term ?? -1);
  }

  get #majority(): number {
    return Math.floor(this.#node.nodeIds.length / 2) + 1;
  }

  #resetElectionTimer(): void {
    const randomMs = this.#node.random() * ELECTION_MIN_MS;
    this.#electionAtMs = this.#node.nowMs() + ELECTION_MIN_MS + randomMs;
  }
}

export const SUBTLE_RAFT: readonly SubtleCase[] = [
  {
    bug: "commits entries of an earlier term by counting (Raft, figure 8)",
    workload: "lin-kv",
    make: textbookRaft,
    options: {
      nodeCount: 3,
      concurrency: 6,
      rate: 4,
      timeLimitS: 30,
      recoveryS: 3,
      nemesis: ["kill", "partition", "pause"],
      nemesisIntervalS: 1,
      latency: { meanMs: 5, distribution: "exponential" },
    },
    shows: "a committed entry is not replaced",
    seed: 280,
  },
];
