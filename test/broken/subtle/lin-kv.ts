/** Subtle bugs of lin-kv. */
import * as v from "valibot";
import {
  type KVNode,
  type Node,
  type NodeId,
  type OutgoingBody,
  RpcError,
  retry,
} from "../../../lib/vortex/index.ts";
import { inTurn } from "../../programs/in-turn.ts";
import { keyValue, Read } from "../../programs/key-value.ts";
import { apply, Request } from "../../programs/machine.ts";
import type { SimulatedOptions } from "../../support/simulations/simulate.ts";
import { type SubtleCase, synced, type Variant } from "./case.ts";

const CALM: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 20,
  timeLimitS: 10,
  recoveryS: 1,
};

const Served = v.object({ type: v.literal("served"), reply: Request });

/** Serves clients' requests for other nodes. Returns the function that asks another node to do so. */
function servingOthers(node: Node, serve: (request: Request) => Promise<OutgoingBody>) {
  node.handle("serve", v.object({ request: Request }), async ({ body }) => ({
    type: "served",
    reply: await serve(body.request),
  }));
  return async (server: NodeId, request: Request): Promise<OutgoingBody> =>
    (await node.syncRpc(server, { type: "serve", request }, Served)).reply;
}

const LEASE_MS = 200;

/**
 * The first node has the values. The others may answer reads of a key from a copy while they have a lease
 * of it; a change waits until all leases of its key have ended.
 */
export const leased = (variant: Variant) => (node: Node) => {
  const [home = node.id] = node.nodeIds;
  const store = keyValue();
  /** End of the last lease of each key, in whole ms. */
  const leases = new Map<number, number>();
  const copies = new Map<number, { readonly body: OutgoingBody; readonly untilMs: number }>();
  const nowMs = () => Math.floor(node.nowMs());

  const serve = async (request: Request): Promise<OutgoingBody> => {
    const key = Number(request["key"]);
    if (request.type !== "read") {
      for (;;) {
        const waitMs = (leases.get(key) ?? 0) - nowMs();
        if (waitMs <= 0) break;
        await node.sleep(waitMs);
      }
    }
    return apply(store, request);
  };
  node.handle("lease", Read, ({ body }) => {
    const reply = apply(store, { ...body, type: "read" });
    const untilMs = nowMs() + LEASE_MS;
    leases.set(body.key, untilMs);
    return { type: "lease_ok", reply, untilMs };
  });
  const LeaseOk = v.object({ type: v.literal("lease_ok"), reply: Request, untilMs: v.number() });
  const ask = servingOthers(node, serve);
  for (const type of Object.keys(store)) {
    node.handle(type, Request, async ({ body: { msg_id: _, ...request } }) => {
      if (node.id === home) return serve(request);
      if (type !== "read") {
        return ask(home, request);
      }
      const key = Number(request["key"]);
      const copy = copies.get(key);
      // The change that has waited for the lease is made at the very millisecond in which it ends.
      const isValid = (untilMs: number) =>
        variant === "mended" ? nowMs() < untilMs : nowMs() <= untilMs;
      if (copy !== undefined && isValid(copy.untilMs)) return copy.body;
      const { reply, untilMs } = await node.syncRpc(home, { type: "lease", key }, LeaseOk);
      copies.set(key, { body: reply, untilMs });
      return reply;
    });
  }
};

/**
 * All values are in the service lin-kv. Nodes keep copies of what they have read, and a change tells all
 * nodes to remove theirs before and after it is made.
 */
const invalidated = (variant: Variant) => (node: KVNode) => {
  const copies = new Map<number, number>();
  /** Number of requests to remove the copy of each key. */
  const removals = new Map<number, number>();
  const removed = (key: number) => {
    copies.delete(key);
    removals.set(key, (removals.get(key) ?? 0) + 1);
  };
  const values = node.linKv.of(v.number());
  const RemoveOk = v.object({ type: v.literal("remove_ok") });
  node.handle("remove", Read, ({ body }) => {
    removed(body.key);
    return { type: "remove_ok" };
  });
  const removeAll = async (key: number) => {
    removed(key);
    const replies = await node.rpcAll(node.peers, { type: "remove", key }, RemoveOk);
    if ([...replies.values()].some(({ ok }) => !ok)) {
      throw new RpcError("timeout", "A node has not removed its copy");
    }
  };

  node.handle("read", Read, async ({ body: { key } }) => {
    const copy = copies.get(key);
    if (copy !== undefined) return { type: "read_ok", value: copy };
    const before = removals.get(key);
    const value = await values.read(key);
    // A change may have removed the copy while the reply, which is older, was on its way.
    if (variant === "broken" || removals.get(key) === before) copies.set(key, value);
    return { type: "read_ok", value };
  });
  node.handle("write", v.object({ key: v.number(), value: v.number() }), async ({ body }) => {
    await values.write(body.key, body.value);
    await removeAll(body.key);
    return { type: "write_ok" };
  });
  const Cas = v.object({ key: v.number(), from: v.number(), to: v.number() });
  node.handle("cas", Cas, async ({ body: { key, from, to } }) => {
    await values.cas(key, from, to);
    await removeAll(key);
    return { type: "cas_ok" };
  });
};

/** One node, which stores each change before it makes it. */
const storedFirst = (variant: Variant) => (node: Node) => {
  const values = new Map<number, number>();
  const store = keyValue(values);
  const log = node.storage.of(v.object({ key: v.number(), value: v.number() }));
  for (const { key, value } of log.readAll()) values.set(key, value);
  const oneAtATime = inTurn();

  const change = async (request: Request): Promise<OutgoingBody> => {
    const key = Number(request["key"]);
    const before = values.get(key);
    const reply = apply(store, request);
    const value = values.get(key);
    if (reply.type === "error" || value === undefined) return reply;
    // Reads must not see the change before it is stored.
    if (before === undefined) values.delete(key);
    else values.set(key, before);
    log.append({ key, value });
    await synced(node, log);
    values.set(key, value);
    return reply;
  };
  for (const type of Object.keys(store)) {
    node.handle(type, Request, ({ body: { msg_id: _, ...request } }) => {
      if (type === "read") return apply(store, request);
      // Two compare-and-sets may both find the value that they expect before either has made its change.
      if (variant === "broken") return change(request);
      return oneAtATime(() => change(request));
    });
  }
};

const REMEMBERED = 2;

/**
 * The first node has the values, on its disk, with the outcomes of the latest requests of each node: a
 * request that is repeated gets the same answer.
 */
const remembering = (variant: Variant) => (node: Node) => {
  const [home = node.id] = node.nodeIds;
  const values = new Map<number, number>();
  const store = keyValue(values);
  const Step = v.object({ src: v.string(), id: v.string(), request: Request });
  const log = node.storage.of(Step);
  const outcomes = new Map<NodeId, Map<string, OutgoingBody>>();
  const execute = ({ src, id, request }: v.InferOutput<typeof Step>): OutgoingBody => {
    const known = outcomes.getOrInsertComputed(src, () => new Map());
    const outcome = known.get(id) ?? apply(store, request);
    known.set(id, outcome);
    for (const oldest of known.keys()) {
      if (known.size <= REMEMBERED) break;
      known.delete(oldest);
    }
    return outcome;
  };
  for (const step of log.readAll()) execute(step);

  let count = 0;
  const Execute = v.object({ id: v.string(), request: Request });
  const Executed = v.object({ type: v.literal("executed"), outcome: Request });
  node.handle("execute", Execute, async ({ src, body }) => {
    const step = { src, ...body };
    log.append(step);
    const outcome = execute(step);
    await synced(node, log);
    return { type: "executed", outcome };
  });
  for (const type of Object.keys(store)) {
    node.handle(type, Request, async ({ body: { msg_id: _, ...request } }) => {
      // A restarted node counts from 1 again, and the first node may remember another request of that number.
      const id = variant === "mended" ? node.generateId() : String(++count);
      for (let attempt = 1; ; attempt++) {
        try {
          const body = { type: "execute", id, request };
          return (await node.syncRpc(home, body, Executed, { timeoutMs: 500 })).outcome;
        } catch (error) {
          if (attempt === 4) throw error;
        }
      }
    });
  }
};

/**
 * A chain of nodes: the first one orders changes, each passes them on, and the last one commits them. A node
 * answers a read itself unless its value is dirty, not acknowledged by the next one.
 *
 * @see Terrace, Freedman: Object Storage on CRAQ (USENIX ATC 2009)
 */
const chained = (variant: Variant) => (node: Node) => {
  const [head = node.id] = node.nodeIds;
  const tail = node.nodeIds.at(-1) ?? node.id;
  const successor = node.nodeIds[node.nodeIds.indexOf(node.id) + 1];
  const values = new Map<number, number>();
  const store = keyValue(values);
  /** Number of the last change of each key that is dirty. */
  const dirty = new Map<number, number>();
  const Change = v.object({ number: v.number(), key: v.number(), value: v.number() });
  let made = 0;
  const turns = new Map<number, PromiseWithResolvers<void>>();

  const ChangeOk = v.object({ type: v.literal("change_ok") });
  const make = async (change: v.InferOutput<typeof Change>) => {
    const { number, key, value } = change;
    if (number > made + 1) {
      await turns.getOrInsertComputed(number, () => Promise.withResolvers()).promise;
    }
    const isNew = number > made;
    if (isNew) {
      made = number;
      values.set(key, value);
      turns.get(number + 1)?.resolve();
    }
    if (successor === undefined) return;
    if (isNew) dirty.set(key, number);
    await retry(node, (timeoutMs) =>
      node.syncRpc(successor, { type: "change", ...change }, ChangeOk, { timeoutMs }),
    );
    // A later change of the key may still be on its way.
    if (variant === "broken" || dirty.get(key) === number) dirty.delete(key);
  };
  node.handle("change", Change, async ({ body }) => {
    await make(body);
    return { type: "change_ok" };
  });

  const serve = async (request: Request): Promise<OutgoingBody> => {
    const key = Number(request["key"]);
    const before = values.get(key);
    const reply = apply(store, request);
    const value = values.get(key);
    if (request.type === "read" || reply.type === "error" || value === undefined) return reply;
    if (before !== undefined) values.set(key, before);
    await make({ number: made + 1, key, value });
    return reply;
  };
  const ask = servingOthers(node, serve);
  for (const type of Object.keys(store)) {
    node.handle(type, Request, async ({ body: { msg_id: _, ...request } }) => {
      const isClean = type === "read" && !dirty.has(Number(request["key"]));
      const server = type === "read" ? tail : head;
      if (isClean || node.id === server) return serve(request);
      return ask(server, request);
    });
  }
};

const RECORD_LEASE_MS = 1000;
const RENEWAL_MS = 300;

/**
 * All values are one record in lin-kv. The node that holds it changes its version to renew the lease.
 * Another node takes it over when the version has stayed the same for as long as a lease.
 *
 * @see Patrikalakis, Slutsker: Building Distributed Locks with the DynamoDB Lock Client (2017)
 * @see Raft thesis, §6.4.1: a lease counts from the moment at which the request was sent
 */
const held = (variant: Variant) => (node: KVNode) => {
  const Values = v.array(v.tuple([v.number(), v.number()]));
  const Version = v.object({ version: v.string(), values: Values });
  type Version = v.InferOutput<typeof Version>;
  const record = node.linKv.of(Version);
  let latest: Version = { version: "", values: [] };
  let seenAtMs = node.nowMs();
  let leaseEndMs = 0;
  const isHolder = () => node.nowMs() < leaseEndMs;

  const put = async (values: Version["values"]) => {
    const next = { version: node.generateId(), values };
    const sentAtMs = node.nowMs();
    try {
      await record.cas("record", latest, next, { createIfNotExists: true, timeoutMs: 1000 });
    } catch (error) {
      leaseEndMs = 0;
      throw error;
    }
    latest = next;
    // The others may have seen the new version long before its reply arrives.
    leaseEndMs = (variant === "mended" ? sentAtMs : node.nowMs()) + RECORD_LEASE_MS;
  };
  const oneAtATime = inTurn();
  node.every(RENEWAL_MS, () => {
    oneAtATime(async () => {
      if (isHolder()) return put(latest.values);
      const seen = await record.readOr("record", latest);
      if (seen.version !== latest.version) seenAtMs = node.nowMs();
      latest = seen;
      if (node.nowMs() - seenAtMs > RECORD_LEASE_MS) await put(latest.values);
    }).catch(() => {});
  });

  const requireHolder = () => {
    if (!isHolder()) throw new RpcError("temporarily-unavailable", "Another node has the values");
  };
  for (const type of Object.keys(keyValue())) {
    node.handle(type, Request, ({ body: { msg_id: _, ...request } }) => {
      requireHolder();
      if (type === "read") return apply(keyValue(new Map(latest.values)), request);
      return oneAtATime(async () => {
        requireHolder();
        const values = new Map(latest.values);
        const reply = apply(keyValue(values), request);
        if (reply.type !== "error") await put([...values]);
        return reply;
      });
    });
  }
};

export const SUBTLE_LIN_KV: readonly SubtleCase[] = [
  {
    bug: "compares the end of a lease with <=",
    workload: "lin-kv",
    make: leased,
    options: CALM,
    shows: "not linearizable",
    seed: 238,
  },
  {
    bug: "fills its cache with a reply that a change has overtaken",
    workload: "lin-kv",
    make: invalidated,
    options: { ...CALM, rate: 12, latency: { meanMs: 1, distribution: "exponential" } },
    shows: "not linearizable",
    seed: 730,
  },
  {
    bug: "compares before the sync, and sets after it",
    workload: "lin-kv",
    make: storedFirst,
    options: { ...CALM, nodeCount: 1, rate: 12 },
    shows: "not linearizable",
    seed: 29,
  },
  {
    bug: "numbers its requests from 1 after a restart, while outcomes are remembered by number",
    workload: "lin-kv",
    make: remembering,
    options: { ...CALM, rate: 60, timeLimitS: 10, nemesis: ["kill"], nemesisIntervalS: 2 },
    shows: "not linearizable",
    seed: 67,
  },
  {
    bug: "takes a value for clean when an earlier change of it is acknowledged",
    workload: "lin-kv",
    make: chained,
    options: { ...CALM, rate: 30, latency: { meanMs: 5, distribution: "exponential" } },
    shows: "not linearizable",
    seed: 1709,
  },
  {
    bug: "starts its lease at the reply instead of the request",
    workload: "lin-kv",
    make: held,
    options: {
      ...CALM,
      rate: 30,
      timeLimitS: 20,
      nemesis: ["pause"],
      nemesisIntervalS: 2,
      latency: { meanMs: 1, distribution: "exponential" },
    },
    shows: "not linearizable",
    seed: 555,
  },
];
