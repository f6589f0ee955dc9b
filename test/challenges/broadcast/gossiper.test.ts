import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import * as v from "valibot";
import { Gossiper } from "../../../challenges/broadcast/gossiper.ts";
import {
  Gossip,
  type Outgoing,
  type OutgoingGossip,
} from "../../../challenges/broadcast/messages.ts";
import { type AnyBody, parseJson, stringifyJson } from "../../../lib/vortex/index.ts";
import { GossiperCluster } from "./gossiper-cluster.ts";

const CYCLE_MS = 400;
const IDS = ["n0", "n1", "n2"];

/** Hands a gossiper a message from the first incarnation of a peer. */
function receive(node: Gossiper, src: string, nowMs: number, fields: Partial<Gossip>): void {
  node.receive(src, { type: "gossip", from: `${src}~1`, at: nowMs, ...fields }, nowMs);
}

/** A message as its receiver parses it. */
function asReceived(body: OutgoingGossip): Gossip {
  return v.parse(Gossip, parseJson(stringifyJson(body)));
}

describe("Gossiper", () => {
  const gossiper = (id: string, flushMs = CYCLE_MS) =>
    new Gossiper({ id, nodeIds: IDS, incarnation: `${id}~1`, flushMs, nowMs: 0 });
  const bodies = (messages: readonly Outgoing[]): AnyBody[] =>
    messages.map(({ body }) => body as AnyBody);

  test("is mute when it starts, because other nodes may not run yet", () => {
    const hub = gossiper("n0");
    const { messages, nextStepMs } = hub.step(0);
    expect(messages).toEqual([]);
    expect(nextStepMs).toBeGreaterThan(0);
  });

  test("takes the first node that answers as its parent", () => {
    const leaf = gossiper("n2");
    leaf.add(1);
    leaf.unmute(0);
    expect(leaf.step(0).messages).toMatchObject([{ dest: "n0", body: { ask: true } }]);
    let asked: string[] = [];
    for (let nowMs = 0; nowMs < 5000; nowMs += 10) {
      asked = [...asked, ...leaf.step(nowMs).messages.map(({ dest }) => dest)];
    }
    expect([...new Set(asked)]).toEqual(["n0", "n1"]);
  });

  test("sends news to arrive just before its parent's next batch", () => {
    const leaf = gossiper("n2");
    leaf.unmute(0);
    leaf.step(0);
    // Each batch takes 100 ms, and leaves 400 ms after the last one.
    for (let batch = 1; batch <= 20; batch++) {
      const nowMs = batch * CYCLE_MS;
      receive(leaf, "n0", nowMs, {
        to: "n2~1",
        seen: 0,
        end: batch,
        echo: [nowMs - 200, 0],
        at: nowMs - 100,
        next: CYCLE_MS,
        have: [],
        news: [["n0~1", batch - 1, batch]],
      });
      leaf.step(nowMs);
    }
    const nowMs = 20 * CYCLE_MS;
    leaf.add(100);
    const { messages, nextStepMs } = leaf.step(nowMs + 1);
    expect(messages).toEqual([]);
    // 100 ms before the batch leaves, which is 100 ms before it arrives.
    expect(nextStepMs).toBeGreaterThan(nowMs + CYCLE_MS - 260);
    expect(nextStepMs).toBeLessThan(nowMs + CYCLE_MS - 200);
  });

  test("lets news wait for one cycle at most, whatever its estimate of the round trip", () => {
    const leaf = gossiper("n2");
    leaf.unmute(0);
    leaf.step(0);
    // One of the two was paused for a minute.
    receive(leaf, "n0", 60_000, { to: "n2~1", seen: 0, echo: [0, 0], next: CYCLE_MS, have: [] });
    leaf.add(1);
    let sentMs: number | undefined;
    for (let nowMs = 60_000; sentMs === undefined && nowMs < 70_000; nowMs += 10) {
      if (bodies(leaf.step(nowMs).messages).some(({ news }) => news !== undefined)) sentMs = nowMs;
    }
    expect(sentMs).toBeLessThanOrEqual(60_000 + CYCLE_MS + 10);
  });

  test("sends an early batch for news that has waited for a cycle, but not always", () => {
    const hub = gossiper("n0");
    hub.unmute(0);
    for (const src of ["n1", "n2"]) receive(hub, src, 0, { to: "n0~1", seen: 0, have: [] });
    const batchTimes: number[] = [];
    let missMs = 1;
    for (let nowMs = 1; nowMs < 60 * CYCLE_MS; nowMs++) {
      // News misses each batch by 1 ms.
      if (nowMs === missMs) {
        const news: Gossip["news"] = [["n1~1", batchTimes.length, nowMs]];
        receive(hub, "n1", nowMs, { to: "n0~1", seen: 0, waited: CYCLE_MS, news });
      }
      const batch = hub.step(nowMs).messages.find(({ dest }) => dest === "n2")?.body;
      if (batch?.type !== "gossip" || batch.news === undefined) continue;
      const { end = 0, at = 0 } = batch;
      receive(hub, "n2", nowMs, { to: "n0~1", seen: end, echo: [at, 0] });
      batchTimes.push(nowMs);
      missMs = nowMs + 1;
    }
    const intervals = batchTimes.slice(1).map((atMs, index) => atMs - (batchTimes[index] ?? 0));
    const early = intervals.filter((ms) => ms < CYCLE_MS);
    expect(early.length).toBeGreaterThanOrEqual(3);
    expect(Math.max(...early)).toBeLessThan(CYCLE_MS / 8);
    expect(early.length).toBeLessThanOrEqual(4 + intervals.length / 12);
  });

  test("acknowledges news once, however often it comes, if it is not from its parent", () => {
    const [one, other] = [gossiper("n1"), gossiper("n2")];
    const sides = [
      { id: "n1", node: one, other },
      { id: "n2", node: other, other: one },
    ];
    for (const { node } of sides) node.unmute(0);
    // They have met, and both have news. Their parent is n0.
    receive(one, "n2", 0, { to: "n1~1", seen: 0, have: [] });
    receive(other, "n1", 0, { to: "n2~1", seen: 0, have: [] });
    other.add(-1);
    receive(one, "n2", 0, { to: "n1~1", seen: 0, end: 1, news: [["n2~1", 0, -1]] });
    const underWay: { readonly atMs: number; readonly arrive: () => void }[] = [];
    let count = 0;
    for (let nowMs = 0; nowMs < 1000; nowMs++) {
      if (nowMs % 20 === 0) for (const { node } of sides) node.add(`${nowMs}`);
      while ((underWay[0]?.atMs ?? nowMs) < nowMs) underWay.shift()?.arrive();
      for (const { id, node, other: peer } of sides) {
        for (const { dest, body } of node.step(nowMs).messages) {
          if (dest === "n0" || body.type !== "gossip") continue;
          count++;
          const arrive = () => peer.receive(id, asReceived(body), nowMs + 50);
          // Every message takes 50 ms and arrives twice.
          underWay.push({ atMs: nowMs + 50, arrive }, { atMs: nowMs + 51, arrive });
        }
      }
    }
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(20);
  });

  test("sends a peer that lacks a lot one page at a time", () => {
    const hub = gossiper("n0");
    for (let value = 0; value < 300_000; value++) hub.add(value);
    const lengths: number[] = [];
    let has = 0;
    for (let round = 0; has < 300_000 && round < 10; round++) {
      const seen = round === 0 ? {} : { seen: has, echo: [0, 0] as [number, number] };
      receive(hub, "n1", 0, { to: "n0~1", ...seen, ask: true, have: [["n0~1", has]] });
      hub.unmute(0);
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

  /** Characters that a node sends another during a span of time, at 10,000 new values per second. */
  const charactersSent = (node: Gossiper, dest: string, fromMs: number, toMs: number) => {
    let characters = 0;
    for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) {
      for (let value = 0; value < 100; value++) node.add(nowMs * 10 + value);
      for (const message of node.step(nowMs).messages) {
        if (message.dest === dest) characters += stringifyJson(message.body).length;
      }
    }
    return characters;
  };

  test.each([
    ["n2", "n0"],
    ["n0", "n2"],
  ])("sends little to a paused peer, however much is new: %s to %s", (id, dest) => {
    const node = gossiper(id);
    node.unmute(0);
    node.step(0);
    receive(node, dest, 10, { to: `${id}~1`, seen: 0, end: 0, ask: true, have: [], serve: true });
    charactersSent(node, dest, 10, 2000);
    // There are 100,000 new values of half a million characters.
    expect(charactersSent(node, dest, 2000, 12_000)).toBeLessThan(1e6);
  });

  test("answers only the first of many late questions at length", () => {
    const hub = gossiper("n0");
    hub.unmute(0);
    for (let value = 0; value < 100_000; value++) hub.add(value);
    const answers: number[] = [];
    const ask = (at: number, echo?: [number, number]) => {
      const fields = { to: "n0~1", seen: 0, ask: true as const, have: [], at };
      hub.receive(
        "n1",
        { type: "gossip", from: "n1~1", ...fields, ...(echo ? { echo } : {}) },
        5000,
      );
      const sent = bodies(hub.step(5000).messages).filter(({ have }) => have !== undefined);
      answers.push(stringifyJson(sent).length);
    };
    for (let at = 1000; at < 5000; at += 400) ask(at, [900, 0]);
    expect(answers[0]).toBeGreaterThan(500_000);
    expect(Math.max(...answers.slice(1))).toBeLessThan(2 ** 15);
    ask(5000, [5000, 0]);
    expect(answers.at(-1)).toBeGreaterThan(500_000);
  });

  test("does not repeat a message without news", () => {
    const node = gossiper("n2");
    node.unmute(0);
    const wanted = { to: "n2~1", serve: true } as const;
    receive(node, "n1", 0, { ...wanted, at: 2, news: [["n1~1", 0, 7]] });
    receive(node, "n0", 0, { news: [["n0~1", 0, 8]] });
    // Sent before the news. Only both messages together show that n1 holds everything.
    receive(node, "n1", 0, { ...wanted, at: 1, ask: true, have: [["n0~1", 1]] });
    let count = 0;
    for (let nowMs = 0; nowMs < 10_000; nowMs += 10) {
      count += node.step(nowMs).messages.filter(({ dest }) => dest === "n1").length;
    }
    expect(count).toBe(1);
  });

  test.each([0, CYCLE_MS])(
    "repeats no page before its acknowledgement can have arrived, with --flush-ms %d",
    (flushMs) => {
      const leaf = gossiper("n1", flushMs);
      for (let value = 0; value < 200_000; value++) leaf.add(value);
      receive(leaf, "n0", 0, { ask: true, have: [] });
      leaf.unmute(0);
      let count = 0;
      for (let nowMs = 0; nowMs < 350; nowMs++) {
        const { messages } = leaf.step(nowMs);
        count += messages.filter(({ body }) => "news" in body && body.news !== undefined).length;
      }
      expect(count).toBe(1);
    },
  );

  test("ends equal with its peers, whatever was lost, repeated or reordered before", () => {
    const events = fc.array(
      fc.record({
        id: fc.constantFrom(...IDS),
        value: fc.nat(1000),
        waitMs: fc.nat(600),
        fault: fc.constantFrom("none", "loss", "duplicate", "reorder"),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(events, (steps) => {
        const cluster = new GossiperCluster({ ids: IDS, flushMs: CYCLE_MS });
        const endMs = steps.reduce((sum, { waitMs }) => sum + waitMs, 0);
        for (const { id, value, waitMs, fault } of steps) {
          cluster.route = () => {
            if (fault === "loss") return [];
            if (fault === "duplicate") return [0, 0];
            // The earlier it was sent, the later it arrives.
            return [fault === "reorder" ? 2 * (endMs - cluster.nowMs()) : 0];
          };
          cluster.add(id, value);
          cluster.advance(waitMs);
        }
        cluster.route = () => [0];
        cluster.advance(endMs + 3000);
        cluster.expectSettled();
        const all = [...new Set(steps.map(({ value }) => value))].sort();
        for (const values of cluster.values()) expect(values.toSorted()).toEqual(all);
      }),
    );
  });
});
