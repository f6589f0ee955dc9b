import { DEAD_AFTER_TIMEOUTS } from "./limits.ts";
import type { Log } from "./log.ts";
import type { Replicate } from "./messages.ts";
import type { Registers, Version } from "./registers.ts";
import { IncomingSnapshots, type OutgoingSnapshot } from "./snapshot.ts";

/**
 * Replication between a node and one incarnation of a peer: what the peer has acknowledged, what is in
 * flight to it, and what has arrived from it. `Progress` of etcd raft is the model.
 */
export class Progress {
  /** `undefined` before the first message from the peer. */
  readonly incarnation: string | undefined;
  /** The peer has this node's transactions up to this clock. */
  acked = 0;
  /** The peer lacks a snapshot until it acknowledges this clock. */
  needsSnapshotOf = 1;
  /** The clock to be acknowledged of the last message that wanted it; 0 after a probe. */
  inFlight: number | undefined;
  /** The snapshot that is being sent, if it has several pages. */
  outgoing: OutgoingSnapshot | undefined;
  /** This node has the peer's transactions up to this clock. */
  received = 0;
  readonly incoming = new IncomingSnapshots();
  /** Whether the peer waits for an acknowledgement. */
  owesAck = false;
  /** Whether the peer answers: no message to it has timed out since its last one. */
  #isActive: boolean;
  /** Time-outs since the peer's last message. */
  #timeouts = 0;
  /** The last version that arrived from the peer, as a sample. */
  #lastVersion: Version | undefined;

  /** @param incarnation Present if the peer has just sent its first message. */
  constructor(incarnation?: string) {
    this.incarnation = incarnation;
    this.#isActive = incarnation !== undefined;
  }

  /** Invariant: the registers contain what this node has acknowledged to the peer; tests a sample. */
  isReceivedIn(registers: Registers): boolean {
    return this.#lastVersion === undefined || registers.covers(this.#lastVersion);
  }

  /** Whether the peer lacks anything. */
  lacksNews(log: Log): boolean {
    return this.acked < log.lastClock || this.#lacksSnapshot(log);
  }

  /**
   * Mode in which to send what the peer lacks.
   *
   * - `probe`: ask for an acknowledgement only. The peer may be unreachable, and lack much.
   * - `replicate`: send all transactions that it has not acknowledged.
   * - `snapshot`: send all registers, one page at a time.
   */
  modeFor(log: Log): "probe" | "replicate" | "snapshot" {
    if (!this.#isActive) return "probe";
    return this.outgoing !== undefined || this.#lacksSnapshot(log) ? "snapshot" : "replicate";
  }

  /** Takes in the acknowledgements in a message. */
  acknowledge({ ack, pageAck }: Replicate): void {
    this.#isActive = true;
    this.#timeouts = 0;
    this.acked = Math.max(this.acked, ack);
    if (this.inFlight !== undefined && this.acked >= this.inFlight) this.inFlight = undefined;
    const { outgoing } = this;
    if (outgoing === undefined) return;
    if (this.acked >= outgoing.upTo) this.outgoing = undefined;
    if (pageAck !== undefined && outgoing.acknowledge(pageAck)) this.inFlight = undefined;
  }

  /** Takes in versions that are merged, and the clock up to which they complete the peer's transactions. */
  receive(versions: readonly Version[], upTo: number): void {
    this.received = Math.max(this.received, upTo);
    this.#lastVersion = versions.at(-1) ?? this.#lastVersion;
  }

  /** Takes in that the peer has not acknowledged in time; returns whether it counts as dead now. */
  timeOut(): boolean {
    this.inFlight = undefined;
    this.#isActive = false;
    return ++this.#timeouts === DEAD_AFTER_TIMEOUTS;
  }

  #lacksSnapshot(log: Log): boolean {
    return this.acked < this.needsSnapshotOf || this.acked < log.droppedUpTo;
  }
}
