/**
 * Decides what to send to which node, and when. `../broadcast.ts` explains the algorithm.
 *
 * This is a state machine without network and clock: calls say what happened and at what time,
 * {@link Gossiper.step} returns the messages to send.
 */
import type { Node, NodeId } from "../../lib/vortex/index.ts";
import { Cycle } from "./cycle.ts";
import { JsonSet } from "./json-set.ts";
import { ASK_MS, Membership, type Role } from "./membership.ts";
import type { Eager, Gossip, Outgoing, OutgoingGossip } from "./messages.ts";
import { OriginLog, type Run } from "./origin-log.ts";
import { PeerState } from "./peer-state.ts";

export interface GossiperOptions {
  readonly id: NodeId;
  /** All nodes in the order that ranks them, the same on every node. */
  readonly nodeIds: readonly NodeId[];
  /** Names this start of the node; unique across all nodes and all their restarts. */
  readonly incarnation: string;
  /** Length of the cycle in ms; 0 sends values to every node at once. */
  readonly flushMs: number;
  readonly nowMs: number;
  /** The node, which counts the situations that this gossiper gets into. */
  readonly node?: Pick<Node, "sometimes">;
}

const UNOBSERVED: Pick<Node, "sometimes"> = { sometimes() {} };

/** The part of a message that depends on its occasion. */
type Content = Pick<OutgoingGossip, "ask" | "end" | "have" | "news">;

/** The result of a step. */
export interface Step {
  /** Messages to send, in order. */
  readonly messages: Outgoing[];
  /** Latest time for the next {@link Gossiper.step}, in ms; infinite when the node is at rest. */
  readonly nextStepMs: number;
}

/**
 * One node's part in the broadcast. Call {@link step} after every other call, and again at the time
 * that it returns.
 */
export class Gossiper {
  /** Every value to show to clients. */
  readonly values = new JsonSet();
  readonly #log = new OriginLog(this.values);
  readonly #incarnation: string;
  readonly #node: Pick<Node, "sometimes">;
  readonly #cycle: Cycle;
  readonly #peers: readonly PeerState[];
  readonly #peerOf: ReadonlyMap<NodeId, PeerState>;
  readonly #membership: Membership;
  /** This node's values that every node is to be sent at once. */
  readonly #eager: unknown[] = [];
  readonly #outgoing: Outgoing[] = [];
  /** Whether the last step found nothing to do, now or later, and nothing happened since. */
  #isAtRest = false;

  constructor({ id, nodeIds, incarnation, flushMs, nowMs, node = UNOBSERVED }: GossiperOptions) {
    this.#incarnation = incarnation;
    this.#node = node;
    this.#cycle = new Cycle(flushMs);
    const rank = nodeIds.indexOf(id);
    const shared = { log: this.#log, cycle: this.#cycle };
    this.#peers = nodeIds.flatMap((peer, peerRank) =>
      peer === id ? [] : [new PeerState({ id: peer, isSenior: peerRank < rank, ...shared })],
    );
    this.#peerOf = new Map(this.#peers.map((peer) => [peer.id, peer]));
    this.#membership = new Membership(this.#peers, nowMs);
  }

  /** New values as a run of this incarnation, to be {@link restore}d once they are stored. */
  nextRun(values: readonly unknown[]): Run {
    return [this.#incarnation, this.#log.countOf(this.#incarnation), ...values];
  }

  /** Whether this node may not send yet. */
  isMuted(nowMs: number): boolean {
    return nowMs < this.#membership.mutedUntilMs;
  }

  /** Allows sending: a message arrived, so the other nodes run too. */
  unmute(nowMs: number): void {
    this.#membership.unmute(nowMs);
  }

  /** Takes in a value from a client. */
  add(value: unknown): void {
    // Values that arrived eagerly are in the set before they are in the log.
    if (!this.#cycle.isDirect && this.values.has(value)) return;
    this.restore(this.nextRun([value]));
    this.sendEagerly([value]);
  }

  /** Takes in values that this node has stored, in this incarnation or an earlier one. */
  restore(run: Run): void {
    this.#isAtRest = false;
    this.#log.merge(run, this.#incarnation);
  }

  /** With `flushMs` 0, sends values to every node at the next step. */
  sendEagerly(values: readonly unknown[]): void {
    if (this.#cycle.isDirect) this.#eager.push(...values);
  }

  /** Takes in values that a peer has sent eagerly: they are shown, and enter the log later. */
  deliverEagerly({ values }: Eager): void {
    for (const value of values) this.values.add(value);
  }

  /** Takes in a message from a peer. */
  receive(src: NodeId, message: Gossip, nowMs: number): void {
    const peer = this.#peerOf.get(src);
    if (peer === undefined) return;
    this.#isAtRest = false;
    if (peer.incarnation !== message.from) {
      this.#node.sometimes(peer.incarnation !== undefined, "a peer has restarted");
      peer.restart(message.from);
    }
    const { sync, timing, liveness } = peer;

    const isForThis = message.to === this.#incarnation;
    if (isForThis) this.#receiveAnswer(peer, message, nowMs);
    if (timing.noteMessage(message.at, message.next, nowMs)) {
      liveness.wantsService = message.serve === true;
    }

    const news = message.news ?? [];
    if (news.length > 0) this.#cycle.noteNews(message.waited ?? 0, nowMs);
    const isComplete = news.map((run) => this.#log.merge(run, message.from)).every(Boolean);
    if (isForThis && message.end !== undefined) {
      // The message starts where this node said it was, even if this node has forgotten saying so:
      // a late message from an earlier incarnation of the peer makes it forget.
      if (isComplete) sync.receive(message.end);
      if (news.length > 0) timing.oweAck(nowMs);
    }

    if (message.have !== undefined) {
      this.#membership.noteRecovery();
      sync.compare(new Map(message.have));
      // The peer has just met this node and waits to learn that it was understood.
      if (news.length > 0) timing.hurryAck();
    }
    this.#node.sometimes(!isComplete, "news overtakes earlier news");
    const isForEarlier = message.to !== undefined && !isForThis;
    this.#node.sometimes(isForEarlier, "a message is for this node before its restart");
    if (message.ask) this.#send(peer, nowMs, { isAnswer: true });
    else if (isForEarlier || (isForThis && !isComplete)) {
      if (nowMs >= liveness.askedMs + ASK_MS) this.#ask(peer, nowMs);
    }
  }

  /** Decides what to send now. */
  step(nowMs: number): Step {
    let nextStepMs = this.#membership.mutedUntilMs;
    if (!this.isMuted(nowMs)) {
      this.#sendEager();
      nextStepMs = this.#sendDue(nowMs);
    }
    this.#isAtRest = nextStepMs === Number.POSITIVE_INFINITY;
    return { messages: this.#outgoing.splice(0), nextStepMs };
  }

  /** Invariants by name; each holds after every call. */
  get invariants(): ReadonlyMap<string, () => boolean> {
    return new Map([
      [
        "acknowledged ≤ settled ≤ sent ≤ length of the log",
        () => this.#peers.every(({ sync }) => sync.isOrdered()),
      ],
      [
        "news waits for one cycle at most",
        () => this.#peers.every(({ timing }) => timing.isPrompt()),
      ],
      ["a node at rest has passed everything on", () => !this.#isAtRest || this.#hasPassedAllOn()],
    ]);
  }

  /** Invariant between nodes: a peer holds every value that this node counts as settled with it. */
  isSettledWith(id: NodeId, peer: Gossiper): boolean {
    const state = this.#peerOf.get(id);
    return state?.incarnation !== peer.#incarnation || state.sync.isSettledIn(peer.#log);
  }

  /** Whether the nodes that this one is responsible for hold its whole log. */
  #hasPassedAllOn(): boolean {
    const parent = this.#membership.parent();
    return this.#peers.every((peer) => {
      const isResponsible =
        parent === undefined || peer === parent || (peer.isSenior && peer.liveness.isLost);
      return !isResponsible || !peer.sync.hasUnsettled();
    });
  }

  /** Sends each peer what is due; returns when to look again at the latest, in ms. */
  #sendDue(nowMs: number): number {
    const parent = this.#membership.parent();
    const isBatchDue = this.#cycle.dueMs <= nowMs;
    const batch: PeerState[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    let strangers = 0;
    for (const peer of this.#peers) {
      if (peer.incarnation === undefined) strangers++;
      const role = this.#membership.roleOf(peer, parent);
      if (role !== "other") this.#noteSilence(peer, role, nowMs);
      if (role === "child" && isBatchDue && hasForBatch(peer)) {
        batch.push(peer);
        continue;
      }
      const dueMs = this.#dueMs(peer, role, { isHub: parent === undefined, strangers, nowMs });
      const ackMs = role === "child" ? Number.POSITIVE_INFINITY : peer.timing.ackMs;
      if (dueMs <= nowMs || (role === "parent" && ackMs <= nowMs)) {
        this.#send(peer, nowMs);
        // Another message may be due at once, for another reason.
        nextMs = Math.min(nextMs, nowMs + 1);
      } else if (ackMs <= nowMs) {
        // Without news: two nodes that are neither parent nor child of each other would otherwise
        // keep acknowledging, each time with news that needs an acknowledgement.
        this.#push(peer, nowMs, {});
        nextMs = Math.min(nextMs, dueMs);
      } else {
        nextMs = Math.min(nextMs, dueMs, ackMs);
      }
    }
    if (batch.length > 0) {
      this.#cycle.begin(nowMs);
      for (const peer of batch) this.#send(peer, nowMs);
      nextMs = Math.min(nextMs, nowMs + this.#cycle.lengthMs);
    }
    return nextMs;
  }

  /** Time to send a peer news, a repetition or a question, in ms. */
  #dueMs(
    peer: PeerState,
    role: Role,
    { isHub, strangers, nowMs }: { isHub: boolean; strangers: number; nowMs: number },
  ): number {
    const { sync, timing, liveness } = peer;
    if (!peer.canSync) {
      if (role === "parent") return this.#membership.parentQuestionMs(peer);
      if (isHub) return this.#membership.childQuestionMs(peer, strangers);
      const isMissed = liveness.isLost && peer.isSenior && sync.hasUnsettled();
      return isMissed ? this.#membership.lostQuestionMs(peer) : Number.POSITIVE_INFINITY;
    }
    let dueMs = Number.POSITIVE_INFINITY;
    if (role === "other") return dueMs;
    if (role === "child" && hasForBatch(peer)) dueMs = this.#cycle.dueMs;
    if (role === "parent" && sync.hasUnsent()) dueMs = timing.plan(nowMs);
    return sync.hasInFlight() ? Math.min(dueMs, timing.repeatMs) : dueMs;
  }

  #noteSilence({ liveness, timing }: PeerState, role: Role, nowMs: number): void {
    const limitMs = role === "parent" ? 2 * timing.answerMs : timing.childAnswerMs;
    if (!liveness.noteSilence(limitMs, nowMs)) return;
    timing.replan();
    this.#node.sometimes(role === "parent", "a node loses its parent");
    this.#node.sometimes(role === "child", "a node loses a child");
  }

  #receiveAnswer({ sync, liveness, timing }: PeerState, message: Gossip, nowMs: number): void {
    liveness.knowsThis = true;
    const { echo, seen } = message;
    if (echo !== undefined) {
      const [at, heldMs] = echo;
      timing.noteEcho(at, heldMs, nowMs);
      sync.noteEcho(at);
      const isBack = liveness.noteEcho(at);
      this.#node.sometimes(isBack, "a lost peer is back");
      if (isBack) sync.rewind();
    }
    if (seen !== undefined) sync.acknowledge(seen);
  }

  /**
   * Sends this node's new values to every node, to be shown at once. The hub makes sure that they
   * arrive, so nothing here is repeated or acknowledged.
   */
  #sendEager(): void {
    const values = this.#eager.splice(0);
    if (values.length === 0) return;
    const parent = this.#membership.parent();
    for (const peer of this.#peers) {
      // The parent receives them as news, without delay.
      if (peer === parent && peer.canSync) continue;
      this.#outgoing.push({ dest: peer.id, body: { type: "eager", values } });
    }
  }

  /** Sends a peer what it lacks, or asks what it holds if that is unknown. */
  #send(peer: PeerState, nowMs: number, { isAnswer = false } = {}): void {
    if (!peer.canSync && !isAnswer) {
      this.#ask(peer, nowMs);
      return;
    }
    const { end, news } = peer.sync.next(nowMs);
    this.#push(peer, nowMs, {
      end,
      ...(isAnswer ? { have: this.#log.counts() } : {}),
      ...(news.length > 0 ? { news } : {}),
    });
    if (news.length > 0) peer.liveness.expectAnswer(nowMs);
    // The message introduces this node, so a question can wait.
    if (!peer.liveness.knowsThis) peer.liveness.askedMs = nowMs;
  }

  /** Asks a peer what it holds, and sends the values that no peer has acknowledged along. */
  #ask(peer: PeerState, nowMs: number): void {
    const acked = Math.max(0, ...this.#peers.map(({ sync }) => sync.acked ?? 0));
    const news = peer.sync.nextOf(this.#incarnation, acked, nowMs);
    this.#push(peer, nowMs, { ask: true, have: this.#log.counts(), news });
    peer.liveness.askedMs = nowMs;
    peer.liveness.expectAnswer(nowMs);
  }

  #push({ id, incarnation, sync, timing }: PeerState, nowMs: number, content: Content): void {
    const { received } = sync;
    const echo = timing.echo(nowMs);
    const nextMs = Math.round(this.#cycle.untilNextMs(nowMs));
    const waitedMs = timing.waitedMs(nowMs);
    const parent = this.#membership.parent();
    this.#outgoing.push({
      dest: id,
      body: {
        type: "gossip",
        from: this.#incarnation,
        ...(incarnation === undefined ? {} : { to: incarnation }),
        ...(received === undefined ? {} : { seen: received }),
        ...(echo === undefined ? {} : { echo }),
        at: Math.floor(nowMs),
        ...(nextMs > 0 ? { next: nextMs } : {}),
        ...(waitedMs === undefined ? {} : { waited: waitedMs }),
        ...(parent === undefined || parent.id === id ? { serve: true } : {}),
        ...content,
      },
    });
    timing.noteSent(nowMs);
  }
}

/** Whether the next batch has something for a peer. */
function hasForBatch({ canSync, sync, timing }: PeerState): boolean {
  return canSync && (sync.hasUnsent() || timing.owesAck);
}
