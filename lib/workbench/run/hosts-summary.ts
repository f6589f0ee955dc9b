/** The influence of the hosts of a cluster on a test. No verdict depends on it. */
import * as v from "valibot";

/** The influence of one host on a test. */
export const HostSummary = v.object({
  host: v.string(),
  /**
   * Shortest round trip between the tester and the host, in ms. The times of its events are known to half
   * of it: they are converted to the tester's clock, by which the history is timed.
   */
  roundTripMs: v.number(),
  /** How long the slowest command took to be acknowledged, such as the start of a fault, in ms. */
  slowestCommandMs: v.number(),
  /** Commands and heartbeats that were sent again, because no answer came in time. */
  repeats: v.number(),
  /** Times that the host's connection to the server was down, and their total length in ms. */
  outages: v.number(),
  outageMs: v.number(),
  /** Messages of the node that were dropped since the connection was down for too long. */
  overflow: v.number(),
  /** Events that are missing from the record, since the tester could not be reached for too long. */
  unreported: v.number(),
});
export type HostSummary = v.InferOutput<typeof HostSummary>;

export const HostsSummary = v.object({
  cluster: v.string(),
  /** By the ids of their nodes. */
  nodes: v.record(v.string(), HostSummary),
  /** Messages that were neither delivered nor dropped by a fault: lost on the way, or in flight. */
  undelivered: v.number(),
});
export type HostsSummary = v.InferOutput<typeof HostsSummary>;
