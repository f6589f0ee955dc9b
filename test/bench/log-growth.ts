/**
 * What a send and a poll cost a node of kafka as its log grows: `bun test/bench/log-growth.ts`.
 *
 * One node, its requests handed to it directly and lin-kv answered in this process. The cost of a
 * send is that of the node alone, its record encoded and its reply too, in batches of 100; that of a
 * poll is for the last 10 messages of one key, out of 100.
 */
import { kafka } from "../../challenges/kafka.ts";
import { encode } from "../../lib/vortex/codec.ts";
import { type AnyBody, KVNode, type Message } from "../../lib/vortex/index.ts";

const SIZES = [10_000, 100_000, 1_000_000];
const KEYS = 100;
const BATCH = 100;
/** Messages that a poll brings. */
const POLLED = 10;
const SAMPLE = 5000;

/** Lets every promise continuation run that can. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

class Bench {
  readonly #node: KVNode;
  readonly #requests: Message[] = [];
  #lastId = 0;

  constructor() {
    const clock = { nowMs: () => performance.now(), after: () => () => {} };
    const send = (message: Message) => {
      encode(message);
      if (message.dest === "lin-kv") this.#requests.push(message);
    };
    const random = { next: Math.random };
    this.#node = new KVNode({ clock, random, transport: { send }, logger: console });
    kafka(this.#node, { durable: true, pushMs: 100, storeMs: 200, commitMs: 1000 });
    this.receive({ type: "init", node_id: "n0", node_ids: ["n0"] });
  }

  receive(body: AnyBody): void {
    const message = { src: "c1", dest: "n0", body: { ...body, msg_id: ++this.#lastId } };
    this.#node.receive(message);
  }

  /** Carries out what waits for lin-kv. */
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

  poll(offset: number, count: number): void {
    for (let key = 0; key < count; key++) {
      this.receive({ type: "poll", offsets: { [key % KEYS]: offset } });
    }
  }
}

await new Bench().send(10 * SAMPLE, 0); // Warms up.
const bench = new Bench();
let length = 0;
console.log("messages   send, µs   poll, µs   memory, MB");
for (const size of SIZES) {
  await bench.send(size - length, length);
  Bun.gc(true);
  const megabytes = process.memoryUsage().rss / 2 ** 20;
  const pollBeganMs = performance.now();
  bench.poll(size - POLLED * KEYS, SAMPLE);
  const pollUs = ((performance.now() - pollBeganMs) / SAMPLE) * 1000;
  const sendBeganMs = performance.now();
  await bench.send(SAMPLE, size);
  const sendUs = ((performance.now() - sendBeganMs) / SAMPLE) * 1000;
  length = size + SAMPLE;
  console.log(
    [
      String(size).padStart(8),
      sendUs.toFixed(1).padStart(11),
      pollUs.toFixed(1).padStart(11),
      megabytes.toFixed(0).padStart(13),
    ].join(""),
  );
}
