import type { KVNode } from "../../lib/vortex/index.ts";
import { type BroadcastOptions, broadcast } from "../programs/broadcast.ts";
import { type BrokenCase, CALM, DEADLY, PARTITIONED } from "./case.ts";
import { cached, dropping, withReplies } from "./intercept.ts";

const withOptions = (options: BroadcastOptions) => (node: KVNode) => broadcast(node, options);

export const BROKEN_BROADCAST: readonly BrokenCase[] = [
  {
    wrong: "sends each value once, acknowledged or not",
    workload: "broadcast",
    program: withOptions({ attempts: 1 }),
    options: PARTITIONED,
    shows: "lost",
    withinSeeds: 2,
  },
  {
    wrong: "gives up after ten attempts, before a long partition has ended",
    workload: "broadcast",
    program: withOptions({ attempts: 10 }),
    options: { ...PARTITIONED, nodeCount: 5, timeLimitS: 20, nemesisIntervalS: 10 },
    shows: "lost",
    withinSeeds: 3,
  },
  {
    wrong: "takes its first neighbour for its only one",
    workload: "broadcast",
    program: withOptions({ neighboursOf: ({ neighbours }) => neighbours.slice(0, 1) }),
    options: { ...CALM, nodeCount: 5, concurrency: 5, topology: "line" },
    shows: "lost",
    withinSeeds: 3,
  },
  {
    wrong: "keeps values in memory only, where they die with the node",
    workload: "broadcast",
    program: broadcast,
    options: DEADLY,
    shows: "lost",
    withinSeeds: 3,
  },
  {
    wrong: "acknowledges every 20th value without keeping it",
    workload: "broadcast",
    program: dropping(broadcast, { type: "broadcast", nth: 20 }),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    wrong: "shows no more than the latest 50 values",
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
    wrong: "answers reads from a cache that it refreshes once a minute",
    workload: "broadcast",
    program: cached(broadcast, { answer: "read_ok", forMs: 60_000 }),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    wrong: "repeats the message in its acknowledgement",
    workload: "broadcast",
    program: withReplies(broadcast, "broadcast_ok", () => (body, { body: request }) => ({
      ...(request as object),
      ...body,
    })),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
