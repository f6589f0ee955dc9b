/**
 * Membership: which peer this node reports to, which peers it serves, and when to ask the others.
 *
 * **Roles.** A node's parent is the first node before it, in the order of `init`, that is not lost.
 * A node without a parent is a hub and serves every peer; others serve the peers that want it. Every
 * node decides this alone, so two hubs may exist for a while, which costs messages only.
 *
 * **Starting.** A new node sends nothing for `MUTE_MS`, because its peers may not run yet; any
 * message ends that. A hub that restarts with nothing asks one peer, then two, then four, so that it
 * does not receive everything from all of them.
 *
 * **Asking.** A peer that does not answer is asked every `ASK_MS`, and sooner, with exponential
 * back-off, by a child that has news for it.
 */
import type { PeerState } from "./peer-state.ts";
import { SOON_MS } from "./timing.ts";

/** Time between two questions to a peer that does not answer, in ms. */
export const ASK_MS = 400;
/** How long a node stays mute after its start, in ms. */
const MUTE_MS = 500;

/** Role of a peer, as a node sees it. */
export type Role = "parent" | "child" | "other";

export class Membership {
  readonly #peers: readonly PeerState[];
  readonly #startMs: number;
  #mutedUntilMs: number;
  /** Whether any peer has said what it holds; before that, a restarted node is empty. */
  #isRecovered = false;

  /** @param peers All other nodes, in the order of `init`. */
  constructor(peers: readonly PeerState[], nowMs: number) {
    this.#peers = peers;
    this.#startMs = nowMs;
    this.#mutedUntilMs = nowMs + MUTE_MS;
  }

  /** Time from which this node may send messages, in ms. */
  get mutedUntilMs(): number {
    return this.#mutedUntilMs;
  }

  /** Ends the silence after the start: the other nodes run too. */
  unmute(nowMs: number): void {
    this.#mutedUntilMs = Math.min(this.#mutedUntilMs, nowMs);
  }

  /** Ends the slow start: a peer has said what it holds. */
  noteRecovery(): void {
    this.#isRecovered = true;
  }

  /** The first node before this one that is not lost; `undefined` makes this node a hub. */
  parent(): PeerState | undefined {
    const peer = this.#peers.find(({ liveness }) => !liveness.isLost);
    return peer?.isSenior ? peer : undefined;
  }

  /** @param parent This node's parent. */
  roleOf(peer: PeerState, parent: PeerState | undefined): Role {
    if (peer === parent) return "parent";
    return parent === undefined || peer.liveness.wantsService ? "child" : "other";
  }

  /** Time to ask a parent that this node cannot synchronise with, in ms. */
  parentQuestionMs({ incarnation, sync, liveness }: PeerState): number {
    const againMs = liveness.askedMs + ASK_MS;
    if (sync.hasUnsent()) {
      // Questions carry this node's own news, which need not wait for an answer.
      const backOffMs = Math.max(SOON_MS, liveness.askingForMs);
      return Math.min(againMs, liveness.askedMs + backOffMs);
    }
    return incarnation === undefined ? Math.max(againMs, this.#mutedUntilMs) : againMs;
  }

  /**
   * Time for a hub to ask a peer that it cannot synchronise with, in ms.
   *
   * @param strangers Number of peers up to this one that have never sent a message.
   */
  childQuestionMs({ incarnation, sync, liveness }: PeerState, strangers: number): number {
    const againMs = liveness.askedMs + ASK_MS;
    if (incarnation === undefined) {
      const waves = this.#isRecovered ? 1 : 32 - Math.clz32(strangers);
      return Math.max(againMs, this.#startMs + waves * MUTE_MS);
    }
    return sync.hasMet && !sync.hasUnsettled() ? Number.POSITIVE_INFINITY : againMs;
  }

  /**
   * Time to ask a lost peer that ranks before this node, in ms. Its parent asks it too, but may die
   * first. All nodes together ask about as often as one parent does.
   */
  lostQuestionMs({ liveness }: PeerState): number {
    return liveness.askedMs + ASK_MS * this.#peers.length;
  }
}
