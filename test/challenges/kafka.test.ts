import { describe, expect, test } from "bun:test";
import type * as v from "valibot";
import type { KafkaOptions } from "../../challenges/kafka/limits.ts";
import { kafka } from "../../challenges/kafka.ts";
import { TestCluster } from "../../lib/testing/index.ts";
import { type AnyBody, type Message, parseJson, stringifyJson } from "../../lib/vortex/index.ts";

function start(options: v.InferInput<typeof KafkaOptions> = {}, nodeIds = ["n0", "n1"]) {
  return new TestCluster({ program: kafka, options, nodeIds });
}

const send = (key: string, msg: unknown): AnyBody => ({ type: "send", key, msg });
const poll = (offsets: AnyBody): AnyBody => ({ type: "poll", offsets });
const isOfType =
  (...types: string[]) =>
  ({ body }: Message) =>
    types.includes(String(body["type"]));

/** The visible messages of a key on a node. */
async function shown(cluster: TestCluster, id: string, key: string): Promise<unknown[]> {
  const { msgs } = await cluster.ask(id, poll({ [key]: 0 }));
  const pairs = (msgs as { [key: string]: [number, unknown][] })[key] ?? [];
  return pairs.map(([, message]) => message);
}

describe("kafka", () => {
  test("replies with exactly the fields that the workload allows", async () => {
    const cluster = start({}, ["n0"]);
    const sent = await cluster.ask("n0", send("k", 7));
    expect(sent).toEqual({ type: "send_ok", offset: expect.any(Number), in_reply_to: 1 });
    expect(await cluster.ask("n0", poll({ k: 0 }))).toEqual({
      type: "poll_ok",
      msgs: { k: [[sent["offset"], 7]] },
      in_reply_to: 2,
    });
    const committed = await cluster.ask("n0", { type: "commit_offsets", offsets: { k: 3 } });
    expect(committed).toEqual({ type: "commit_offsets_ok", in_reply_to: 3 });
    const listed = await cluster.ask("n0", { type: "list_committed_offsets", keys: ["k", "l"] });
    expect(listed).toEqual({
      type: "list_committed_offsets_ok",
      offsets: { k: 3 },
      in_reply_to: 4,
    });
  });

  test("leaves out keys without messages", async () => {
    const cluster = start({}, ["n0"]);
    await cluster.ask("n0", send("k", 1));
    expect(await cluster.ask("n0", poll({ k: 1000, l: 0 }))).toMatchObject({ msgs: {} });
    expect(await cluster.ask("n0", poll({}))).toMatchObject({ msgs: {} });
  });

  test.each([["__proto__"], ["constructor"], [""], ["7"], ["x".repeat(1e6)]])(
    "takes any string for a key: %.20s",
    async (key) => {
      const cluster = start();
      const offsets = JSON.parse(`{${JSON.stringify(key)}:0}`);
      await cluster.ask("n0", send(key, "m"));
      await cluster.ask("n1", { type: "commit_offsets", offsets });
      await cluster.advance(3000);
      for (const id of ["n0", "n1"]) {
        const { msgs } = await cluster.ask(id, poll(offsets));
        expect(Object.entries(msgs as object)).toEqual([[key, [[expect.any(Number), "m"]]]]);
        const listing = { type: "list_committed_offsets", keys: [key] };
        const listed = (await cluster.ask(id, listing))["offsets"] as object;
        expect(Object.entries(listed)).toEqual([[key, 0]]);
      }
    },
  );

  test("returns any JSON as written, on other nodes and after a kill, too", async () => {
    const cluster = start();
    const messages = ["1.0", "9007199254740993", "1e400", "null", '{"__proto__":{"a":[-0]}}', '""'];
    for (const text of messages) await cluster.ask("n0", send("k", parseJson(text)));
    await cluster.advance(500);
    for (const id of ["n0", "n1"]) {
      expect(stringifyJson(await shown(cluster, id, "k"))).toBe(`[${messages.join(",")}]`);
    }
    cluster.start("n0");
    await shown(cluster, "n0", "k");
    await cluster.advance(500);
    expect(stringifyJson(await shown(cluster, "n0", "k"))).toBe(`[${messages.join(",")}]`);
  });

  test.each([
    [{ type: "send", key: "k" }],
    [{ type: "send", key: 7, msg: 1 }],
    [poll([] as unknown as AnyBody)],
    [poll({ k: "0" })],
    [poll({ k: 1.5 })],
    [{ type: "poll" }],
    [{ type: "commit_offsets", offsets: { k: null } }],
    [{ type: "list_committed_offsets", keys: [1] }],
  ])("refuses %j as malformed", async (body) => {
    expect(await start({}, ["n0"]).ask("n0", body)).toMatchObject({ type: "error", code: 12 });
  });

  test("sends nothing before the first request, and nothing between nodes when nothing is new", async () => {
    const cluster = start();
    await cluster.advance(1000);
    expect(cluster.messages).toEqual([]);
    await cluster.ask("n0", send("k", 1));
    await cluster.advance(3000);
    cluster.takeMessages();
    await cluster.advance(10_000);
    expect(cluster.takeMessages().filter(isOfType("push"))).toEqual([]);
  });

  test("stores messages before it acknowledges them, all that wait in one record", async () => {
    const cluster = start({}, ["n0"]);
    await cluster.ask("n0", send("k", 0));
    cluster.takeMessages();
    cluster.filter = (message) => (isOfType("cas")(message) ? "hold" : "deliver");
    const replies = [cluster.request("n0", send("k", 1))];
    await cluster.settle();
    for (let msg = 2; msg <= 10; msg++) replies.push(cluster.request("n0", send("k", msg)));
    await cluster.settle();
    expect(replies.map((reply) => reply())).toEqual(Array(10).fill(undefined));
    cluster.filter = () => "deliver";
    await cluster.release();
    const offsets = replies.map((reply) => Number(reply()?.["offset"]));
    expect(offsets).toEqual(offsets.toSorted((one, other) => one - other));
    expect(new Set(offsets).size).toBe(10);
    expect(cluster.takeMessages().filter(isOfType("cas"))).toHaveLength(2);
  });

  test("fails a send that cannot be stored before its client gives up", async () => {
    const cluster = start({}, ["n0"]);
    await cluster.ask("n0", send("k", 0));
    cluster.filter = () => "drop";
    const reply = cluster.request("n0", send("k", 1));
    await cluster.advance(500);
    const later = cluster.request("n0", send("k", 2));
    await cluster.advance(4400);
    expect(reply()).toMatchObject({ type: "error", code: 0 });
    expect(later()).toMatchObject({ type: "error", code: 11 });
    cluster.filter = () => "deliver";
    await cluster.advance(10_000);
    expect(await shown(cluster, "n0", "k")).toEqual([0, 1]);
  });

  test("loses no acknowledged message when all nodes are killed", async () => {
    const cluster = start();
    for (let msg = 0; msg < 20; msg++) await cluster.ask(`n${msg % 2}`, send("k", msg));
    await cluster.advance(1000);
    const before = await shown(cluster, "n0", "k");
    expect(before.toSorted((one, other) => Number(one) - Number(other))).toEqual([
      ...Array(20).keys(),
    ]);
    for (const id of ["n0", "n1"]) cluster.start(id);
    await cluster.ask("n0", send("k", "new"));
    await cluster.advance(1000);
    for (const id of ["n0", "n1"])
      expect(await shown(cluster, id, "k")).toEqual([...before, "new"]);
  });

  test("drops a message whose write arrives after a restart", async () => {
    const cluster = start();
    await cluster.ask("n0", send("k", 1));
    cluster.filter = (message) => (isOfType("cas")(message) ? "hold" : "deliver");
    cluster.request("n0", send("k", "lost"));
    await cluster.settle();
    cluster.start("n0");
    cluster.filter = () => "deliver";
    await cluster.ask("n0", send("k", 2));
    await cluster.release();
    await cluster.advance(3000);
    for (const id of ["n0", "n1"]) expect(await shown(cluster, id, "k")).toEqual([1, 2]);
  });

  test("keeps committed offsets across a kill, except those of the last interval", async () => {
    const cluster = start({ commitMs: 1000 });
    await cluster.ask("n0", { type: "commit_offsets", offsets: { k: 5 } });
    await cluster.advance(1200);
    await cluster.ask("n0", { type: "commit_offsets", offsets: { k: 6 } });
    cluster.start("n0");
    const listing = { type: "list_committed_offsets", keys: ["k"] };
    expect(await cluster.ask("n0", listing)).toMatchObject({ offsets: { k: 5 } });
    await cluster.advance(1000);
    expect(await cluster.ask("n1", listing)).toMatchObject({ offsets: { k: 5 } });
  });

  test("shows messages of a node that is cut off within 3 s, from lin-kv", async () => {
    const cluster = start();
    await cluster.ask("n0", send("k", 0));
    await cluster.ask("n1", send("k", 1));
    await cluster.advance(1000);
    cluster.filter = (message) => (isOfType("push")(message) ? "drop" : "deliver");
    await cluster.ask("n0", send("k", 2));
    await cluster.advance(3000);
    for (const id of ["n0", "n1"]) expect(await shown(cluster, id, "k")).toEqual([0, 1, 2]);
  });

  test("shows messages although another node is dead, whose next offsets follow the fence", async () => {
    const cluster = start();
    await cluster.ask("n0", send("k", 0));
    await cluster.ask("n1", send("k", 1));
    await cluster.advance(1000);
    // To n0, n1 is dead; n1 does not know of the fence.
    cluster.filter = (message) => (isOfType("push")(message) ? "drop" : "deliver");
    const { offset } = await cluster.ask("n0", send("k", 2));
    await cluster.advance(3000);
    expect(await shown(cluster, "n0", "k")).toEqual([0, 1, 2]);
    const later = await cluster.ask("n1", send("k", 3));
    expect(Number(later["offset"])).toBeGreaterThan(Number(offset));
    await cluster.advance(3000);
    for (const id of ["n0", "n1"]) expect(await shown(cluster, id, "k")).toEqual([0, 1, 2, 3]);
  });

  test("repeats pushes that were lost; a peer reads older records in lin-kv", async () => {
    const cluster = start();
    await cluster.ask("n0", send("k", 0));
    await cluster.advance(1000);
    cluster.filter = (message) => (isOfType("push")(message) ? "drop" : "deliver");
    await cluster.ask("n0", send("k", 1));
    await cluster.advance(300);
    cluster.filter = () => "deliver";
    await cluster.advance(800);
    expect(await shown(cluster, "n1", "k")).toEqual([0, 1]);
  });

  test("pushes at most 10,000 messages at a time", async () => {
    const cluster = start();
    await cluster.ask("n0", send("k", -1));
    await cluster.ask("n1", send("k", -1));
    await cluster.advance(500);
    cluster.takeMessages();
    for (let msg = 0; msg < 25_000; msg++) cluster.request("n0", send("k", msg));
    await cluster.advance(1000);
    const counts = cluster.takeMessages().flatMap(({ src, body }) => {
      const records = (body["records"] ?? []) as { readonly messages: readonly unknown[] }[];
      const count = records.reduce((sum, { messages }) => sum + messages.length, 0);
      return src === "n0" && count > 0 ? [count] : [];
    });
    expect(counts.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...counts)).toBeLessThanOrEqual(10_000);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(25_000);
    const { msgs } = await cluster.ask("n1", poll({ k: 0 }));
    expect((msgs as { k: unknown[] }).k).toHaveLength(10_000);
  });

  test("stores and pushes long messages, and commits of long keys, in chunks", async () => {
    const cluster = start();
    await cluster.ask("n0", send("k", -1));
    await cluster.ask("n1", send("k", -1));
    await cluster.advance(500);
    const text = "x".repeat(2_000_000);
    cluster.takeMessages();
    for (let msg = 0; msg < 20; msg++) cluster.request("n0", send("k", text));
    await cluster.advance(3000);
    const offsetsOf = (from: number) =>
      Object.fromEntries([from, from + 1].map((i) => [`${i}${text.slice(0, 600_000)}`, i]));
    for (let from = 0; from < 8; from += 2) {
      await cluster.ask("n0", { type: "commit_offsets", offsets: offsetsOf(from) });
    }
    await cluster.advance(10_000);
    const among = cluster.takeMessages();
    const lengths = (type: string) =>
      among.filter(isOfType(type)).map(({ body }) => stringifyJson(body).length);
    const isBetween = (length: number) => length > 2 ** 20 && length < 2 ** 23 + 10_000;
    expect(lengths("cas").filter(isBetween)).toHaveLength(5);
    expect(Math.max(...lengths("cas"), ...lengths("push"))).toBeLessThan(2 ** 23 + 10_000);
    expect(lengths("cas").filter((length) => length > 500_000 && length < 2 ** 20)).toHaveLength(8);
    // A poll has room for one of them.
    let offset = 0;
    const found: unknown[] = [];
    for (let polls = 0; polls < 21; polls++) {
      const { msgs } = await cluster.ask("n1", poll({ k: offset }));
      for (const [at, message] of (msgs as { k: [number, unknown][] }).k) {
        found.push(message);
        offset = at + 1;
      }
    }
    expect(found).toEqual([-1, -1, ...Array(20).fill(text)]);
    const keys = Object.keys(offsetsOf(6));
    const { offsets } = await cluster.ask("n1", { type: "list_committed_offsets", keys });
    expect(offsets).toEqual(offsetsOf(6));
  });

  test("pushes little to a silent peer, and everything once the peer answers", async () => {
    const cluster = start();
    await cluster.ask("n0", send("k", -1));
    await cluster.ask("n1", send("k", -1));
    await cluster.advance(500);
    cluster.filter = (message) => (isOfType("push")(message) ? "drop" : "deliver");
    const sendMany = async () => {
      for (let tenth = 0; tenth < 10; tenth++) {
        for (let msg = 0; msg < 500; msg++) cluster.request("n0", send(`${tenth}`, msg));
        await cluster.advance(100);
      }
    };
    await sendMany();
    await cluster.advance(500);
    cluster.takeMessages();
    for (let second = 0; second < 4; second++) await sendMany();
    const pushes = cluster
      .takeMessages()
      .filter(({ src, body }) => src === "n0" && body["type"] === "push");
    const characters = pushes.map(({ body }) => stringifyJson(body).length);
    expect(characters.length).toBeGreaterThan(4);
    // 500 messages fit into one record.
    expect(Math.max(...characters)).toBeLessThan(2 ** 15);
    cluster.filter = () => "deliver";
    await cluster.advance(3000);
    expect(await shown(cluster, "n1", "9")).toHaveLength(2500);
  });

  test("accepts pushes that overtake each other or arrive twice", async () => {
    const cluster = start();
    await cluster.ask("n0", send("k", 0));
    await cluster.ask("n1", send("k", 1));
    await cluster.advance(1000);
    cluster.filter = (message) => (isOfType("push")(message) ? "hold" : "deliver");
    for (let msg = 2; msg < 5; msg++) {
      await cluster.ask("n0", send("k", msg));
      await cluster.advance(150);
    }
    cluster.filter = () => "deliver";
    await cluster.ask("n0", send("k", 5));
    await cluster.advance(300);
    await cluster.release();
    await cluster.advance(1000);
    expect(await shown(cluster, "n1", "k")).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe("kafka --no-durable", () => {
  test("acknowledges at once, and stores the messages of storeMs in one record", async () => {
    const cluster = start({ durable: false, storeMs: 200 });
    await cluster.ask("n0", send("k", 0));
    await cluster.advance(1000);
    cluster.takeMessages();
    for (let msg = 1; msg <= 10; msg++) {
      const reply = cluster.request("n0", send("k", msg));
      await cluster.settle();
      expect(reply()).toMatchObject({ type: "send_ok" });
    }
    expect(cluster.takeMessages()).toEqual([]);
    await cluster.advance(1000);
    expect(cluster.takeMessages().filter(isOfType("cas"))).toHaveLength(1);
    for (const id of ["n0", "n1"]) expect(await shown(cluster, id, "k")).toHaveLength(11);
  });

  test("loses unstored messages in a kill, but gives no offset twice", async () => {
    const cluster = start({ durable: false, storeMs: 200 });
    await cluster.ask("n0", send("k", "stored"));
    await cluster.advance(1000);
    const lost = await cluster.ask("n0", send("k", "lost"));
    cluster.start("n0");
    const kept = await cluster.ask("n0", send("k", "kept"));
    expect(Number(kept["offset"])).toBeGreaterThan(Number(lost["offset"]));
    await cluster.advance(1000);
    await cluster.ask("n1", send("k", "other"));
    await cluster.advance(1000);
    for (const id of ["n0", "n1"]) {
      expect(await shown(cluster, id, "k")).toEqual(["stored", "kept", "other"]);
    }
  });

  test("keeps the offsets that it gave before recovery and while it stores", async () => {
    const cluster = start({ durable: false, storeMs: 0 }, ["n0"]);
    const replies = Array.from({ length: 20 }, (_, msg) => cluster.request("n0", send("k", msg)));
    await cluster.settle();
    for (let msg = 20; msg < 40; msg++) replies.push(cluster.request("n0", send("k", msg)));
    await cluster.advance(1000);
    const { msgs } = await cluster.ask("n0", poll({ k: 0 }));
    expect(msgs).toEqual({ k: replies.map((reply, msg) => [Number(reply()?.["offset"]), msg]) });
  });

  test("refuses a message that would make the next record too long, and accepts it later", async () => {
    const cluster = start({ durable: false, storeMs: 200 }, ["n0"]);
    await cluster.ask("n0", send("k", "first"));
    await cluster.advance(1000);
    const text = "x".repeat(5_000_000);
    const answers: unknown[] = [];
    for (let msg = 0; msg < 5; msg++) {
      const { type, code } = await cluster.ask("n0", send("k", text));
      answers.push(code ?? type);
    }
    expect(answers).toEqual(["send_ok", "send_ok", "send_ok", 11, 11]);
    expect(await cluster.ask("n0", send("k", 1))).toMatchObject({ type: "send_ok" });
    await cluster.advance(1000);
    expect(await cluster.ask("n0", send("k", text))).toMatchObject({ type: "send_ok" });
    // Any message is taken that comes alone.
    await cluster.advance(1000);
    const longer = "x".repeat(2 ** 24 + 1);
    expect(await cluster.ask("n0", send("k", longer))).toMatchObject({ type: "send_ok" });
  });
});
