/**
 * Challenge 5, kafka-style logs: any number of nodes, durable before acknowledged.
 *
 * **Problem.** Clients append messages to the logs of keys, read on from an offset, and commit offsets.
 * Offsets must be unique and increasing, no acknowledged message may be lost, and a poll that has shown
 * offset 10 can never show offset 9. Asking a shared store for each offset costs several round trips.
 *
 * **Idea.** Every node gives out offsets of its own, keeps a log of its own in lin-kv, and lets clients
 * read only what no node can still get in front of.
 *
 * **Invariant.** No record of a node holds a message from before that node's watermark. So below the
 * lowest watermark every message is known, and none becomes visible before one that is visible.
 *
 * **Algorithm.**
 * - *Offsets.* Of n nodes, the i-th gives a message at Lamport time t the offset t * n + i.
 * - *Storing.* Messages that arrive while a record is being stored share the next record, under a key
 *   that is created once. Committed offsets ride along. `kafka/replica.ts`
 * - *Merging.* Messages become visible below the lowest watermark. `kafka/merged-log.ts`
 * - *News.* Every 100 ms (`--push-ms`) a node pushes to each peer the records that it has not acknowledged,
 *   and its watermark. When nothing is new, nothing is sent. `kafka/peer.ts`
 *
 * **Faults.**
 * - *Partition.* Sends need lin-kv only. A peer that is silent for a second is looked up there. If its
 *   watermark is missing, an empty record at the end of its log, a fence, takes its place: the peer
 *   finds the slot taken and gives its messages later times.
 * - *Kill.* A restarted node reads all logs back and appends an empty record first, so that a write
 *   from before the kill finds its slot taken. Commits of the last second (`--commit-ms`) may be lost.
 * - After 4 s an operation fails with an error, a definite one if it has not begun.
 *
 * **Cost.** A send costs its share of a record's two messages: 0.98 messages per operation in stage 5c.
 * `--no-durable` acknowledges at once and stores every 300 ms (`--store-ms`): 0.03, without fences; a
 * kill loses the messages since.
 *
 * @see Maelstrom workloads, "Kafka"; Fly.io Gossip Glomers, challenge 5
 */
import * as v from "valibot";
import { KeptJson, serve, withOptions } from "../lib/vortex/index.ts";
import { KafkaOptions } from "./kafka/limits.ts";
import { Push } from "./kafka/peer.ts";
import { Replica } from "./kafka/replica.ts";

/** A JSON object from keys to offsets; `v.record` would lose the key `__proto__`. */
const Offsets = v.pipe(
  v.custom<{ readonly [key: string]: unknown }>(isObject, "must map keys to integers"),
  v.transform((offsets): ReadonlyMap<string, unknown> => new Map(Object.entries(offsets))),
  v.custom<ReadonlyMap<string, number>>(hasIntegers, "must map keys to integers"),
);

const Send = v.object({ key: v.string(), msg: KeptJson });
const Poll = v.object({ offsets: Offsets });
const CommitOffsets = v.object({ offsets: Offsets });
const ListCommittedOffsets = v.object({ keys: v.array(v.string()) });

export const kafka = withOptions(KafkaOptions, (node, options) => {
  const replica = new Replica(node, options);
  node.handle("send", Send, async ({ body }) => {
    return { type: "send_ok", offset: await replica.send(body.key, body.msg) };
  });
  node.handle("poll", Poll, ({ body }) => {
    return { type: "poll_ok", msgs: replica.poll(body.offsets) };
  });
  node.handle("commit_offsets", CommitOffsets, ({ body }) => {
    replica.commit(body.offsets);
    return { type: "commit_offsets_ok" };
  });
  node.handle("list_committed_offsets", ListCommittedOffsets, async ({ body }) => {
    return { type: "list_committed_offsets_ok", offsets: await replica.committed(body.keys) };
  });
  node.handlePeer("push", Push, ({ src, body }) => replica.receive(src, body));
});

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasIntegers(offsets: unknown): boolean {
  return offsets instanceof Map && offsets.values().every(Number.isSafeInteger);
}

if (import.meta.main) await serve(kafka);
