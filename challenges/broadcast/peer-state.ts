import type { NodeId } from "../../lib/vortex/index.ts";
import type { Cycle } from "./cycle.ts";
import { Liveness } from "./liveness.ts";
import type { OriginLog } from "./origin-log.ts";
import { Sync } from "./sync.ts";
import { Timing } from "./timing.ts";

interface PeerOptions {
  readonly id: NodeId;
  /** Whether the peer comes before this node in `init`'s list. */
  readonly isSenior: boolean;
  readonly log: OriginLog;
  readonly cycle: Cycle;
}

/**
 * Everything a node assumes about one incarnation of a peer. A new incarnation starts from nothing.
 *
 * Three parts, each with its own invariants:
 *
 * - `sync`: how much of this node's log the peer holds. *Acknowledged ≤ settled ≤ sent ≤ length of
 *   the log*; and the peer's log really holds everything settled, whatever was lost on the way.
 * - `liveness`: whether it answers. *Answering, awaited or lost*, and only an echo of a later message
 *   leads back to answering.
 * - `timing`: when to send. *News waits for one cycle at most*, whatever the estimates say.
 */
export class PeerState {
  readonly id: NodeId;
  readonly isSenior: boolean;
  readonly #log: OriginLog;
  readonly #cycle: Cycle;
  /** `undefined` before the first message from the peer. */
  incarnation: string | undefined;
  sync: Sync;
  liveness = new Liveness();
  timing: Timing;

  constructor({ id, isSenior, log, cycle }: PeerOptions) {
    this.id = id;
    this.isSenior = isSenior;
    this.#log = log;
    this.#cycle = cycle;
    this.sync = new Sync(log, undefined);
    this.timing = new Timing(cycle);
  }

  /** Drops all state: this is the first message from a new incarnation. */
  restart(incarnation: string): void {
    this.incarnation = incarnation;
    this.sync = new Sync(this.#log, incarnation);
    this.liveness = new Liveness();
    this.timing = new Timing(this.#cycle);
  }

  /** Whether this node can work out what the peer lacks. */
  get canSync(): boolean {
    const { sync, liveness } = this;
    if (liveness.isLost || !sync.hasMet) return false;
    // A parent must have addressed this incarnation too, otherwise it would send it nothing: what
    // came from it may have been meant for an earlier incarnation.
    return sync.acked !== undefined || liveness.knowsThis || !this.isSenior;
  }
}
