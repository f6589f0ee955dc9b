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

const RECORDS_PER_SNAPSHOT = 30;

/** One node, which shows an element when it is stored. Snapshots take the place of its log. */
const compacted = (variant: Variant) => (node: Node) => {
  const log = node.storage.of(v.array(v.number()));
  const appended = new Set(log.readAll().flat());
  const stored = new Set(appended);

  node.handle("add", v.object({ element: v.number() }), async ({ body: { element } }) => {
    appended.add(element);
    log.append([element]);
    await synced(node, log);
    stored.add(element);
    if (stored.size % RECORDS_PER_SNAPSHOT === 0) {
      // The snapshot also takes the place of an append in flight, which is not in what is stored.
      log.replace([[...(variant === "mended" ? appended : stored)]]);
    }
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", value: [...stored] }));
};

/** Nodes send each other new values once. Every 200 ms, they compare their sets, and merge those that differ. */
const compared = (variant: Variant) => (node: Node) => {
  const Values = v.object({ values: v.array(v.number()) });
  const values = new Set<number>();
  const learn = (received: readonly number[]) => {
    for (const value of received) values.add(value);
  };
  // Nodes that have missed as many values as each other have sets of the same size.
  const digest = () =>
    variant === "mended" ? [...values].toSorted((a, b) => a - b).join() : String(values.size);

  node.handle("broadcast", v.object({ message: v.number() }), ({ body: { message } }) => {
    values.add(message);
    for (const peer of node.peers) node.send(peer, { type: "values", values: [message] });
    return { type: "broadcast_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", messages: [...values] }));
  node.handle("values", Values, ({ body }) => learn(body.values));
  node.handle("merge", Values, ({ src, body }) => {
    learn(body.values);
    node.send(src, { type: "values", values: [...values] });
  });
  node.handle("compare", v.object({ digest: v.string() }), ({ src, body }) => {
    if (body.digest !== digest()) node.send(src, { type: "merge", values: [...values] });
  });
  node.every(200, () => {
    for (const peer of node.peers) node.send(peer, { type: "compare", digest: digest() });
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
  {
    bug: "takes a snapshot without the elements whose append is in flight",
    workload: "g-set",
    make: compacted,
    options: { ...KILLED, nodeCount: 1, timeLimitS: 40 },
    shows: "lost",
    seed: 5,
  },
  {
    bug: "compares the sizes of sets, not their elements",
    workload: "broadcast",
    make: compared,
    options: {
      nodeCount: 7,
      concurrency: 7,
      rate: 5,
      timeLimitS: 20,
      recoveryS: 3,
      nemesis: ["loss"],
      nemesisIntervalS: 5,
    },
    shows: "lost",
    seed: 181,
  },
];
