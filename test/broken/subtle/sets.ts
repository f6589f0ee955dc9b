/** Subtle bugs of sets: broadcast and g-set. */
import * as v from "valibot";
import type { Node, NodeId } from "../../../lib/vortex/index.ts";
import { KILLED, type SubtleCase, synced, type Variant } from "./case.ts";

/** One node, which stores each element before it acknowledges it. Adds share a sync. */
export const sharedSync = (variant: Variant) => (node: Node) => {
  const log = node.storage.of(v.number());
  const elements = new Set(log.readAll());
  let syncing: Promise<void> | undefined;

  const store = () => {
    // A sync in progress began before this element was appended, and does not cover it. The library's
    // own sync waits for it, and shares the next one.
    if (variant === "mended") return log.sync();
    syncing ??= log.sync().finally(() => {
      syncing = undefined;
    });
    return syncing;
  };

  node.handle("add", v.object({ element: v.number() }), async ({ body: { element } }) => {
    elements.add(element);
    log.append(element);
    await store();
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), async () => {
    const value = [...elements];
    await synced(node, log);
    return { type: "read_ok", value };
  });
};

/** Floods stored values: a node sends each to its neighbours until they have stored it. */
const storedFlood = (variant: Variant) => (node: Node) => {
  const log = node.storage.of(v.number());
  const values = new Set<number>();
  const pending = new Map<NodeId, Set<number>>();
  const learn = (value: number, src?: NodeId) => {
    if (values.has(value)) return;
    values.add(value);
    for (const peer of node.neighbours) {
      if (peer !== src) pending.getOrInsertComputed(peer, () => new Set()).add(value);
    }
  };
  // Whether the neighbours have them is not stored.
  for (const value of log.readAll()) learn(value);

  const store = async (received: readonly number[], src?: NodeId) => {
    for (const value of received) if (!values.has(value)) log.append(value);
    await synced(node, log);
    for (const value of received) learn(value, src);
  };
  node.handle("broadcast", v.object({ message: v.number() }), async ({ body }) => {
    await store([body.message]);
    return { type: "broadcast_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
  node.handle("flood", v.object({ values: v.array(v.number()) }), async ({ body, src }) => {
    const stored = store(body.values, src);
    // The sender forgets what is acknowledged, and a kill before the sync has ended loses it.
    await (variant === "mended" ? stored : Promise.race([stored, node.sleep(500)]));
    return { type: "flood_ok" };
  });
  const FloodOk = v.object({ type: v.literal("flood_ok") });
  node.every(100, () => {
    for (const [peer, unacknowledged] of pending) {
      const batch = [...unacknowledged];
      if (batch.length === 0) continue;
      node.rpc(peer, { type: "flood", values: batch }, FloodOk, ({ ok }) => {
        if (ok) for (const value of batch) unacknowledged.delete(value);
      });
    }
  });
};

/** Floods values to all neighbours, which flood them again: each arrives on many ways. */
const redundantFlood = (variant: Variant) => (node: Node) => {
  const values = new Set<number>();
  const pending = new Map<NodeId, Set<number>>();
  const learn = (value: number, src?: NodeId) => {
    if (values.has(value)) return;
    values.add(value);
    for (const neighbour of node.neighbours) {
      if (neighbour !== src) pending.getOrInsertComputed(neighbour, () => new Set()).add(value);
    }
  };
  node.handle("broadcast", v.object({ message: v.number() }), ({ body }) => {
    learn(body.message);
    return { type: "broadcast_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
  node.handle("flood", v.object({ values: v.array(v.number()) }), ({ body, src }) => {
    for (const value of body.values) learn(value, src);
    return { type: "flood_ok" };
  });
  const FloodOk = v.object({ type: v.literal("flood_ok") });
  node.every(200, () => {
    for (const [neighbour, unacknowledged] of pending) {
      const batch = [...unacknowledged];
      if (batch.length === 0) continue;
      node.rpc(neighbour, { type: "flood", values: batch }, FloodOk, ({ ok }) => {
        if (!ok) return;
        // Values that came while the batch was on its way were not in it. Other ways hide most of that.
        if (variant === "broken") unacknowledged.clear();
        else for (const value of batch) unacknowledged.delete(value);
      });
    }
  });
};

export const SUBTLE_SETS: readonly SubtleCase[] = [
  {
    bug: "takes a sync that is already in progress for its own",
    workload: "g-set",
    make: sharedSync,
    options: { ...KILLED, nodeCount: 1, rate: 2, timeLimitS: 40, nemesis: ["kill", "disk"] },
    shows: "lost",
    seed: 212,
  },
  {
    bug: "acknowledges a neighbour's value after 500 ms, stored or not",
    workload: "broadcast",
    make: storedFlood,
    options: {
      ...KILLED,
      rate: 3,
      nemesis: ["kill", "disk"],
      nemesisIntervalS: 1,
      topology: "total",
    },
    shows: "lost",
    seed: 112,
  },
  {
    bug: "forgets values that came while a batch was on its way",
    workload: "broadcast",
    make: redundantFlood,
    options: {
      nodeCount: 5,
      concurrency: 5,
      rate: 3,
      timeLimitS: 20,
      recoveryS: 3,
      topology: "total",
      latency: { meanMs: 1, distribution: "exponential" },
    },
    shows: "lost",
    seed: 342,
  },
];
