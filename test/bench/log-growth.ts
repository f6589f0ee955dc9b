/**
 * Measures what a send, a poll and a restart cost a kafka node as its log grows.
 *
 *   bun test/bench/log-growth.ts
 *
 * A single node in this process, which also serves lin-kv.
 *
 * - send: CPU time of the node, including encoding of record and reply, in batches of 100
 * - poll: the last 10 messages of one key out of 100
 * - restart: reading the log back, with 1 or 100 messages per record, until the node replies; the last
 *   column is the maximum number of concurrent reads
 * - memory: the whole process, after a garbage collection
 */
import { kafka } from "../../challenges/kafka.ts";
import { encode } from "../../lib/protocol/codec.ts";
import { type AnyBody, KVNode, type Message } from "../../lib/vortex/index.ts";
import { systemClock } from "../../lib/vortex/serve.ts";
import { median } from "../support/statistics.ts";

const SIZES = [10_000, 100_000, 1_000_000];
const KEYS = 100;
const BATCH = 100;
/** Number of records in a page of the stored log. */
const PAGE_LENGTH = 256;
/** Number of messages that a poll returns. */
const POLLED = 10;
const SAMPLE = 1000;
const SAMPLES = 15;

/** Lets all pending promise continuations run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

class Bench {
  readonly #node: KVNode;
  readonly #requests: Message[] = [];
  #lastId = 0;
  #lastAnswer: AnyBody = {};

  constructor() {
    const send = (message: Message) => {
      encode(message);
      if (message.dest === "lin-kv") this.#requests.push(message);
      else this.#lastAnswer = message.body;
    };
    const random = { next: Math.random };
    const host = { clock: systemClock, random, transport: { send }, logger: console };
    this.#node = new KVNode(host, (node) =>
      kafka(node, { durable: true, pushMs: 100, storeMs: 200, commitMs: 1000 }),
    );
    this.receive({ type: "init", node_id: "n0", node_ids: ["n0"] });
  }

  receive(body: AnyBody): void {
    const message = { src: "c1", dest: "n0", body: { ...body, msg_id: ++this.#lastId } };
    this.#node.receive(message);
  }

  /** Replies to the node's requests to lin-kv until there are no more. */
  async store(): Promise<void> {
    await settled();
    while (this.#requests.length > 0) {
      for (const { dest, body } of this.#requests.splice(0)) {
        const type = body["type"] === "cas" ? { type: "cas_ok" } : { type: "error", code: 20 };
        const reply = { ...type, in_reply_to: body["msg_id"] };
        this.#node.receive({ src: dest, dest: "n0", body: reply });
      }
      await settled();
    }
  }

  async send(count: number, from: number): Promise<void> {
    for (let sent = 0; sent < count; sent += BATCH) {
      for (let index = 0; index < BATCH; index++) {
        const msg = from + sent + index;
        this.receive({ type: "send", key: String(msg % KEYS), msg });
      }
      await this.store();
    }
  }

  /**
   * Serves the node's reads of a log with `size` messages until it is ready; returns the maximum
   * number of concurrent reads.
   */
  async readBack(size: number, messagesPerRecord: number): Promise<number> {
    const ask = () => this.receive({ type: "list_committed_offsets", keys: [] });
    ask();
    let most = 0;
    for (; this.#lastAnswer["type"] !== "list_committed_offsets_ok"; await settled()) {
      if (this.#lastAnswer["type"] === "error") {
        this.#lastAnswer = {};
        ask();
      }
      most = Math.max(most, this.#requests.length);
      for (const { dest, body } of this.#requests.splice(0)) {
        const recordAt = (number: number) => {
          const time = number * messagesPerRecord;
          const messages = Array.from({ length: messagesPerRecord }, (_, index) => [
            String((time + index) % KEYS),
            time + index,
          ]);
          return { time, messages, commits: [] };
        };
        const [, page, record] = /(?:page from (\d+)|\/(\d+))$/.exec(String(body["key"])) ?? [];
        const number = Number(page ?? record);
        const count = page === undefined ? 1 : PAGE_LENGTH;
        // Long records have no pages.
        const isThere = page === undefined || messagesPerRecord === 1;
        const isStored =
          body["type"] === "read" && isThere && (number + count) * messagesPerRecord <= size;
        const value =
          page === undefined
            ? { id: "x", record: recordAt(number) }
            : Array.from({ length: PAGE_LENGTH }, (_, index) => recordAt(number + index));
        const found = isStored ? { type: "read_ok", value } : { type: "error", code: 20 };
        const reply = body["type"] === "cas" ? { type: "cas_ok" } : found;
        const answer = { ...reply, in_reply_to: body["msg_id"] };
        this.#node.receive({ src: dest, dest: "n0", body: answer });
      }
    }
    return most;
  }

  poll(offset: number, count: number): void {
    for (let key = 0; key < count; key++) {
      this.receive({ type: "poll", offsets: { [key % KEYS]: offset } });
    }
  }
}

/** Median time per operation over several samples, in µs. */
async function medianUs(takeSample: () => void | Promise<void>): Promise<number> {
  const tookUs: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const beganMs = performance.now();
    await takeSample();
    tookUs.push(((performance.now() - beganMs) / SAMPLE) * 1000);
  }
  return median(tookUs);
}

await new Bench().send(50 * SAMPLE, 0); // Warm-up.
const bench = new Bench();
let length = 0;
const rows: { size: number; megabytes: number; pollUs: number; sendUs: number }[] = [];
console.log(
  "messages   send, µs   poll, µs   memory, MB   restart, ms: by 1   by 100   reads at once",
);
for (const size of SIZES) {
  for (let from = length; from < size; from += SAMPLE) {
    await bench.send(Math.min(SAMPLE, size - from), from);
    await Bun.sleep(1); // Lets timers fire.
  }
  await Bun.sleep(200);
  Bun.gc(true);
  const megabytes = process.memoryUsage().rss / 2 ** 20;
  length = size;
  const sendUs = await medianUs(async () => {
    await bench.send(SAMPLE, length);
    length += SAMPLE;
  });
  const pollUs = await medianUs(() => bench.poll(length - POLLED * KEYS, SAMPLE));
  rows.push({ size, megabytes, pollUs, sendUs });
}
for (const { size, megabytes, pollUs, sendUs } of rows) {
  const restarts: number[] = [];
  let most = 0;
  for (const messagesPerRecord of [1, 100]) {
    const beganMs = performance.now();
    most = Math.max(most, await new Bench().readBack(size, messagesPerRecord));
    restarts.push(performance.now() - beganMs);
  }
  const [byOne = 0, byHundred = 0] = restarts;
  console.log(
    [
      String(size).padStart(8),
      sendUs.toFixed(1).padStart(11),
      pollUs.toFixed(1).padStart(11),
      megabytes.toFixed(0).padStart(13),
      byOne.toFixed(0).padStart(20),
      byHundred.toFixed(0).padStart(9),
      String(most).padStart(16),
    ].join(""),
  );
}
process.exit(); // The nodes' timers would keep it alive.
