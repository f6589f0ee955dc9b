/** Broken programs for broadcast. */
import type { KVNode } from "../../lib/vortex/index.ts";
import { type BroadcastOptions, broadcast } from "../programs/broadcast.ts";
import { type BrokenCase, CALM, DEADLY, PARTITIONED } from "./case.ts";
import { cached, dropping, withReplies } from "./intercept.ts";

const broadcastWith = (options: BroadcastOptions) => (node: KVNode) => broadcast(node, options);

export const BROKEN_BROADCAST: readonly BrokenCase[] = [
  {
    bug: "sends each value only once",
    workload: "broadcast",
    // A value that a partition drops is never resent.
    program: broadcastWith({ attempts: 1 }),
    options: PARTITIONED,
    shows: "lost",
    withinSeeds: 2,
  },
  {
    bug: "gives up after ten attempts",
    workload: "broadcast",
    // A partition of 10 s outlasts ten attempts, 200 ms apart.
    program: broadcastWith({ attempts: 10 }),
    options: { ...PARTITIONED, nodeCount: 5, timeLimitS: 20, nemesisIntervalS: 10 },
    shows: "lost",
    withinSeeds: 3,
  },
  {
    bug: "forwards only to its first neighbour",
    workload: "broadcast",
    // In a line, a value then travels in one direction only.
    program: broadcastWith({ neighboursOf: ({ neighbours }) => neighbours.slice(0, 1) }),
    options: { ...CALM, nodeCount: 5, concurrency: 5, topology: "line" },
    shows: "lost",
    withinSeeds: 3,
  },
  {
    bug: "keeps values in memory only",
    workload: "broadcast",
    // A killed node loses what it acknowledged but had not forwarded.
    program: broadcast,
    options: DEADLY,
    shows: "lost",
    withinSeeds: 3,
  },
  {
    bug: "acknowledges every 20th value without storing it",
    workload: "broadcast",
    program: dropping(broadcast, { type: "broadcast", nth: 20 }),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "returns only the latest 50 values",
    workload: "broadcast",
    program: withReplies(broadcast, "read_ok", () => (body) => ({
      ...body,
      messages: (body["messages"] as number[]).slice(-50),
    })),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "answers reads from a cache for a minute",
    workload: "broadcast",
    // Final reads miss every value that arrived after the first read.
    program: cached(broadcast, { reply: "read_ok", forMs: 60_000 }),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "repeats the request in its acknowledgement",
    workload: "broadcast",
    // `broadcast_ok` has no field `message`.
    program: withReplies(broadcast, "broadcast_ok", () => (body, { body: request }) => ({
      ...(request as object),
      ...body,
    })),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
