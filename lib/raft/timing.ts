/** The intervals of the protocol. */

export interface Timing {
  /** A leader sends each follower a message at least this often, in ms. */
  readonly heartbeatMs: number;
  /**
   * A follower does not vote for others within this time of a message from its leader, in ms. It stands
   * for election after a random time from here to `electionMaxMs`.
   */
  readonly electionMinMs: number;
  readonly electionMaxMs: number;
  /**
   * Whether a leader serves reads by its lease, without asking its followers. It assumes that within
   * `electionMinMs` no clock runs faster than another by more than a tenth. A clock that stands still
   * while its node is paused would break the lease; a monotonic clock does not.
   */
  readonly hasLease: boolean;
}

/** The fraction of `electionMinMs` for which a majority's replies make a lease. */
const LEASE_FRACTION = 0.9;

/**
 * Idle, 3 nodes exchange 4 messages per heartbeat, 9 a second. When the leader dies, one of the others
 * notices after 0.6 to 1 s, the first of two after 0.73 s on average; less if the last heartbeat is
 * older.
 */
export const DEFAULT_TIMING: Timing = {
  heartbeatMs: 450,
  electionMinMs: 600,
  electionMaxMs: 1000,
  hasLease: true,
};

/** @throws {RangeError} when followers might stand for election between two heartbeats. */
export function requireTiming({ heartbeatMs, electionMinMs, electionMaxMs }: Timing): void {
  const isOrdered =
    heartbeatMs > 0 && heartbeatMs < electionMinMs && electionMinMs <= electionMaxMs;
  if (isOrdered && Number.isFinite(electionMaxMs)) return;
  throw new RangeError(
    `Must be 0 < heartbeatMs < electionMinMs <= electionMaxMs, but is ${heartbeatMs}, ${electionMinMs}, ${electionMaxMs}`,
  );
}

/** How long after its sending a message that a majority has replied to protects the leader, in ms. */
export function leaseMs({ electionMinMs }: Timing): number {
  return electionMinMs * LEASE_FRACTION;
}
