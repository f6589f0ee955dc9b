/**
 * Reads that wait to be served from the leader's state, without an entry in the log.
 *
 * A read is served once
 * - the state machine has applied all entries that the leader's log held when the read arrived. The
 *   commit index is not enough, as it is in the thesis: a follower may have counted an entry as
 *   committed, and replied to its client, before the leader has; and
 * - the node is known to have been the leader after the read arrived: by its lease (§6.4.1), or by
 *   replies of a majority to a round of heartbeats that began since (read index, §6.4).
 */

/** A read, named by its caller. */
interface PendingRead {
  readonly id: number;
  readonly index: number;
  readonly round: number;
}

export class PendingReads {
  #reads: PendingRead[] = [];

  add(id: number, index: number, round: number): void {
    this.#reads.push({ id, index, round });
  }

  /** Removes and returns the reads that may be served. */
  take(commitIndex: number, hasLease: boolean, confirmedRound: number): number[] {
    if (this.#reads.length === 0) return [];
    const isReady = ({ index, round }: PendingRead) =>
      index <= commitIndex && (hasLease || round <= confirmedRound);
    const ready = this.#reads.filter(isReady);
    if (ready.length > 0) this.#reads = this.#reads.filter((read) => !isReady(read));
    return ready.map(({ id }) => id);
  }

  /** Whether a read waits for a round after this one. */
  needsRoundAfter(round: number): boolean {
    return this.#reads.some((read) => read.round > round);
  }

  takeAll(): number[] {
    return this.#reads.splice(0).map(({ id }) => id);
  }
}
