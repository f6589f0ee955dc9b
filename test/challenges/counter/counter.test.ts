import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { Counter } from "../../../challenges/counter/counter.ts";
import { CounterOptions } from "../../../challenges/counter/limits.ts";
import { TestCluster } from "../../../lib/testing/index.ts";
import type { KVNode, Message } from "../../../lib/vortex/index.ts";

/** Three nodes, each with a counter. */
function start(options: v.InferInput<typeof CounterOptions> = {}): TestCluster {
  const program = (node: KVNode) => {
    const counter = new Counter(node, v.parse(CounterOptions, options));
    node.handle("add", v.object({ delta: v.number() }), async ({ body }) => {
      await counter.add(body.delta);
      return { type: "add_ok" };
    });
    node.handle("read", v.object({}), async () => {
      return { type: "read_ok", value: await counter.read() };
    });
  };
  return new TestCluster({ program });
}

const add = (delta: number) => ({ type: "add", delta });
const READ = { type: "read" };

/** Three nodes with current totals of each other, which have added 1, 10 and 100. */
async function started(options: v.InferInput<typeof CounterOptions> = {}): Promise<TestCluster> {
  const cluster = start(options);
  for (const [index, delta] of [1, 10, 100].entries()) await cluster.ask(`n${index}`, add(delta));
  if (options.durable === false) await cluster.advance(5000);
  for (const id of ["n0", "n1", "n2"]) await cluster.ask(id, READ);
  cluster.takeMessages();
  return cluster;
}

const isOfType =
  (...types: string[]) =>
  ({ body }: Message) =>
    types.includes(String(body["type"]));
const isFrom =
  (id: string) =>
  ({ src, dest }: Message) =>
    src === id || dest === id;
const storedTotal = (cluster: TestCluster, id: string) =>
  (cluster.seqKv.valuesOf(`counter/${id}`).at(-1) as { total?: number } | undefined)?.total;

describe("Counter.add", () => {
  test("is stored before it is acknowledged", async () => {
    const cluster = await started();
    cluster.filter = (message) => (isOfType("cas")(message) ? "hold" : "deliver");
    const reply = cluster.request("n0", add(5));
    await cluster.settle();
    expect(reply()).toBeUndefined();
    await cluster.release();
    expect(reply()).toMatchObject({ type: "add_ok" });
    expect(storedTotal(cluster, "n0")).toBe(6);
  });

  test("shares the next write with adds that arrive while one is in flight", async () => {
    const cluster = await started();
    cluster.filter = (message) => (isOfType("cas")(message) ? "hold" : "deliver");
    const replies = [cluster.request("n0", add(1))];
    await cluster.settle();
    for (let count = 0; count < 10; count++) replies.push(cluster.request("n0", add(1)));
    cluster.filter = () => "deliver";
    await cluster.release();
    expect(replies.every((reply) => reply()?.["type"] === "add_ok")).toBe(true);
    expect(cluster.takeMessages().filter(isOfType("cas"))).toHaveLength(2);
    expect(storedTotal(cluster, "n0")).toBe(12);
  });

  test("of 0 costs no message", async () => {
    const cluster = await started();
    expect(await cluster.ask("n0", add(0))).toMatchObject({ type: "add_ok" });
    expect(cluster.takeMessages()).toEqual([]);
  });

  test("counts once when the answers to its writes are lost", async () => {
    const cluster = await started();
    let lostCount = 0;
    cluster.filter = (message) =>
      isOfType("cas_ok")(message) && lostCount++ < 1 ? "drop" : "deliver";
    expect(await cluster.ask("n0", add(5))).toMatchObject({ type: "add_ok" });
    expect(cluster.sometimes["seq-kv refused a change that had happened"]).toBe(1);
    expect(storedTotal(cluster, "n0")).toBe(6);
  });

  test("counts once when its first write arrives after the second", async () => {
    const cluster = await started();
    let heldCount = 0;
    cluster.filter = (message) =>
      isOfType("cas")(message) && heldCount++ < 1 ? "hold" : "deliver";
    expect(await cluster.ask("n0", add(5))).toMatchObject({ type: "add_ok" });
    await cluster.ask("n0", add(7));
    await cluster.release();
    await cluster.advance(2000);
    expect(storedTotal(cluster, "n0")).toBe(13);
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 123 });
  });

  test("is stored although seq-kv compares with past states", async () => {
    const cluster = await started();
    for (let count = 0; count < 5; count++) {
      cluster.stalenessInStates = 1;
      const reply = cluster.request("n0", add(1));
      await cluster.settle();
      cluster.stalenessInStates = 0;
      await cluster.advance(100);
      expect(reply()).toMatchObject({ type: "add_ok" });
    }
    expect(storedTotal(cluster, "n0")).toBe(6);
  });

  test("fails with one indefinite error when its write stays in flight for too long", async () => {
    const cluster = await started();
    cluster.filter = (message) => (isOfType("cas")(message) ? "drop" : "deliver");
    const reply = cluster.request("n0", add(5));
    await cluster.advance(100);
    const later = cluster.request("n0", add(7));
    await cluster.advance(4800);
    expect(reply()).toMatchObject({ type: "error", code: 0 });
    expect(later()).toMatchObject({ type: "error", code: 11 });
    cluster.filter = () => "deliver";
    await cluster.advance(10_000);
    expect(storedTotal(cluster, "n0")).toBe(6);
  });

  test("fails when the total would not be a safe integer", async () => {
    const cluster = start();
    await cluster.ask("n0", add(Number.MAX_SAFE_INTEGER));
    expect(await cluster.ask("n0", add(1))).toMatchObject({ type: "error", code: 14 });
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: Number.MAX_SAFE_INTEGER });
  });
});

describe("Counter.read", () => {
  test("returns the sum of all nodes' totals", async () => {
    const cluster = await started();
    for (const id of ["n0", "n1", "n2"]) {
      expect(await cluster.ask(id, READ)).toMatchObject({ value: 111 });
    }
  });

  test("asks peers again after freshMs, not before", async () => {
    const cluster = await started({ freshMs: 1000 });
    await cluster.advance(500);
    await cluster.ask("n0", READ);
    expect(cluster.takeMessages().filter(isFrom("n0"))).toEqual([]);
    await cluster.ask("n1", add(1000));
    await cluster.advance(600);
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 1111 });
  });

  test("shares one round of questions with concurrent reads", async () => {
    const cluster = await started();
    await cluster.advance(1500);
    const replies = Array.from({ length: 10 }, () => cluster.request("n0", READ));
    await cluster.settle();
    expect(replies.map((reply) => reply()?.["value"])).toEqual(Array(10).fill(111));
    expect(cluster.takeMessages().filter(isOfType("local"))).toHaveLength(2);
  });

  test("waits askMs once for a peer that falls silent, then reads its bucket", async () => {
    const cluster = await started({ askMs: 300 });
    cluster.filter = ({ src, dest }) => (src === "n2" && dest === "n0" ? "drop" : "deliver");
    await cluster.ask("n2", add(1000));
    await cluster.advance(1500);
    const first = cluster.request("n0", READ);
    await cluster.advance(290);
    expect(first()).toBeUndefined();
    await cluster.advance(20);
    expect(first()).toMatchObject({ value: 1111 });

    await cluster.ask("n2", add(5000));
    await cluster.advance(1500);
    const second = cluster.request("n0", READ);
    await cluster.settle();
    expect(second()).toMatchObject({ value: 6111 });
  });

  test("asks a silent peer again after a while, and keeps asking once it answers", async () => {
    const cluster = await started();
    cluster.filter = (message) =>
      isOfType("local", "local_ok")(message) && isFrom("n2")(message) ? "drop" : "deliver";
    await cluster.advance(1500);
    await cluster.ask("n0", READ);
    cluster.filter = () => "deliver";
    await cluster.advance(6000);
    await cluster.ask("n0", READ);
    expect(cluster.sometimes["a silent peer answers again"]).toBe(1);
    await cluster.advance(1500);
    cluster.takeMessages();
    await cluster.ask("n0", READ);
    expect(cluster.takeMessages().filter(isFrom("seq-kv"))).toEqual([]);
  });

  test("writes a unique value before it reads the bucket of a silent peer", async () => {
    const cluster = await started();
    cluster.filter = ({ src, dest }) => (src === "n2" && dest === "n0" ? "drop" : "deliver");
    await cluster.advance(1500);
    cluster.takeMessages();
    await cluster.ask("n0", READ);
    const toService = cluster
      .takeMessages()
      .filter(({ src, dest }) => src === "n0" && dest === "seq-kv")
      .map(({ body }) => body["type"]);
    expect(toService).toEqual(["write", "read"]);
    const unique = cluster.seqKv.valuesOf("counter-reads/n0");
    expect(new Set(unique).size).toBeGreaterThan(1);
  });

  test.each([[1000], [-1000]])(
    "ignores an older total that arrives late, after %d was added",
    async (delta) => {
      const cluster = await started();
      await cluster.advance(1500);
      cluster.filter = (message) => (isOfType("local_ok")(message) ? "hold" : "deliver");
      const first = cluster.request("n0", READ);
      await cluster.settle();
      cluster.filter = () => "deliver";
      await cluster.ask("n1", add(delta));
      await cluster.advance(400);
      expect(first()).toMatchObject({ value: 111 + delta });
      await cluster.release();
      expect(await cluster.ask("n0", READ)).toMatchObject({ value: 111 + delta });
    },
  );

  test("fails rather than return totals older than freshMs, when neither peer nor service answers", async () => {
    const cluster = await started();
    cluster.filter = () => "drop";
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 111 });
    await cluster.advance(1500);
    expect(await cluster.ask("n0", READ)).toMatchObject({ type: "error", code: 11 });
    cluster.filter = () => "deliver";
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 111 });
  });

  test("fails while the total of a peer is unknown", async () => {
    const cluster = start();
    await cluster.ask("n0", add(0));
    cluster.filter = ({ body }) => (body["key"] === "counter/n2" ? "drop" : "deliver");
    expect(await cluster.ask("n0", READ)).toMatchObject({ type: "error", code: 11 });
  });

  test("retries when the answer of seq-kv is lost", async () => {
    const cluster = start();
    let lostCount = 0;
    cluster.filter = ({ body }) =>
      body["key"] === "counter/n2" && lostCount++ === 0 ? "drop" : "deliver";
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 0 });
    expect(lostCount).toBeGreaterThan(0);
  });

  test("fails when the sum is not a safe integer, but not when only partial sums are", async () => {
    const cluster = start();
    const most = Number.MAX_SAFE_INTEGER;
    await cluster.ask("n0", add(most));
    await cluster.ask("n1", add(most));
    expect(await cluster.ask("n0", READ)).toMatchObject({ type: "error", code: 14 });
    await cluster.ask("n2", add(-most));
    await cluster.advance(1500);
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: most });
  });

  test("ends before its client gives up, whatever happens", async () => {
    const cluster = start();
    cluster.filter = () => "drop";
    const reply = cluster.request("n0", READ);
    await cluster.advance(4900);
    expect(reply()).toMatchObject({ type: "error", code: 11 });
  });
});

describe("A Counter that was killed", () => {
  test("recovers its bucket", async () => {
    const cluster = await started();
    cluster.start("n0");
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 111 });
    await cluster.ask("n0", add(5));
    expect(storedTotal(cluster, "n0")).toBe(6);
  });

  test.each([["soon"], ["late"]])(
    "keeps what it has stored since, when a write from before the kill arrives %s",
    async (when) => {
      const cluster = await started();
      cluster.filter = (message) => (isOfType("cas")(message) ? "hold" : "deliver");
      cluster.request("n0", add(5000));
      await cluster.settle();
      cluster.start("n0");
      if (when === "soon") {
        // Between the bucket's read and its replacement.
        cluster.request("n0", READ);
        await cluster.settle();
        cluster.filter = () => "deliver";
        await cluster.release();
        await cluster.advance(2000);
        await cluster.ask("n0", add(7));
        expect(storedTotal(cluster, "n0")).toBe(5008);
      } else {
        cluster.filter = () => "deliver";
        await cluster.ask("n0", add(7));
        await cluster.release();
        expect(storedTotal(cluster, "n0")).toBe(8);
      }
      const expected = 110 + Number(storedTotal(cluster, "n0"));
      await cluster.advance(1500);
      for (const id of ["n0", "n1", "n2"]) {
        expect(await cluster.ask(id, READ)).toMatchObject({ value: expected });
      }
    },
  );

  test("shows no less than before of a peer that does not know yet what it has stored", async () => {
    const cluster = await started();
    cluster.filter = (message) =>
      isOfType("cas_ok")(message) || isOfType("local_ok")(message) ? "drop" : "deliver";
    cluster.request("n1", add(1000));
    await cluster.advance(1500);
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 1111 });
    cluster.start("n0");
    cluster.filter = (message) =>
      isOfType("cas_ok")(message) && isFrom("n1")(message) ? "drop" : "deliver";
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 1111 });
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 1111 });
  });
});

describe("A Counter without durability", () => {
  test("acknowledges at once, and stores the adds of storeMs in one write", async () => {
    const cluster = await started({ durable: false, storeMs: 2000 });
    for (let count = 0; count < 10; count++) {
      const reply = cluster.request("n0", add(1));
      await cluster.settle();
      expect(reply()).toMatchObject({ type: "add_ok" });
    }
    expect(storedTotal(cluster, "n0")).toBe(1);
    await cluster.advance(2100);
    expect(storedTotal(cluster, "n0")).toBe(11);
    expect(cluster.takeMessages().filter(isOfType("cas"))).toHaveLength(1);
  });

  test("shows its own adds at once", async () => {
    const cluster = await started({ durable: false });
    await cluster.ask("n0", add(5));
    expect(await cluster.ask("n0", READ)).toMatchObject({ value: 116 });
  });

  test("shows an add once, while and after it is stored, to concurrent reads", async () => {
    const cluster = await started({ durable: false, storeMs: 10, freshMs: 1e6 });
    const values: unknown[] = [];
    for (let count = 0; count < 30; count++) {
      await cluster.ask("n0", add(1));
      const replies = Array.from({ length: 20 }, () => cluster.request("n0", READ));
      cluster.filter = (message) => (isOfType("cas_ok")(message) ? "hold" : "deliver");
      await cluster.advance(20);
      cluster.filter = () => "deliver";
      // The answer to the write, and more reads, in one piece of input.
      const released = cluster.release();
      for (let more = 0; more < 20; more++) {
        replies.push(cluster.request("n0", READ));
        await Promise.resolve();
      }
      await released;
      await cluster.settle();
      values.push(...new Set(replies.map((reply) => reply()?.["value"])));
    }
    expect(values).toEqual(Array.from({ length: 30 }, (_, count) => 112 + count));
  });

  test("refuses adds that it cannot store", async () => {
    const cluster = await started({ durable: false });
    const most = Number.MAX_SAFE_INTEGER;
    expect(await cluster.ask("n0", add(most))).toMatchObject({ type: "error", code: 14 });
    await cluster.ask("n0", add(most - 1));
    expect(await cluster.ask("n0", add(1))).toMatchObject({ type: "error", code: 14 });
  });
});
