import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Gossiper } from "../../challenges/broadcast/gossiper.ts";
import type { Outgoing } from "../../challenges/broadcast/messages.ts";
import { broadcast } from "../../challenges/broadcast.ts";
import { TestCluster } from "../../lib/testing/index.ts";
import { type AnyBody, parseJson, stringifyJson } from "../../lib/vortex/index.ts";
import { receive, startNode } from "../support/fake-host.ts";

const CYCLE_MS = 400;
const IDS = ["n0", "n1", "n2"];

const cluster = (options: Partial<Parameters<typeof broadcast>[1]> = {}, nodeIds = IDS) =>
  new TestCluster({
    nodeIds,
    program: (node) => broadcast(node, { flushMs: CYCLE_MS, durable: false, ...options }),
  });
const give = (message: unknown) => ({ type: "broadcast", message });
const READ = { type: "read" };

/** What each node shows, sorted. */
async function shown(nodes: TestCluster, ids: readonly string[] = IDS): Promise<unknown[][]> {
  const shownBy = async (id: string) => {
    const { messages } = await nodes.ask(id, READ);
    const texts = new Map((messages as unknown[]).map((value) => [stringifyJson(value), value]));
    return [...texts.keys()].sort().map((text) => texts.get(text));
  };
  return await Promise.all(ids.map(shownBy));
}

describe("broadcast's handlers", () => {
  test("answer with nothing but what the workload's closed schemas allow", async () => {
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
    [{ type: "gossip" }, "me"],
    [{ type: "gossip", me: 7 }, "me"],
    [{ type: "gossip", me: "n1~1", seen: -1 }, "seen"],
    [{ type: "gossip", me: "n1~1", end: 1.5 }, "end"],
    [{ type: "gossip", me: "n1~1", news: [["n1~1"]] }, "news"],
    [{ type: "gossip", me: "n1~1", have: [["n1~1", "2"]] }, "have"],
    [{ type: "shown", values: 1 }, "values"],
  ])("refuse %j, name the field, and remember nothing of it", (body, field) => {
    const { node, host } = startNode((started) =>
      broadcast(started, { flushMs: CYCLE_MS, durable: false }),
    );
    receive(node, { ...body, msg_id: 2 });
    expect(host.takeBodies()).toMatchObject([
      { type: "error", code: 12, in_reply_to: 2, text: expect.stringContaining(field) },
    ]);
    receive(node, { ...READ, msg_id: 3 });
    expect(host.takeBodies()[0]).toMatchObject({ type: "read_ok", messages: [] });
  });

  test("acknowledge a value at once, before anything is sent to another node", () => {
    const { node, host } = startNode((started) =>
      broadcast(started, { flushMs: CYCLE_MS, durable: false }),
    );
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

  test("pass over messages of nodes that are not in the cluster", async () => {
    const nodes = cluster();
    const { node, host } = startNode((started) =>
      broadcast(started, { flushMs: CYCLE_MS, durable: false }),
    );
    receive(node, { type: "gossip", me: "x~1", news: [["x~1", 0, 7]] }, "x9");
    expect(host.takeSent()).toEqual([]);
    await nodes.settle();
  });
});

describe("broadcast on three nodes", () => {
  test("brings a value from any node to all", async () => {
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

  test("sends a batch a cycle, however many values there are", async () => {
    const nodes = cluster();
    await nodes.ask("n0", give(-1));
    await nodes.advance(5 * CYCLE_MS);
    nodes.takeMessages();
    for (let value = 0; value < 200; value++) {
      nodes.request("n0", give(value));
      await nodes.advance(20);
    }
    await nodes.advance(5 * CYCLE_MS);
    // 4 s are ten cycles: a batch to each of two nodes, and an acknowledgement for three batches.
    const sent = nodes.takeMessages().length;
    expect(sent).toBeGreaterThanOrEqual(20);
    expect(sent).toBeLessThanOrEqual(30);
    expect((await shown(nodes))[2]).toHaveLength(201);
  });

  test("repeats what was lost, until it is acknowledged", async () => {
    const nodes = cluster();
    await nodes.ask("n1", give(0));
    await nodes.advance(2 * CYCLE_MS);
    nodes.fate = () => "lose";
    await nodes.ask("n1", give(1));
    await nodes.advance(10_000);
    expect(await shown(nodes)).toEqual([[0], [0, 1], [0]]);
    nodes.fate = () => "deliver";
    await nodes.advance(1000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1]));
  });

  test("passes a hub that does not answer over in favour of the next node", async () => {
    const nodes = cluster();
    await nodes.ask("n0", give(0));
    await nodes.advance(2 * CYCLE_MS);
    nodes.fate = ({ src, dest }) => (src === "n0" || dest === "n0" ? "lose" : "deliver");
    await nodes.ask("n2", give(1));
    await nodes.advance(5000);
    expect(await shown(nodes, ["n1", "n2"])).toEqual(Array(2).fill([0, 1]));
    nodes.fate = () => "deliver";
    await nodes.advance(1000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1]));
  });

  test("brings values past a node that hears, but is not heard", async () => {
    const nodes = cluster();
    nodes.fate = ({ src, dest }) => (src === "n2" && dest === "n0" ? "lose" : "deliver");
    await nodes.ask("n2", give(1));
    await nodes.ask("n0", give(2));
    await nodes.advance(5000);
    expect(await shown(nodes)).toEqual(Array(3).fill([1, 2]));
  });

  test("does not mind messages that come late, twice, and in another order", async () => {
    const nodes = cluster();
    nodes.fate = () => "hold";
    for (let value = 0; value < 5; value++) {
      await nodes.ask(IDS[value % 3] ?? "n0", give(value));
      await nodes.advance(CYCLE_MS);
    }
    nodes.fate = () => "deliver";
    const held = nodes.messages.toReversed();
    await nodes.release();
    for (const { src, dest, body } of held) nodes.deliver({ src, dest, body });
    await nodes.advance(2000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1, 2, 3, 4]));
  });

  test("sends nothing when nothing is new, though it heard of a node's former self", async () => {
    const nodes = cluster({}, ["n0", "n1"]);
    nodes.fate = ({ src }) => (src === "n1" ? "hold" : "deliver");
    await nodes.advance(600);
    nodes.fate = () => "deliver";
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
    ["comes back empty", (nodes: TestCluster) => nodes.start("n1"), ["n0", "n1", "n2"]],
    ["does not come back", () => {}, ["n0", "n2"]],
  ])(
    "brings everywhere what only a hub in between had acknowledged that %s",
    async (_end, end, ids) => {
      const nodes = cluster();
      await nodes.ask("n0", give(0));
      await nodes.advance(2 * CYCLE_MS);
      nodes.fate = ({ src, dest }) => (src === "n0" || dest === "n0" ? "lose" : "deliver");
      await nodes.ask("n2", give(1));
      await nodes.advance(5000);
      // The partition ends with the hub that had the value for n0.
      nodes.fate = ({ src, dest }) =>
        ids.includes(src) && ids.includes(dest) ? "deliver" : "lose";
      end(nodes);
      await nodes.advance(3000);
      expect(await shown(nodes, ids)).toEqual(ids.map(() => [0, 1]));
    },
  );

  test("tells it that, though it hears first what its former self was asked", async () => {
    const nodes = cluster({}, ["n0", "n1"]);
    nodes.fate = ({ src }) => (src === "n1" ? "lose" : "deliver");
    await nodes.advance(2000);
    const question = nodes.takeMessages().find(({ src }) => src === "n0");
    expect(question?.body).toMatchObject({ ask: true, have: [] });
    nodes.fate = () => "deliver";
    await nodes.ask("n0", give(0));
    await nodes.advance(2000);
    nodes.start("n1");
    nodes.fate = () => "lose";
    if (question !== undefined) nodes.deliver(question);
    await nodes.settle();
    nodes.fate = () => "deliver";
    await nodes.advance(1000);
    expect(await shown(nodes, ["n0", "n1"])).toEqual(Array(2).fill([0]));
  });

  test("tells it that, though it hears first what its former self was told", async () => {
    const nodes = cluster({}, ["n0", "n1"]);
    for (const id of ["n1", "n0"]) {
      await nodes.ask(id, give(id));
      await nodes.advance(5 * CYCLE_MS);
    }
    const last = nodes.takeMessages().findLast(({ src }) => src === "n1");
    expect(last?.body).not.toContainAnyKeys(["ask", "have", "news"]);
    nodes.start("n0");
    nodes.fate = () => "lose";
    if (last !== undefined) nodes.deliver(last);
    await nodes.settle();
    nodes.fate = () => "deliver";
    await nodes.advance(1000);
    expect(await shown(nodes, ["n0", "n1"])).toEqual(Array(2).fill(["n0", "n1"]));
  });

  test("tells a node that was killed what the others have", async () => {
    const nodes = cluster();
    for (const id of IDS) await nodes.ask(id, give(id));
    await nodes.advance(2 * CYCLE_MS);
    for (const id of IDS) {
      nodes.start(id);
      await nodes.advance(1000);
      expect(await shown(nodes)).toEqual(Array(3).fill(IDS));
    }
  });

  test("tells it also what its former self had sent, and what arrived after its death", async () => {
    const nodes = cluster({}, ["n0", "n1"]);
    await nodes.ask("n1", give(0));
    await nodes.advance(2 * CYCLE_MS);
    nodes.fate = () => "hold";
    await nodes.ask("n1", give(1));
    await nodes.advance(CYCLE_MS);
    nodes.fate = () => "deliver";
    nodes.start("n1");
    await nodes.advance(2000);
    expect((await shown(nodes, ["n1"]))[0]).toEqual([0]);
    // What the dead node had sent was on its way for long.
    await nodes.release();
    await nodes.advance(2000);
    expect(await shown(nodes, ["n0", "n1"])).toEqual(Array(2).fill([0, 1]));
  });
});

describe("broadcast with --flush-ms 0", () => {
  test("sends a value to all others at once", async () => {
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

  test("acknowledges a value when it is stored, with all that wait", async () => {
    const nodes = durable();
    await nodes.ask("n0", give(-1));
    await nodes.advance(1000);
    nodes.fate = ({ body }) => (body["type"] === "cas" ? "hold" : "deliver");
    const replies = Array.from({ length: 10 }, (_, value) => nodes.request("n0", give(value)));
    await nodes.settle();
    expect(replies.map((reply) => reply())).toEqual(Array(10).fill(undefined));
    expect((await shown(nodes))[0]).toEqual([-1]);
    nodes.fate = () => "deliver";
    await nodes.release();
    expect(replies.every((reply) => reply()?.["type"] === "broadcast_ok")).toBe(true);
    const writes = nodes.messages.filter(({ body }) => body["type"] === "cas");
    expect(writes.length).toBeLessThanOrEqual(3);
  });

  test("answers with an error that leaves nothing behind when the service does not answer", async () => {
    const nodes = durable();
    await nodes.ask("n0", give(0));
    nodes.fate = ({ dest }) => (dest === "lin-kv" ? "lose" : "deliver");
    const first = nodes.request("n0", give(1));
    await nodes.advance(100);
    const second = nodes.request("n0", give(2));
    await nodes.advance(5000);
    expect(first()).toMatchObject({ type: "error", code: 0 });
    expect(second()).toMatchObject({ type: "error", code: 11 });
  });

  test("loses nothing that was acknowledged, though all nodes are killed at once", async () => {
    const nodes = durable();
    for (const [index, id] of [...IDS, ...IDS, ...IDS].entries()) await nodes.ask(id, give(index));
    for (const id of IDS) nodes.start(id);
    await nodes.advance(2000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1, 2, 3, 4, 5, 6, 7, 8]));
  });

  test("sends values to all others at once when they are stored, with --flush-ms 0", async () => {
    const nodes = cluster({ durable: true, flushMs: 0 });
    for (const id of IDS) await nodes.ask(id, READ);
    await nodes.advance(1000);
    await nodes.ask("n2", give(7));
    await nodes.settle();
    expect(await shown(nodes)).toEqual(Array(3).fill([7]));
  });

  test("goes on behind what an earlier start has stored", async () => {
    const nodes = durable();
    for (let start = 0; start < 5; start++) {
      await nodes.ask("n1", give(start));
      nodes.start("n1");
    }
    await nodes.advance(2000);
    expect(await shown(nodes)).toEqual(Array(3).fill([0, 1, 2, 3, 4]));
  });
});

describe("Gossiper", () => {
  const gossiper = (id: string, flushMs = CYCLE_MS) =>
    new Gossiper({ id, nodeIds: IDS, start: `${id}~1`, flushMs, nowMs: 0 });
  const bodies = (messages: readonly Outgoing[]): AnyBody[] =>
    messages.map(({ body }) => body as AnyBody);

  test("keeps quiet when it has started, for others may not have", () => {
    const hub = gossiper("n0");
    const { messages, wakeMs } = hub.step(0);
    expect(messages).toEqual([]);
    expect(wakeMs).toBeGreaterThan(0);
  });

  test("takes the first node that answers for its parent", () => {
    const leaf = gossiper("n2");
    leaf.add(1);
    leaf.wake(0);
    expect(leaf.step(0).messages).toMatchObject([{ dest: "n0", body: { ask: true } }]);
    let asked: string[] = [];
    for (let nowMs = 0; nowMs < 5000; nowMs += 10) {
      asked = [...asked, ...leaf.step(nowMs).messages.map(({ dest }) => dest)];
    }
    expect([...new Set(asked)]).toEqual(["n0", "n1"]);
  });

  test("sends news so that it arrives just before its parent's next batch", () => {
    const leaf = gossiper("n2");
    leaf.wake(0);
    leaf.step(0);
    const hear = (nowMs: number, end: number, value: number) =>
      leaf.receive(
        "n0",
        {
          type: "gossip",
          me: "n0~1",
          you: "n2~1",
          seen: 0,
          end,
          echo: [nowMs - 200, 0],
          at: nowMs - 100,
          next: CYCLE_MS,
          have: [],
          news: [["n0~1", end - 1, value]],
        },
        nowMs,
      );
    // Each batch took 100 ms, and the next one leaves 400 ms after the last one.
    for (let batch = 1; batch <= 20; batch++) {
      hear(batch * CYCLE_MS, batch, batch);
      leaf.step(batch * CYCLE_MS);
    }
    const nowMs = 20 * CYCLE_MS;
    leaf.add(100);
    const { messages, wakeMs } = leaf.step(nowMs + 1);
    expect(messages).toEqual([]);
    // It must leave 100 ms before the batch does, which does 100 ms before it arrives.
    expect(wakeMs).toBeGreaterThan(nowMs + CYCLE_MS - 260);
    expect(wakeMs).toBeLessThan(nowMs + CYCLE_MS - 200);
  });

  test("lets news wait for no longer than a cycle, whatever it believes of the way", () => {
    const leaf = gossiper("n2");
    leaf.wake(0);
    leaf.step(0);
    leaf.receive(
      "n0",
      {
        type: "gossip",
        me: "n0~1",
        you: "n2~1",
        seen: 0,
        // Somebody stood still for a minute.
        echo: [0, 0],
        at: 60_000,
        next: CYCLE_MS,
        have: [],
      },
      60_000,
    );
    leaf.add(1);
    let sentMs: number | undefined;
    for (let nowMs = 60_000; sentMs === undefined && nowMs < 70_000; nowMs += 10) {
      if (bodies(leaf.step(nowMs).messages).some(({ news }) => news !== undefined)) sentMs = nowMs;
    }
    expect(sentMs).toBeLessThanOrEqual(60_000 + CYCLE_MS + 10);
  });

  test("sends a batch before its time for news that has waited for a cycle, but not always", () => {
    const hub = gossiper("n0");
    hub.wake(0);
    const hear = (src: string, nowMs: number, rest: object) => {
      const me = `${src}~1`;
      hub.receive(src, { type: "gossip", me, you: "n0~1", at: nowMs, ...rest }, nowMs);
    };
    for (const src of ["n1", "n2"]) hear(src, 0, { seen: 0, have: [] });
    const batchTimes: number[] = [];
    let missMs = 1;
    for (let nowMs = 1; nowMs < 60 * CYCLE_MS; nowMs++) {
      // Each batch is missed by 1 ms.
      if (nowMs === missMs) {
        const news = [["n1~1", batchTimes.length, nowMs]];
        hear("n1", nowMs, { seen: 0, waited: CYCLE_MS, news });
      }
      const batch = hub.step(nowMs).messages.find(({ dest }) => dest === "n2")?.body;
      if (batch?.type !== "gossip" || batch.news === undefined) continue;
      hear("n2", nowMs, { seen: batch.end, echo: [batch.at, 0] });
      batchTimes.push(nowMs);
      missMs = nowMs + 1;
    }
    const intervals = batchTimes.slice(1).map((atMs, index) => atMs - (batchTimes[index] ?? 0));
    const early = intervals.filter((ms) => ms < CYCLE_MS);
    expect(early.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...early)).toBeLessThan(CYCLE_MS / 8);
    expect(early.length).toBeLessThanOrEqual(4 + intervals.length / 12);
  });

  test("acknowledges news of a node that is not its parent once, however often it comes", () => {
    const [one, other] = [gossiper("n1"), gossiper("n2")];
    const sides = [
      { id: "n1", node: one, other },
      { id: "n2", node: other, other: one },
    ];
    for (const { node } of sides) node.wake(0);
    // They have met, and both have news; their parent is n0.
    one.receive("n2", { type: "gossip", me: "n2~1", you: "n1~1", seen: 0, have: [] }, 0);
    other.receive("n1", { type: "gossip", me: "n1~1", you: "n2~1", seen: 0, have: [] }, 0);
    const news = { type: "gossip" as const, me: "n2~1", you: "n1~1", seen: 0, end: 1 };
    other.add(-1);
    one.receive("n2", { ...news, news: [["n2~1", 0, -1]] }, 0);
    const underWay: { readonly atMs: number; readonly arrive: () => void }[] = [];
    let count = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs++) {
      if (nowMs % 20 === 0) for (const { node } of sides) node.add(`${nowMs}`);
      while ((underWay[0]?.atMs ?? nowMs) < nowMs) underWay.shift()?.arrive();
      for (const { id, node, other: peer } of sides) {
        for (const { dest, body } of node.step(nowMs).messages) {
          if (dest === "n0" || body.type !== "gossip") continue;
          count++;
          const arrive = () =>
            peer.receive(id, parseJson(stringifyJson(body)) as never, nowMs + 50);
          // Every message takes 50 ms, and comes twice.
          underWay.push({ atMs: nowMs + 50, arrive }, { atMs: nowMs + 51, arrive });
        }
      }
    }
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(20);
  });

  test("sends what a peer lacks in pieces when it is a lot", () => {
    const hub = gossiper("n0");
    for (let value = 0; value < 300_000; value++) hub.add(value);
    const wanted = (seen: number | undefined, have: [string, number][]) => ({
      type: "gossip" as const,
      me: "n1~1",
      you: "n0~1",
      ...(seen === undefined ? {} : { seen }),
      ask: true as const,
      at: 0,
      have,
    });
    const lengths: number[] = [];
    let has = 0;
    for (let round = 0; has < 300_000 && round < 10; round++) {
      hub.receive("n1", wanted(round === 0 ? undefined : has, [["n0~1", has]]), 0);
      hub.wake(0);
      const answer = bodies(hub.step(0).messages).find(({ news }) => news !== undefined);
      const news = answer?.["news"] as [string, number, ...unknown[]][];
      for (const run of news) {
        expect(run[1]).toBe(has);
        has += run.length - 2;
      }
      lengths.push(stringifyJson(news).length);
    }
    expect(has).toBe(300_000);
    expect(Math.max(...lengths)).toBeLessThan(2 ** 21);
    expect(lengths.length).toBeGreaterThan(1);
  });

  test("does not repeat a message that held no news", () => {
    const node = gossiper("n2");
    node.wake(0);
    const wanted = { type: "gossip", you: "n2~1", serve: true } as const;
    node.receive("n1", { ...wanted, me: "n1~1", at: 2, news: [["n1~1", 0, 7]] }, 0);
    node.receive("n0", { type: "gossip", me: "n0~1", at: 0, news: [["n0~1", 0, 8]] }, 0);
    // It was sent before the news: that n1 has all is known from both, but from neither alone.
    node.receive("n1", { ...wanted, me: "n1~1", at: 1, ask: true, have: [["n0~1", 1]] }, 0);
    let count = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
      count += node.step(nowMs).messages.filter(({ dest }) => dest === "n1").length;
    }
    expect(count).toBe(1);
  });

  test.each([0, CYCLE_MS])(
    "sends no piece again before it may have been acknowledged, with --flush-ms %d",
    (flushMs) => {
      const leaf = gossiper("n1", flushMs);
      for (let value = 0; value < 200_000; value++) leaf.add(value);
      leaf.receive("n0", { type: "gossip", me: "n0~1", ask: true, at: 0, have: [] }, 0);
      leaf.wake(0);
      let count = 0;
      for (let nowMs = 0; nowMs < 350; nowMs++) {
        const { messages } = leaf.step(nowMs);
        count += messages.filter(({ body }) => "news" in body && body.news !== undefined).length;
      }
      expect(count).toBe(1);
    },
  );

  test("ends equal with its peers, whatever is lost, repeated or overtaken before", () => {
    const events = fc.array(
      fc.record({
        node: fc.nat(2),
        value: fc.nat(1000),
        waitMs: fc.nat(600),
        fate: fc.constantFrom("deliver", "lose", "twice", "late"),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(events, (steps) => {
        const nodes = IDS.map((id) => gossiper(id));
        let nowMs = 0;
        const late: (Outgoing & { readonly src: string })[] = [];
        const deliver = ({ src, dest, body }: Outgoing & { readonly src: string }) => {
          const node = nodes[IDS.indexOf(dest)];
          if (body.type === "gossip")
            node?.receive(src, parseJson(stringifyJson(body)) as never, nowMs);
          node?.wake(nowMs);
        };
        const run = (forMs: number, fate: string) => {
          for (const endMs = nowMs + forMs; nowMs < endMs; nowMs += 10) {
            for (const [index, node] of nodes.entries()) {
              for (const message of node.step(nowMs).messages) {
                const sent = { src: IDS[index] ?? "", ...message };
                if (fate === "late") late.push(sent);
                if (fate === "deliver" || fate === "twice") deliver(sent);
                if (fate === "twice") deliver(sent);
              }
            }
          }
        };
        for (const { node, value, waitMs, fate } of steps) {
          nodes[node]?.add(value);
          nodes[node]?.wake(nowMs);
          run(waitMs, fate);
        }
        for (const message of late.reverse()) deliver(message);
        run(3000, "deliver");
        const all = [...new Set(steps.map(({ value }) => value))].sort();
        for (const node of nodes) expect(node.values.toArray().sort()).toEqual(all);
      }),
    );
  });
});
