/** Subtle bugs of counters. */
import * as v from "valibot";
import type { Node, NodeId } from "../../../lib/vortex/index.ts";
import { KILLED, type SubtleCase, synced, type Variant } from "./case.ts";

const Add = v.object({ delta: v.number() });

/**
 * Nodes send each other their deltas, until the receiver has stored them. It ignores those whose id it
 * knows.
 */
const storedDeltas = (variant: Variant) => (node: Node) => {
  const Received = v.object({ id: v.string(), delta: v.number() });
  const Record = v.union([
    v.object({ own: v.number() }),
    Received,
    v.object({ sentTo: v.string(), count: v.number() }),
  ]);
  const log = node.storage.of(Record);
  const own: number[] = [];
  const received = new Map<string, number>();
  const sent = new Map(node.peers.map((peer) => [peer, 0]));
  for (const record of log.readAll()) {
    if ("own" in record) own.push(record.own);
    else if ("id" in record) received.set(record.id, record.delta);
    else sent.set(record.sentTo, record.count);
  }
  let storedCount = own.length;
  // After a restart, a node sends deltas again whose acknowledgement it had not stored. With the id of a
  // process in it, they are others.
  const name = variant === "mended" ? node.id : node.generateId();

  node.handle("add", Add, async ({ body: { delta } }) => {
    const count = own.push(delta);
    log.append({ own: delta });
    await synced(node, log);
    storedCount = Math.max(storedCount, count);
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => ({
    type: "read_ok",
    value: [...own, ...received.values()].reduce((sum, delta) => sum + delta, 0),
  }));
  node.handle("deltas", v.object({ deltas: v.array(Received) }), async ({ body }) => {
    for (const { id, delta } of body.deltas) {
      if (received.has(id)) continue;
      received.set(id, delta);
      log.append({ id, delta });
    }
    await synced(node, log);
    return { type: "deltas_ok" };
  });
  const DeltasOk = v.object({ type: v.literal("deltas_ok") });
  node.every(500, () => {
    for (const [peer, from] of sent) {
      const count = storedCount;
      if (count === from) continue;
      const deltas = own
        .slice(from, count)
        .map((delta, index) => ({ id: `${name}/${from + index}`, delta }));
      node.rpc(peer, { type: "deltas", deltas }, DeltasOk, ({ ok }) => {
        if (!ok) return;
        sent.set(peer, Math.max(count, sent.get(peer) ?? 0));
        log.append({ sentTo: peer, count });
        log.sync().catch(() => {});
      });
    }
  });
};

/**
 * Each node gossips the totals of all nodes, of which the larger is the newer one. A node that is
 * restarted has its own from its disk.
 */
const storedTotals = (variant: Variant) => (node: Node) => {
  const Total = v.object({ added: v.number(), subtracted: v.number() });
  type Total = v.InferOutput<typeof Total>;
  const ZERO: Total = { added: 0, subtracted: 0 };
  const log = node.storage.of(Total);
  let own = log.readAll().at(-1) ?? ZERO;
  let stored = own;
  const totals = new Map<NodeId, Total>([[node.id, own]]);
  const larger = (one: Total, other: Total): Total => ({
    added: Math.max(one.added, other.added),
    subtracted: Math.max(one.subtracted, other.subtracted),
  });

  node.handle("add", Add, async ({ body: { delta } }) => {
    const { added, subtracted } = own;
    own =
      delta < 0 ? { added, subtracted: subtracted - delta } : { added: added + delta, subtracted };
    const total = own;
    log.append(total);
    await synced(node, log);
    stored = larger(stored, total);
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => {
    const all = new Map([...totals, [node.id, own]]);
    const value = [...all.values()].reduce((sum, it) => sum + it.added - it.subtracted, 0);
    return { type: "read_ok", value };
  });
  const Gossip = v.object({ totals: v.array(v.tuple([v.string(), Total])) });
  node.handle("gossip", Gossip, ({ body }) => {
    for (const [id, total] of body.totals) {
      if (id !== node.id) totals.set(id, larger(totals.get(id) ?? ZERO, total));
    }
  });
  node.every(400, () => {
    // A kill loses a total that is not stored. The next ones may be smaller, and others ignore them.
    totals.set(node.id, variant === "mended" ? stored : own);
    for (const peer of node.peers) node.send(peer, { type: "gossip", totals: [...totals] });
  });
};

/**
 * Each node streams its deltas to the others, without waiting for acknowledgements, and begins again after
 * what was acknowledged if one stays out.
 */
const streamed = (variant: Variant) => (node: Node) => {
  const own: number[] = [];
  const received = new Map<NodeId, { readonly count: number; readonly total: number }>();
  const sent = new Map(node.peers.map((peer) => [peer, 0]));
  const sum = (deltas: readonly number[]) => deltas.reduce((total, delta) => total + delta, 0);

  node.handle("add", Add, ({ body: { delta } }) => {
    own.push(delta);
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => ({
    type: "read_ok",
    value: sum(own) + sum([...received.values()].map(({ total }) => total)),
  }));
  const Deltas = v.object({ from: v.number(), deltas: v.array(v.number()) });
  node.handle("deltas", Deltas, ({ src, body: { from, deltas } }) => {
    const { count, total } = received.get(src) ?? { count: 0, total: 0 };
    // This message may have overtaken the one with the deltas between.
    const isNext = variant === "mended" ? from <= count : true;
    const end = from + deltas.length;
    if (!isNext || end <= count) return { type: "deltas_ok", count };
    const added = deltas.slice(Math.max(0, count - from));
    received.set(src, { count: end, total: total + sum(added) });
    return { type: "deltas_ok", count: end };
  });
  const DeltasOk = v.object({ type: v.literal("deltas_ok"), count: v.number() });
  const acknowledged = new Map(sent);
  node.every(50, () => {
    for (const [peer, from] of sent) {
      const deltas = own.slice(from);
      if (deltas.length === 0) continue;
      const end = own.length;
      sent.set(peer, end);
      const settle = (count: number) => {
        acknowledged.set(peer, Math.max(count, acknowledged.get(peer) ?? 0));
        const known = acknowledged.get(peer) ?? 0;
        if (known < end) sent.set(peer, known);
      };
      node.rpc(peer, { type: "deltas", from, deltas }, DeltasOk, (result) => {
        settle(result.ok ? result.body.count : 0);
      });
    }
  });
};

export const SUBTLE_COUNTERS: readonly SubtleCase[] = [
  {
    bug: "gives the deltas that it resends after a restart new ids",
    workload: "g-counter",
    make: storedDeltas,
    options: { ...KILLED, rate: 4, latency: { meanMs: 1, distribution: "exponential" } },
    shows: "wrong results",
    seed: 87,
  },
  {
    bug: "gossips a total that is not stored",
    workload: "pn-counter",
    make: storedTotals,
    options: { ...KILLED, rate: 1, nemesis: ["kill", "disk"] },
    shows: "wrong results",
    seed: 242,
  },
  {
    bug: "skips the deltas that a later message has overtaken",
    workload: "g-counter",
    make: streamed,
    options: {
      nodeCount: 3,
      concurrency: 6,
      rate: 20,
      timeLimitS: 20,
      recoveryS: 3,
      latency: { meanMs: 20, distribution: "exponential" },
    },
    shows: "wrong results",
    seed: 450,
  },
];
