/** Arrivals of broadcast values at nodes. */
import type { PropagatedValue, Propagation } from "../../recorder/run-data.ts";
import type { Run } from "./run.ts";

export interface Arrival {
  readonly lane: number;
  /** Ticks since the broadcast. */
  readonly after: number;
  /** Row of the message; -1 if it came from a client. */
  readonly message: number;
}

export function arrivalsOf(run: Run, { first, count }: PropagatedValue): Arrival[] {
  const { arrivalLane, arrivalAfter, arrivalMessage } = run.columns;
  return Array.from({ length: count }, (_, index) => ({
    lane: arrivalLane[first + index] ?? 0,
    after: arrivalAfter[first + index] ?? 0,
    message: (arrivalMessage[first + index] ?? 0) - 1,
  }));
}

/** Time from the broadcast to the last arrival, in ms; infinite if a node never received the value. */
export function propagationMs(run: Run, { lanes }: Propagation, value: PropagatedValue): number {
  if (value.count < lanes.length) return Number.POSITIVE_INFINITY;
  const after = arrivalsOf(run, value).map((arrival) => arrival.after);
  return Math.max(0, ...after) * run.tickMs;
}
