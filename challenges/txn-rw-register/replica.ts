/**
 * One node's replica of the registers, and the replication of its transactions. No network, no clock.
 *
 * A node sends its own transactions to every peer until the peer has acknowledged them. When a node
 * restarts, or counts as dead, each peer that may have transactions of it takes over: it sends a snapshot of
 * its registers to all other nodes, because it may be the only one that has them.
 */
import { chunks, type JsonInteger, type Node, type NodeId } from "../../lib/vortex/index.ts";
import { MAX_LENGTH } from "./limits.ts";
import { Log, type Transaction } from "./log.ts";
import type { News, Replicate } from "./messages.ts";
import { Progress } from "./progress.ts";
import { lengthOf, Registers, type Version, type Write } from "./registers.ts";
import { OutgoingSnapshot } from "./snapshot.ts";

interface ReplicaOptions {
  /** A name that no other start of any node has. */
  readonly incarnation: string;
  readonly peers: readonly NodeId[];
  /** Length of the writes in one message, in characters; approximate. */
  readonly maxLength?: number | undefined;
  /** The node, which counts the situations that this replica gets into. */
  readonly node?: Pick<Node, "sometimes"> | undefined;
}

const UNOBSERVED: Pick<Node, "sometimes"> = { sometimes() {} };

export class Replica {
  readonly #incarnation: string;
  readonly #maxLength: number;
  readonly #node: Pick<Node, "sometimes">;
  readonly #registers = new Registers();
  readonly #log = new Log();
  readonly #peers: Map<NodeId, Progress>;
  #clock = 1;
  /** How many snapshots of several pages this node has made. */
  #snapshotCount = 0;

  constructor({ incarnation, peers, maxLength = MAX_LENGTH, node = UNOBSERVED }: ReplicaOptions) {
    this.#node = node;
    this.#incarnation = incarnation;
    this.#maxLength = maxLength;
    this.#peers = new Map(peers.map((peer) => [peer, new Progress()]));
  }

  read(key: JsonInteger): JsonInteger | null {
    return this.#registers.read(key);
  }

  /** Writes registers in one step, under one stamp. */
  commit(writes: Write[]): void {
    if (writes.length === 0) return;
    const transaction: Transaction = [++this.#clock, writes];
    this.#registers.merge(versionsOf(transaction, this.#incarnation));
    this.#log.append(transaction);
    this.#trimLog();
  }

  /** The clock of the last transaction that this node has committed. */
  get lastCommitted(): number {
    return this.#log.lastClock;
  }

  /** The clock up to which at least one other node has this node's transactions. */
  get replicatedUpTo(): number {
    if (this.#peers.size === 0) return this.#log.lastClock;
    return Math.max(...[...this.#peers.values()].map(({ acked }) => acked));
  }

  /** Whether a peer needs a message. */
  isDue(id: NodeId): boolean {
    const peer = this.#progressOf(id);
    return peer.owesAck || (peer.inFlight === undefined && peer.lacksNews(this.#log));
  }

  /** Whether a message to a peer waits for its acknowledgement. */
  isInFlight(id: NodeId): boolean {
    return this.#progressOf(id).inFlight !== undefined;
  }

  /** Returns the message that a peer needs, if any; it counts as sent. */
  message(to: NodeId): Replicate | undefined {
    if (!this.isDue(to)) return undefined;
    const peer = this.#progressOf(to);
    const news = this.#newsFor(peer);
    if (news !== undefined) peer.inFlight = news.upTo ?? 0;
    peer.owesAck = false;
    const pageAck = peer.incoming.ack;
    return {
      from: this.#incarnation,
      ...(peer.incarnation === undefined ? {} : { to: peer.incarnation }),
      ack: peer.received,
      ...(pageAck === undefined ? {} : { pageAck }),
      wantsAck: news !== undefined,
      ...news,
    };
  }

  /** Takes in that a peer has not acknowledged the last message in time. */
  timeOut(id: NodeId): void {
    const peer = this.#progressOf(id);
    const isDead = peer.timeOut();
    this.#node.sometimes(isDead && peer.received > 0, "a peer is given up, and taken over");
    if (isDead && peer.received > 0) this.#takeOver(peer);
  }

  /** Takes in a message from a peer. */
  receive(src: NodeId, message: Replicate): void {
    if (message.from !== this.#progressOf(src).incarnation) this.#meet(src, message.from);
    const peer = this.#progressOf(src);
    // A message to an earlier incarnation of this node builds on what that one had.
    const isForThis = message.to === this.#incarnation;
    const isForEarlier = message.to !== undefined && !isForThis;
    this.#node.sometimes(isForEarlier, "a message is for this node before its restart");
    if (isForThis) this.#merge(peer, message);
    peer.owesAck ||= message.wantsAck || !isForThis;
  }

  /** Invariants by name; each holds after every call. */
  get invariants(): ReadonlyMap<string, () => boolean> {
    const registers = this.#registers;
    return new Map([
      ["the stamp of a register never goes back", () => registers.isMonotonic],
      ["the clock is not behind any stamp", () => registers.latestClock <= this.#clock],
      ["the log is bounded, and starts after what was dropped", () => this.#log.isBounded],
      [
        "what is acknowledged to a peer is in the registers",
        () => this.#everyPeer((peer) => peer.isReceivedIn(registers)),
      ],
      [
        "a snapshot is held back only while it lacks pages",
        () => this.#everyPeer(({ incoming }) => incoming.isIncomplete),
      ],
    ]);
  }

  /** Invariant between nodes: a peer has all transactions of this node that it has acknowledged. */
  isReplicatedTo(id: NodeId, peer: Replica): boolean {
    const { incarnation, acked } = this.#progressOf(id);
    if (incarnation !== peer.#incarnation) return true;
    return [...this.#registers.all()].every((version) => {
      const [, , clock, writer] = version;
      const isAcked = writer === this.#incarnation && clock <= acked;
      return !isAcked || peer.#registers.covers(version);
    });
  }

  #progressOf(id: NodeId): Progress {
    const progress = this.#peers.get(id);
    if (progress === undefined) throw new Error(`"${id}" is not a peer`);
    return progress;
  }

  #everyPeer(holds: (peer: Progress) => boolean): boolean {
    for (const peer of this.#peers.values()) if (!holds(peer)) return false;
    return true;
  }

  /** Starts from nothing with a new incarnation of a peer. */
  #meet(id: NodeId, incarnation: string): void {
    const isRestart = this.#progressOf(id).incarnation !== undefined;
    this.#peers.set(id, new Progress(incarnation));
    // The earlier incarnation may have sent its transactions to this node only.
    this.#node.sometimes(isRestart, "a peer has restarted, and is taken over");
    if (isRestart) this.#takeOver();
  }

  /** Sends all registers to all peers that are not dead. */
  #takeOver(dead?: Progress): void {
    this.#clock++;
    for (const peer of this.#peers.values()) {
      if (peer !== dead) peer.needsSnapshotOf = this.#clock;
    }
  }

  #merge(peer: Progress, message: Replicate): void {
    const { from, upTo = 0, transactions = [], snapshot = [], page } = message;
    const registers = page === undefined ? snapshot : peer.incoming.receive(page, snapshot);
    const versions = transactions.flatMap((transaction) => versionsOf(transaction, from));
    for (const version of registers ?? []) versions.push(version);
    this.#registers.merge(versions);
    this.#clock = Math.max(this.#clock, this.#registers.latestClock);
    // Every message brings what the ones before it did, so that they may overtake each other. A page
    // does not: it counts once all pages have arrived.
    peer.receive(versions, registers === undefined ? 0 : upTo);
    peer.acknowledge(message);
    this.#trimLog();
  }

  #newsFor(peer: Progress): News | undefined {
    if (!peer.lacksNews(this.#log)) return undefined;
    switch (peer.modeFor(this.#log)) {
      case "probe":
        return {};
      case "replicate":
        return this.#transactionsFor(peer);
      case "snapshot":
        // Registers may be many: they are not repeated before a time-out.
        return peer.inFlight === undefined ? this.#snapshotFor(peer) : undefined;
    }
  }

  #transactionsFor({ acked }: Progress): News {
    const transactions = this.#log.after(acked, this.#maxLength);
    const [last] = transactions.at(-1) ?? [this.#log.lastClock];
    // With the last transaction, the peer has everything up to now.
    return { upTo: last === this.#log.lastClock ? this.#clock : last, transactions };
  }

  #snapshotFor(peer: Progress): News {
    const upTo = this.#clock;
    if (peer.outgoing === undefined) {
      const pages = [...chunks(this.#registers.all(), this.#maxLength, lengthOf)];
      this.#node.sometimes(pages.length > 1, "a snapshot takes several pages");
      if (pages.length <= 1) return { upTo, snapshot: pages[0] ?? [] };
      peer.outgoing = new OutgoingSnapshot(++this.#snapshotCount, upTo, pages);
    }
    const { versions, page } = peer.outgoing.next();
    return { upTo: peer.outgoing.upTo, snapshot: versions, page };
  }

  /** Drops the transactions that all peers have. */
  #trimLog(): void {
    let upTo = this.#log.lastClock;
    for (const { acked } of this.#peers.values()) upTo = Math.min(upTo, acked);
    this.#log.drop(upTo);
  }
}

function versionsOf([clock, writes]: Transaction, writer: string): Version[] {
  return writes.map(([key, value]) => [key, value, clock, writer]);
}
