import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { echo } from "../../../challenges/echo.ts";
import { TestCluster } from "../../../lib/testing/index.ts";
import { type KVNode, withOptions } from "../../../lib/vortex/index.ts";

const Add = v.object({ value: v.number() });
const Anything = v.looseObject({});

/** Sends each value to every peer once, without retries. */
function forgetful(node: KVNode): void {
  const values = new Set<number>();
  node.handle("add", Add, ({ body: { value } }) => {
    values.add(value);
    for (const peer of node.peers) node.send(peer, { type: "told", value });
    return { type: "add_ok" };
  });
  node.handle("told", Add, ({ body }) => void values.add(body.value));
  node.handle("read", Anything, () => ({ type: "read_ok", values: [...values] }));
}

/** Ticks every 100 ms, and replies with its ticks and a random number. */
function ticking(node: KVNode): void {
  let ticks = 0;
  node.every(100, () => void ticks++);
  node.handle("ticks", Anything, (request) => {
    node.log(`asked at ${node.nowMs()}`);
    node.reply(request, { type: "ticks_ok", ticks, random: node.random() });
  });
  node.handle("slow", Anything, async (request) => {
    await node.sleep(2500);
    node.reply(request, { type: "slow_ok" });
  });
  node.handle("never", Anything, () => {});
}

const valuesOn = async (cluster: TestCluster, id: string) =>
  (await cluster.ask(id, { type: "read" }))["values"];

describe("TestCluster", () => {
  test("sends a body and resolves with the reply", async () => {
    const cluster = new TestCluster({ program: echo });
    const reply = await cluster.ask("n0", { type: "echo", echo: "hello" });
    expect(reply).toMatchObject({ type: "echo_ok", echo: "hello" });
  });

  test("resolves with the body of an error reply", async () => {
    const cluster = new TestCluster({ program: echo });
    expect(await cluster.ask("n0", { type: "shout" })).toMatchObject({ type: "error", code: 10 });
  });

  test("advances time until the reply arrives", async () => {
    const cluster = new TestCluster({ program: ticking });
    expect(await cluster.ask("n1", { type: "slow" })).toMatchObject({ type: "slow_ok" });
    expect(cluster.nowMs).toBe(2500);
  });

  test("rejects when no reply arrives within 10 s", async () => {
    const cluster = new TestCluster({ program: ticking });
    const asked = cluster.ask("n0", { type: "never" });
    await expect(asked).rejects.toThrow('n0 did not reply to "never" within 10 s');
  });

  test("advances time on all nodes, by the given duration", async () => {
    const cluster = new TestCluster({ program: ticking });
    await cluster.advance(250);
    for (const id of ["n0", "n1", "n2"]) {
      expect(await cluster.ask(id, { type: "ticks" })).toMatchObject({ ticks: 2 });
    }
    expect(cluster.nowMs).toBe(250);
    expect(cluster.logs).toEqual(["n0: asked at 250", "n1: asked at 250", "n2: asked at 250"]);
  });

  test("delivers between nodes after the latency", async () => {
    const cluster = new TestCluster({ program: forgetful, latencyMs: 100 });
    await cluster.ask("n0", { type: "add", value: 7 });
    await cluster.advance(99);
    expect(await valuesOn(cluster, "n1")).toEqual([]);
    await cluster.advance(1);
    expect(await valuesOn(cluster, "n1")).toEqual([7]);
  });

  test("drops messages on a cut link, both ways, until it is healed", async () => {
    const cluster = new TestCluster({ program: forgetful });
    cluster.cut("n0", "n1");
    await cluster.ask("n0", { type: "add", value: 1 });
    await cluster.ask("n1", { type: "add", value: 2 });
    expect(cluster.droppedCount).toBe(2);
    expect(await valuesOn(cluster, "n0")).toEqual([1]);
    expect(await valuesOn(cluster, "n1")).toEqual([2]);
    expect(await valuesOn(cluster, "n2")).toEqual([1, 2]);
    cluster.heal();
    await cluster.ask("n0", { type: "add", value: 3 });
    expect(await valuesOn(cluster, "n1")).toEqual([2, 3]);
  });

  test("cuts every link between two groups of a partition, and none within", async () => {
    const nodeIds = ["n0", "n1", "n2", "n3", "n4"];
    const cluster = new TestCluster({ program: forgetful, nodeIds });
    cluster.partition(["n0", "n1"], ["n2", "n3"]);
    await cluster.ask("n0", { type: "add", value: 1 });
    const holders = [];
    for (const id of nodeIds) {
      if (Bun.deepEquals(await valuesOn(cluster, id), [1])) holders.push(id);
    }
    expect(holders).toEqual(["n0", "n1", "n4"]);
    expect(cluster.droppedCount).toBe(2);
  });

  test("delivers, drops or holds each message as its filter says", async () => {
    const cluster = new TestCluster({ program: forgetful });
    cluster.filter = ({ dest }) => (dest === "n1" ? "hold" : "drop");
    await cluster.ask("n0", { type: "add", value: 1 });
    expect(await valuesOn(cluster, "n1")).toEqual([]);
    await cluster.release();
    expect(await valuesOn(cluster, "n1")).toEqual([1]);
    expect(await valuesOn(cluster, "n2")).toEqual([]);
    expect(cluster.takeMessages().map(({ src, dest }) => `${src} ${dest}`)).toEqual([
      "n0 n1",
      "n0 n2",
    ]);
    expect(cluster.takeMessages()).toEqual([]);
  });

  test("kills a node with all its timers, and starts it without state", async () => {
    const cluster = new TestCluster({ program: ticking });
    await cluster.advance(1000);
    cluster.kill("n0");
    expect(() => cluster.request("n0", { type: "ticks" })).toThrow("n0 is not running");
    cluster.start("n0");
    await cluster.advance(200);
    expect(await cluster.ask("n0", { type: "ticks" })).toMatchObject({ ticks: 2 });
    expect(await cluster.ask("n1", { type: "ticks" })).toMatchObject({ ticks: 12 });
  });

  test("refuses a fault of a node that it does not have", () => {
    const cluster = new TestCluster({ program: ticking });
    const message = "There is no node n3: the cluster has n0, n1, n2";
    expect(() => cluster.kill("n3")).toThrow(message);
    expect(() => cluster.start("n3")).toThrow(message);
    expect(() => cluster.cut("n0", "n3")).toThrow(message);
    expect(() => cluster.partition(["n0", "n1"], ["n3"])).toThrow(message);
    expect(() => cluster.cut("n0", "lin-kv")).not.toThrow();
  });

  test("provides Maelstrom's services, as stale as the test says", async () => {
    const program = (node: KVNode) => {
      node.handle("put", Add, async (request) => {
        await node.seqKv.write("key", request.body.value);
        node.reply(request, { type: "put_ok", at: await node.linTso.next() });
      });
      node.handle("get", Anything, async (request) => {
        node.reply(request, { type: "get_ok", value: await node.seqKv.readOr("key", null) });
      });
    };
    const cluster = new TestCluster({ program });
    expect(await cluster.ask("n0", { type: "put", value: 1 })).toMatchObject({ at: 0 });
    expect(await cluster.ask("n0", { type: "put", value: 2 })).toMatchObject({ at: 1 });
    expect(await cluster.ask("n1", { type: "get" })).toMatchObject({ value: 2 });
    cluster.stalenessInStates = 1;
    expect(await cluster.ask("n1", { type: "get" })).toMatchObject({ value: 1 });
    expect(cluster.seqKv.valuesOf("key")).toEqual([1, 2]);
  });

  test("keeps the three key-value services separate", async () => {
    const program = (node: KVNode) => {
      node.handle("go", Anything, async () => {
        await node.seqKv.write("key", "seq");
        await node.linKv.write("key", "lin");
        await node.lwwKv.write("key", "lww");
        return {
          type: "go_ok",
          read: [await node.seqKv.read("key"), await node.linKv.read("key")],
        };
      });
    };
    const cluster = new TestCluster({ program });
    expect(await cluster.ask("n0", { type: "go" })).toMatchObject({ read: ["seq", "lin"] });
    const { seqKv, linKv, lwwKv } = cluster;
    expect([seqKv, linKv, lwwKv].map((kv) => kv.valuesOf("key"))).toEqual([
      ["seq"],
      ["lin"],
      ["lww"],
    ]);
  });

  test("stores a value in a service as another program would", async () => {
    const program = (node: KVNode) => {
      node.handle("get", Anything, async () => ({
        type: "get_ok",
        ...(await node.linKv.of(Add).read("key")),
      }));
    };
    const cluster = new TestCluster({ program });
    cluster.linKv.write("key", { value: 5 });
    expect(await cluster.ask("n0", { type: "get" })).toMatchObject({ value: 5 });
    cluster.linKv.write("key", null);
    expect(await cluster.ask("n0", { type: "get" })).toMatchObject({ type: "error", code: 13 });
  });

  const greeting = withOptions(
    v.object({ greeting: v.optional(v.string(), "hello"), count: v.optional(v.number(), 1) }),
    (node, options) => node.handle("greet", Anything, () => ({ type: "greet_ok", ...options })),
  );

  test("passes options to the program, with defaults for those left out", async () => {
    const cluster = new TestCluster({ program: greeting, options: { greeting: "hi" } });
    const reply = await cluster.ask("n0", { type: "greet" });
    expect(reply).toMatchObject({ greeting: "hi", count: 1 });
    const other = new TestCluster({ program: greeting });
    expect(await other.ask("n0", { type: "greet" })).toMatchObject({ greeting: "hello" });
  });

  test("refuses options that do not fit the program", () => {
    const options = { count: "one" } as never;
    expect(() => new TestCluster({ program: greeting, options })).toThrow(
      'Invalid options of the program: "count" must be a number, but is "one"',
    );
  });

  test("counts how often assertions were reached and evaluated, on all nodes and all their runs", () => {
    const program = (node: KVNode) => {
      node.always(node.id !== "", "nodes have names");
      node.sometimes(node.id === "n1", "n1 starts");
      node.sometimes(node.id === "n9", "n9 starts");
    };
    const cluster = new TestCluster({ program });
    cluster.start("n1");
    expect(cluster.always).toEqual({ "nodes have names": 4 });
    expect(cluster.sometimes).toEqual({ "n1 starts": 2, "n9 starts": 0 });
  });

  test("throws when the program throws, with its error", () => {
    const program = () => {
      throw new Error("no luck");
    };
    expect(() => new TestCluster({ program })).toThrow("n0 cannot start: Error: no luck");
  });

  test("rejects when a node sends to an unknown name", async () => {
    const program = (node: KVNode) =>
      node.handle("go", Anything, () => node.send("n7", { type: "hello" }));
    const cluster = new TestCluster({ program });
    await expect(cluster.ask("n0", { type: "go" })).rejects.toThrow('n0 sent "hello" to n7');
  });

  test("runs the same way every time, random numbers included", async () => {
    const run = async () => {
      const cluster = new TestCluster({ program: ticking });
      const ask = (id: string) => cluster.ask(id, { type: "ticks" });
      return { n0: await ask("n0"), n1: await ask("n1") };
    };
    const once = await run();
    expect(await run()).toEqual(once);
    expect(once.n0["random"]).not.toEqual(once.n1["random"]);
  });
});
