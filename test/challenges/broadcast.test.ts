import { describe, expect, test } from "bun:test";
import { broadcast } from "../../challenges/broadcast.ts";
import { TestCluster } from "../../lib/testing/index.ts";
import { type AnyBody, parseJson, stringifyJson } from "../../lib/vortex/index.ts";
import { receive, startNode } from "../support/fake-host.ts";

const CYCLE_MS = 400;
const IDS = ["n0", "n1", "n2"];

const cluster = (options: Partial<Parameters<typeof broadcast>[1]> = {}, nodeIds = IDS) =>
  new TestCluster({ nodeIds, program: broadcast, options: { flushMs: CYCLE_MS, ...options } });
const give = (message: unknown) => ({ type: "broadcast", message });
const gossip = (fields: AnyBody = {}) => ({ type: "gossip", from: "n1~1", ...fields });
const READ = { type: "read" };

/** Starts n0 alone, with its host. */
const startOne = () =>
  startNode((node) => broadcast(node, { flushMs: CYCLE_MS, durable: false, storage: "lin-kv" }));

/**
 * Three nodes that all hold 0. Since n0, the hub, was cut off, n2 was given 1, and n1 has taken the
 * place of the hub.
 */
async function clusterWithoutItsHub(): Promise<TestCluster> {
  const nodes = cluster();
  await nodes.ask("n0", give(0));
  await nodes.advance(2 * CYCLE_MS);
  nodes.filter = ({ src, dest }) => (src === "n0" || dest === "n0" ? "drop" : "deliver");
  await nodes.ask("n2", give(1));
  await nodes.advance(5000);
  return nodes;
}

/** Sorted values that each node shows. */
async function shown(nodes: TestCluster, ids: readonly string[] = IDS): Promise<unknown[][]> {
  const shownBy = async (id: string) => {
    const { messages } = await nodes.ask(id, READ);
    const texts = new Map((messages as unknown[]).map((value) => [stringifyJson(value), value]));
    return [...texts.keys()].sort().map((text) => texts.get(text));
  };
  return await Promise.all(ids.map(shownBy));
}

describe("broadcast's handlers", () => {
  test("answer with the fields of the workload's closed schemas, and no others", async () => {
    const nodes = cluster();
    const given = nodes.request("n0", give(5));
    await nodes.settle();
    expect(given()).toEqual({ type: "broadcast_ok", in_reply_to: 1 });
    expect(await nodes.ask("n0", READ)).toEqual({
      type: "read_ok",
      messages: [5],
      in_reply_to: 2,
    });
    const topology = { n0: ["n1"], n1: ["n0"], n2: [] };
    expect(await nodes.ask("n0", { type: "topology", topology })).toEqual({
      type: "topology_ok",
      in_reply_to: 3,
    });
  });

  test.each([
    [{ type: "broadcast" }, "message"],
    [{ type: "topology", topology: 7 }, "topology"],
    [{ type: "gossip" }, "from"],
    [gossip({ from: 7 }), "from"],
    [gossip({ seen: -1 }), "seen"],
    [gossip({ end: 1.5 }), "end"],
    [gossip({ news: [["n1~1"]] }), "news"],
    [gossip({ have: [["n1~1", "2"]] }), "have"],
    [{ type: "eager", values: 1 }, "values"],
  ])("refuse %j, name the field, and keep nothing of it", (body, field) => {
    const { node, host } = startOne();
    receive(node, { ...body, msg_id: 2 });
    expect(host.takeBodies()).toMatchObject([
      { type: "error", code: 12, in_reply_to: 2, text: expect.stringContaining(field) },
    ]);
    receive(node, { ...READ, msg_id: 3 });
    expect(host.takeBodies()[0]).toMatchObject({ type: "read_ok", messages: [] });
  });

  test("acknowledge a value at once, before anything is sent to another node", () => {
    const { node, host } = startOne();
    receive(node, { ...give(1), msg_id: 2 });
    expect(host.takeBodies()[0]).toEqual({ type: "broadcast_ok", in_reply_to: 2 });
  });

  test("show each value once, any JSON, as it was written", async () => {
    const texts = ["1", "1.0", '"1"', "9007199254740993", "null", '{"__proto__":[1e400]}', "[]"];
    const nodes = cluster();
    for (const text of [...texts, ...texts]) await nodes.ask("n1", give(parseJson(text)));
    await nodes.advance(2 * CYCLE_MS);
    for (const values of await shown(nodes)) {
      expect(values.map(stringifyJson).sort()).toEqual(texts.toSorted());
    }
  });

  test("ignore messages from nodes outside the cluster", () => {
    const { node, host } = startOne();
    receive(node, gossip({ news: [["n1~1", 0, 7]] }), "x9");
    expect(host.takeSent()).toEqual([]);
  });
});

describe("broadcast on three nodes", () => {
  test("brings a value from any node to every node", async () => {
    const nodes = cluster();
    for (const [index, id] of IDS.entries()) await nodes.ask(id, give(index));
    await nodes.advance(2 * CYCLE_MS);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1, 2]));
  });

  test("sends nothing when nothing is new", async () => {
    const nodes = cluster();
    for (const id of IDS) await nodes.ask(id, give(id));
    await nodes.advance(5 * CYCLE_MS);
    nodes.takeMessages();
    await nodes.advance(60_000);
    for (const id of IDS) await nodes.ask(id, READ);
    expect(nodes.takeMessages()).toEqual([]);
  });

  test("sends one batch per cycle, however many values there are", async () => {
    const nodes = cluster();
    await nodes.ask("n0", give(-1));
    await nodes.advance(5 * CYCLE_MS);
    nodes.takeMessages();
    for (let value = 0; value < 200; value++) {
      nodes.request("n0", give(value));
      await nodes.advance(20);
    }
    await nodes.advance(5 * CYCLE_MS);
    // Ten cycles in 4 s: each with a batch to each of two nodes, and one acknowledgement per three batches.
    const sent = nodes.takeMessages().length;
    expect(sent).toBeGreaterThanOrEqual(20);
    expect(sent).toBeLessThanOrEqual(30);
    expect((await shown(nodes))[2]).toHaveLength(201);
  });

  test("repeats lost news until it is acknowledged", async () => {
    const nodes = cluster();
    await nodes.ask("n1", give(0));
    await nodes.advance(2 * CYCLE_MS);
    nodes.filter = () => "drop";
    await nodes.ask("n1", give(1));
    await nodes.advance(10_000);
    expect(await shown(nodes)).toEqual([[0], [0, 1], [0]]);
    nodes.filter = () => "deliver";
    await nodes.advance(1000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1]));
  });

  test("replaces a hub that does not answer with the next node", async () => {
    const nodes = await clusterWithoutItsHub();
    expect(await shown(nodes, ["n1", "n2"])).toEqual(Array(2).fill([0, 1]));
    nodes.filter = () => "deliver";
    await nodes.advance(1000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1]));
  });

  test("brings values past a link that is cut in one direction", async () => {
    const nodes = cluster();
    nodes.filter = ({ src, dest }) => (src === "n2" && dest === "n0" ? "drop" : "deliver");
    await nodes.ask("n2", give(1));
    await nodes.ask("n0", give(2));
    await nodes.advance(5000);
    expect(await shown(nodes)).toEqual(Array(3).fill([1, 2]));
  });

  test("tolerates messages that arrive late, twice, and in another order", async () => {
    const nodes = cluster();
    nodes.filter = () => "hold";
    for (let value = 0; value < 5; value++) {
      await nodes.ask(IDS[value % 3] ?? "n0", give(value));
      await nodes.advance(CYCLE_MS);
    }
    nodes.filter = () => "deliver";
    const held = nodes.messages.toReversed();
    await nodes.release();
    for (const { src, dest, body } of held) nodes.deliver({ src, dest, body });
    await nodes.advance(2000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1, 2, 3, 4]));
  });

  test("sends nothing when nothing is new, after a late message of an earlier incarnation", async () => {
    const nodes = cluster({}, ["n0", "n1"]);
    nodes.filter = ({ src }) => (src === "n1" ? "hold" : "deliver");
    await nodes.advance(600);
    nodes.filter = () => "deliver";
    nodes.start("n1");
    for (const value of [0, 1]) {
      await nodes.ask("n1", give(value));
      await nodes.advance(2000);
    }
    await nodes.release();
    await nodes.ask("n1", give(2));
    await nodes.advance(5000);
    expect(await shown(nodes, ["n0", "n1"])).toEqual(Array(2).fill([0, 1, 2]));
    nodes.takeMessages();
    await nodes.advance(10_000);
    expect(nodes.takeMessages()).toEqual([]);
  });

  test.each([
    ["came back empty", (nodes: TestCluster) => nodes.start("n1"), ["n0", "n1", "n2"]],
    ["did not come back", () => {}, ["n0", "n2"]],
  ])(
    "brings a value to every node after the only hub that acknowledged it %s",
    async (_end, end, ids) => {
      const nodes = await clusterWithoutItsHub();
      // The partition ends when the hub that held the value for n0 does.
      nodes.filter = ({ src, dest }) =>
        ids.includes(src) && ids.includes(dest) ? "deliver" : "drop";
      end(nodes);
      await nodes.advance(3000);
      expect(await shown(nodes, ids)).toEqual(ids.map(() => [0, 1]));
    },
  );

  test("asks a lost hub again when the parent in between has died, despite a late duplicate", async () => {
    const nodes = cluster();
    await nodes.ask("n2", give(0));
    await nodes.advance(5 * CYCLE_MS);
    const last = nodes.takeMessages().findLast(({ src, dest }) => src === "n0" && dest === "n2");
    expect(last?.body).toMatchObject({ serve: true });
    nodes.filter = ({ dest }) => (dest === "n0" ? "drop" : "deliver");
    await nodes.ask("n2", give(1));
    await nodes.advance(5000);
    // n2 has given n0 up. The duplicate says that n0 wants n2's batches, but answers nothing.
    if (last !== undefined) nodes.deliver(last);
    await nodes.advance(5000);
    // n1, which has acknowledged 1, dies before it can pass it on.
    nodes.filter = ({ src, dest }) => (src === "n1" || dest === "n1" ? "drop" : "deliver");
    await nodes.advance(3000);
    expect(await shown(nodes, ["n0", "n2"])).toEqual(Array(2).fill([0, 1]));
  });

  test("answers a new incarnation that first receives a question to an earlier one", async () => {
    const nodes = cluster({}, ["n0", "n1"]);
    nodes.filter = ({ src }) => (src === "n1" ? "drop" : "deliver");
    await nodes.advance(2000);
    const question = nodes.takeMessages().find(({ src }) => src === "n0");
    expect(question?.body).toMatchObject({ ask: true, have: [] });
    nodes.filter = () => "deliver";
    await nodes.ask("n0", give(0));
    await nodes.advance(2000);
    nodes.start("n1");
    nodes.filter = () => "drop";
    if (question !== undefined) nodes.deliver(question);
    await nodes.settle();
    nodes.filter = () => "deliver";
    await nodes.advance(1000);
    expect(await shown(nodes, ["n0", "n1"])).toEqual(Array(2).fill([0]));
  });

  test("answers a new incarnation that first receives news for an earlier one", async () => {
    const nodes = cluster({}, ["n0", "n1"]);
    for (const id of ["n1", "n0"]) {
      await nodes.ask(id, give(id));
      await nodes.advance(5 * CYCLE_MS);
    }
    const last = nodes.takeMessages().findLast(({ src }) => src === "n1");
    expect(last?.body).not.toContainAnyKeys(["ask", "have", "news"]);
    nodes.start("n0");
    nodes.filter = () => "drop";
    if (last !== undefined) nodes.deliver(last);
    await nodes.settle();
    nodes.filter = () => "deliver";
    await nodes.advance(1000);
    expect(await shown(nodes, ["n0", "n1"])).toEqual(Array(2).fill(["n0", "n1"]));
  });

  test("sends a node that was killed every value of the others", async () => {
    const nodes = cluster();
    for (const id of IDS) await nodes.ask(id, give(id));
    await nodes.advance(2 * CYCLE_MS);
    for (const id of IDS) {
      nodes.start(id);
      await nodes.advance(1000);
      expect(await shown(nodes)).toEqual(Array(3).fill(IDS));
    }
  });

  test("sends it the values of its earlier incarnation too, those that arrived after its death included", async () => {
    const nodes = cluster({}, ["n0", "n1"]);
    await nodes.ask("n1", give(0));
    await nodes.advance(2 * CYCLE_MS);
    nodes.filter = () => "hold";
    await nodes.ask("n1", give(1));
    await nodes.advance(CYCLE_MS);
    nodes.filter = () => "deliver";
    nodes.start("n1");
    await nodes.advance(2000);
    expect((await shown(nodes, ["n1"]))[0]).toEqual([0]);
    // Messages of the dead node arrive late.
    await nodes.release();
    await nodes.advance(2000);
    expect(await shown(nodes, ["n0", "n1"])).toEqual(Array(2).fill([0, 1]));
  });
});

describe("broadcast with --flush-ms 0", () => {
  test("sends a value to every other node at once", async () => {
    const nodes = cluster({ flushMs: 0 });
    for (const id of IDS) await nodes.ask(id, READ);
    await nodes.settle();
    nodes.takeMessages();
    await nodes.ask("n1", give(7));
    const sent = nodes.takeMessages();
    expect(sent.filter(({ src }) => src === "n1").map(({ dest }) => dest)).toEqual(
      expect.arrayContaining(["n0", "n2"]),
    );
    expect(await shown(nodes)).toEqual(Array(3).fill([7]));
  });
});

describe("broadcast with --durable", () => {
  const durable = () => cluster({ durable: true });

  test("acknowledges a value when it is stored, in one record with all that wait", async () => {
    const nodes = durable();
    await nodes.ask("n0", give(-1));
    await nodes.advance(1000);
    nodes.filter = ({ body }) => (body["type"] === "cas" ? "hold" : "deliver");
    const replies = Array.from({ length: 10 }, (_, value) => nodes.request("n0", give(value)));
    await nodes.settle();
    expect(replies.map((reply) => reply())).toEqual(Array(10).fill(undefined));
    expect((await shown(nodes))[0]).toEqual([-1]);
    nodes.filter = () => "deliver";
    await nodes.release();
    expect(replies.every((reply) => reply()?.["type"] === "broadcast_ok")).toBe(true);
    const writes = nodes.messages.filter(({ body }) => body["type"] === "cas");
    expect(writes.length).toBeLessThanOrEqual(3);
  });

  test("answers with an error when the service does not answer", async () => {
    const nodes = durable();
    await nodes.ask("n0", give(0));
    nodes.filter = ({ dest }) => (dest === "lin-kv" ? "drop" : "deliver");
    const first = nodes.request("n0", give(1));
    await nodes.advance(100);
    const second = nodes.request("n0", give(2));
    await nodes.advance(5000);
    expect(first()).toMatchObject({ type: "error", code: 0 });
    expect(second()).toMatchObject({ type: "error", code: 11 });
  });

  test("loses no acknowledged value when all nodes are killed at once", async () => {
    const nodes = durable();
    for (const [index, id] of [...IDS, ...IDS, ...IDS].entries()) await nodes.ask(id, give(index));
    for (const id of IDS) nodes.start(id);
    await nodes.advance(2000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1, 2, 3, 4, 5, 6, 7, 8]));
  });

  test("sends values to every other node once they are stored, with --flush-ms 0", async () => {
    const nodes = cluster({ durable: true, flushMs: 0 });
    for (const id of IDS) await nodes.ask(id, READ);
    await nodes.advance(1000);
    await nodes.ask("n2", give(7));
    await nodes.settle();
    expect(await shown(nodes)).toEqual(Array(3).fill([7]));
  });

  test("appends to the log of earlier incarnations", async () => {
    const nodes = durable();
    for (let start = 0; start < 5; start++) {
      await nodes.ask("n1", give(start));
      nodes.start("n1");
    }
    await nodes.advance(2000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1, 2, 3, 4]));
  });
});
