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

const CYCLE_MS = 400;
const IDS = ["n0", "n1", "n2"];

/** Lets a gossiper hear from the first start of another node. */
function hear(node: Gossiper, src: string, nowMs: number, fields: Partial<Gossip>): void {
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

  test("keeps quiet when it has started, for others may not have", () => {
    const hub = gossiper("n0");
    const { messages, nextStepMs } = hub.step(0);
    expect(messages).toEqual([]);
    expect(nextStepMs).toBeGreaterThan(0);
  });

  test("takes the first node that answers for its parent", () => {
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

  test("sends news so that it arrives just before its parent's next batch", () => {
    const leaf = gossiper("n2");
    leaf.unmute(0);
    leaf.step(0);
    // Each batch took 100 ms, and the next one leaves 400 ms after the last one.
    for (let batch = 1; batch <= 20; batch++) {
      const nowMs = batch * CYCLE_MS;
      hear(leaf, "n0", nowMs, {
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
    // It must leave 100 ms before the batch does, which does 100 ms before it arrives.
    expect(nextStepMs).toBeGreaterThan(nowMs + CYCLE_MS - 260);
    expect(nextStepMs).toBeLessThan(nowMs + CYCLE_MS - 200);
  });

  test("lets news wait for no longer than a cycle, whatever it believes of the way", () => {
    const leaf = gossiper("n2");
    leaf.unmute(0);
    leaf.step(0);
    // Somebody stood still for a minute.
    hear(leaf, "n0", 60_000, { to: "n2~1", seen: 0, echo: [0, 0], next: CYCLE_MS, have: [] });
    leaf.add(1);
    let sentMs: number | undefined;
    for (let nowMs = 60_000; sentMs === undefined && nowMs < 70_000; nowMs += 10) {
      if (bodies(leaf.step(nowMs).messages).some(({ news }) => news !== undefined)) sentMs = nowMs;
    }
    expect(sentMs).toBeLessThanOrEqual(60_000 + CYCLE_MS + 10);
  });

  test("sends a batch before its time for news that has waited for a cycle, but not always", () => {
    const hub = gossiper("n0");
    hub.unmute(0);
    for (const src of ["n1", "n2"]) hear(hub, src, 0, { to: "n0~1", seen: 0, have: [] });
    const batchTimes: number[] = [];
    let missMs = 1;
    for (let nowMs = 1; nowMs < 60 * CYCLE_MS; nowMs++) {
      // Each batch is missed by 1 ms.
      if (nowMs === missMs) {
        const news: Gossip["news"] = [["n1~1", batchTimes.length, nowMs]];
        hear(hub, "n1", nowMs, { to: "n0~1", seen: 0, waited: CYCLE_MS, news });
      }
      const batch = hub.step(nowMs).messages.find(({ dest }) => dest === "n2")?.body;
      if (batch?.type !== "gossip" || batch.news === undefined) continue;
      const { end = 0, at = 0 } = batch;
      hear(hub, "n2", nowMs, { to: "n0~1", seen: end, echo: [at, 0] });
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
    for (const { node } of sides) node.unmute(0);
    // They have met, and both have news; their parent is n0.
    hear(one, "n2", 0, { to: "n1~1", seen: 0, have: [] });
    hear(other, "n1", 0, { to: "n2~1", seen: 0, have: [] });
    other.add(-1);
    hear(one, "n2", 0, { to: "n1~1", seen: 0, end: 1, news: [["n2~1", 0, -1]] });
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
    const lengths: number[] = [];
    let has = 0;
    for (let round = 0; has < 300_000 && round < 10; round++) {
      const seen = round === 0 ? {} : { seen: has, echo: [0, 0] as [number, number] };
      hear(hub, "n1", 0, { to: "n0~1", ...seen, ask: true, have: [["n0~1", has]] });
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

  /** How many characters a node sends another from one time to another, at 10,000 new values a second. */
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
  ])("sends little to one that stands still, however much is new: %s to %s", (id, dest) => {
    const node = gossiper(id);
    node.unmute(0);
    node.step(0);
    hear(node, dest, 10, { to: `${id}~1`, seen: 0, end: 0, ask: true, have: [], serve: true });
    charactersSent(node, dest, 10, 2000);
    // 100,000 values, which had half a million characters.
    expect(charactersSent(node, dest, 2000, 12_000)).toBeLessThan(1e6);
  });

  test("answers old questions of one that comes back with little, but for the first", () => {
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

  test("does not repeat a message that held no news", () => {
    const node = gossiper("n2");
    node.unmute(0);
    const wanted = { to: "n2~1", serve: true } as const;
    hear(node, "n1", 0, { ...wanted, at: 2, news: [["n1~1", 0, 7]] });
    hear(node, "n0", 0, { news: [["n0~1", 0, 8]] });
    // It was sent before the news: that n1 has all is known from both, but from neither alone.
    hear(node, "n1", 0, { ...wanted, at: 1, ask: true, have: [["n0~1", 1]] });
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
      hear(leaf, "n0", 0, { ask: true, have: [] });
      leaf.unmute(0);
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
          if (body.type === "gossip") node?.receive(src, asReceived(body), nowMs);
          node?.unmute(nowMs);
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
          nodes[node]?.unmute(nowMs);
          run(waitMs, fate);
        }
        for (const message of late.reverse()) deliver(message);
        run(3000, "deliver");
        const all = [...new Set(steps.map(({ value }) => value))].sort();
        for (const node of nodes) expect(node.values.asArray().toSorted()).toEqual(all);
      }),
    );
  });
});
