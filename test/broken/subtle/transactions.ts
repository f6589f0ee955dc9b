/** Subtle bugs of transactions: txn-rw-register and txn-list-append. */
import * as v from "valibot";
import { isRpcError, type KVNode, type Node, RpcError, retry } from "../../../lib/vortex/index.ts";
import { inTurn } from "../../programs/in-turn.ts";
import { Txn } from "../../programs/transactions.ts";
import type { SimulatedOptions } from "../../support/simulations/simulate.ts";
import { inTime, type SubtleCase, type Variant } from "./case.ts";

const CALM: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 20,
  timeLimitS: 10,
  recoveryS: 1,
  latency: { meanMs: 5, distribution: "exponential" },
};

const STRIPES = 8;

/**
 * Registers on the first node, with a version for each stripe of keys. A transaction reads its registers one
 * after the other, and writes if the versions of what it has read are still the same.
 */
const striped = (variant: Variant) => (node: KVNode) => {
  const [home = node.id] = node.nodeIds;
  const values = new Map<number, number | null>();
  const versions = new Map<number, number>();
  const stripeOf = (key: number) => key % STRIPES;
  const versionOf = (stripe: number) => versions.get(stripe) ?? 0;

  node.handle("get", v.object({ key: v.number() }), ({ body: { key } }) => {
    const value = values.get(key) ?? null;
    return { type: "get_ok", value, version: versionOf(stripeOf(key)) };
  });
  const Pairs = v.array(v.tuple([v.number(), v.nullable(v.number())]));
  const Commit = v.object({ read: v.array(v.tuple([v.number(), v.number()])), writes: Pairs });
  node.handle("commit", Commit, ({ body: { read, writes } }) => {
    const isValid = read.every(([stripe, version]) => versionOf(stripe) === version);
    if (!isValid) throw new RpcError("txn-conflict", "Another transaction has committed first");
    for (const [key, value] of writes) {
      values.set(key, value);
      versions.set(stripeOf(key), versionOf(stripeOf(key)) + 1);
    }
    return { type: "commit_ok" };
  });

  const GetOk = v.object({
    type: v.literal("get_ok"),
    value: v.nullable(v.number()),
    version: v.number(),
  });
  const CommitOk = v.object({ type: v.literal("commit_ok") });
  node.handle("txn", Txn, async ({ body }) => {
    const read = new Map<number, number>();
    const seen = new Map<number, number | null>();
    const writes = new Map<number, number | null>();
    const txn: [string, number, number | null][] = [];
    for (const [f, key, value] of body.txn) {
      if (f !== "r") {
        writes.set(key, value);
        seen.set(key, value);
      } else if (!seen.has(key)) {
        const got = await node.syncRpc(home, { type: "get", key }, GetOk);
        seen.set(key, got.value);
        const stripe = stripeOf(key);
        // Two keys of a stripe: the version of the second read hides that the first one is old.
        if (variant === "broken" || !read.has(stripe)) read.set(stripe, got.version);
        else if (read.get(stripe) !== got.version) {
          throw new RpcError("txn-conflict", "Another transaction has committed first");
        }
      }
      txn.push([f, key, seen.get(key) ?? null]);
    }
    await node.syncRpc(home, { type: "commit", read: [...read], writes: [...writes] }, CommitOk);
    return { type: "txn_ok", txn };
  });
};

/** All lists are one value in lin-kv. A transaction reads it, and commits by compare-and-set. */
const retried = (variant: Variant) => (node: KVNode) => {
  const Database = v.object({
    last: v.string(),
    lists: v.array(v.tuple([v.number(), v.array(v.number())])),
  });
  const database = node.linKv.of(Database);
  node.handle("txn", Txn, async ({ body }) => {
    const id = node.generateId();
    for (let attempt = 1; ; attempt++) {
      const before = await database.readOr("database", { last: "", lists: [] });
      const lists = new Map(before.lists);
      const txn = body.txn.map(([f, key, value]) => {
        if (f === "append" && value !== null) lists.set(key, [...(lists.get(key) ?? []), value]);
        return [f, key, f === "r" ? (lists.get(key) ?? null) : value];
      });
      if (body.txn.every(([f]) => f === "r")) return { type: "txn_ok", txn };
      try {
        const after = { last: id, lists: [...lists] };
        const options = { createIfNotExists: true, timeoutMs: 1000 };
        await database.cas("database", before, after, options);
        return { type: "txn_ok", txn };
      } catch (error) {
        if (isRpcError(error, "timeout")) {
          const { last } = await database.readOr("database", before);
          if (last === id) return { type: "txn_ok", txn };
          // It may have been committed all the same, with another transaction after it.
          if (variant === "mended") throw error;
        } else if (!isRpcError(error, "precondition-failed") || attempt === 5) {
          throw error;
        }
      }
    }
  });
};

const LOCK_MS = 1000;

/**
 * The first node has the registers, and a lock for each. A lock that is held for too long goes to the next
 * transaction that asks for it.
 *
 * @see Kleppmann: How to do distributed locking (2016)
 */
const locked = (variant: Variant) => (node: Node) => {
  const [home = node.id] = node.nodeIds;
  const values = new Map<number, number | null>();
  const locks = new Map<number, { readonly id: string; readonly untilMs: number }>();
  const release = (id: string) => {
    for (const [key, lock] of locks) if (lock.id === id) locks.delete(key);
  };

  node.handle("lock", v.object({ id: v.string(), key: v.number() }), ({ body: { id, key } }) => {
    const lock = locks.get(key);
    if (lock !== undefined && node.nowMs() < lock.untilMs) {
      throw new RpcError("txn-conflict", "Another transaction has the lock");
    }
    locks.set(key, { id, untilMs: node.nowMs() + LOCK_MS });
    return { type: "lock_ok", value: values.get(key) ?? null };
  });
  const Commit = v.object({
    id: v.string(),
    keys: v.array(v.number()),
    writes: v.array(v.tuple([v.number(), v.nullable(v.number())])),
  });
  node.handle("commit", Commit, ({ body: { id, keys, writes } }) => {
    const isHeld = keys.every((key) => locks.get(key)?.id === id);
    // A node that was paused commits after another transaction has taken its locks, and has ended.
    if (variant === "mended" && !isHeld) throw new RpcError("txn-conflict", "Lost a lock");
    for (const [key, value] of writes) values.set(key, value);
    release(id);
    return { type: "commit_ok" };
  });
  node.handle("release", v.object({ id: v.string() }), ({ body }) => release(body.id));

  const LockOk = v.object({ type: v.literal("lock_ok"), value: v.nullable(v.number()) });
  const CommitOk = v.object({ type: v.literal("commit_ok") });
  node.handle("txn", Txn, async ({ body }) => {
    const id = node.generateId();
    const keys = [...new Set(body.txn.map(([, key]) => key))];
    const seen = new Map<number, number | null>();
    try {
      for (const key of keys) {
        seen.set(key, (await node.syncRpc(home, { type: "lock", id, key }, LockOk)).value);
      }
      const writes = new Map<number, number | null>();
      const txn = body.txn.map(([f, key, value]) => {
        if (f === "r") return [f, key, seen.get(key) ?? null];
        seen.set(key, value);
        writes.set(key, value);
        return [f, key, value];
      });
      await node.syncRpc(home, { type: "commit", id, keys, writes: [...writes] }, CommitOk);
      return { type: "txn_ok", txn };
    } catch (error) {
      node.send(home, { type: "release", id });
      throw error;
    }
  });
};

const Lists = v.array(v.tuple([v.number(), v.array(v.number())]));
const RELEASE_TIMEOUT_MS = 200;
const LOCK_BACKOFF_MS = 50;

/**
 * All lists are one value in lin-kv, beside a lock that names its holder. A node sends a release again until
 * it is acknowledged.
 *
 * @see Redis documentation, "Distributed Locks": a value that is unique for each hold
 */
const released = (variant: Variant) => (node: KVNode) => {
  const lock = node.linKv.of(v.string());
  const database = node.linKv.of(Lists);
  const acquire = async (holder: string) => {
    for (;;) {
      try {
        await lock.cas("lock", "", holder, { createIfNotExists: true, timeoutMs: 5000 });
        return;
      } catch (error) {
        if (!isRpcError(error, "precondition-failed")) throw error;
      }
      await node.sleep(node.random() * LOCK_BACKOFF_MS);
    }
  };
  const release = async (holder: string) => {
    for (;;) {
      try {
        await lock.cas("lock", holder, "", { timeoutMs: RELEASE_TIMEOUT_MS });
        return;
      } catch (error) {
        if (isRpcError(error, "precondition-failed")) return;
      }
    }
  };
  const oneAtATime = inTurn();
  const execute = async (body: v.InferOutput<typeof Txn>) => {
    // A release whose repetition was faster arrives late, and must not end the next hold of the same node.
    const holder = variant === "mended" ? node.generateId() : node.id;
    await acquire(holder);
    const lists = new Map(
      await retry(node, (timeoutMs) => database.readOr("database", [], { timeoutMs })),
    );
    const txn = body.txn.map(([f, key, value]) => {
      if (f === "append" && value !== null) lists.set(key, [...(lists.get(key) ?? []), value]);
      return [f, key, f === "r" ? (lists.get(key) ?? null) : value];
    });
    if (body.txn.some(([f]) => f !== "r")) {
      await retry(node, (timeoutMs) => database.write("database", [...lists], { timeoutMs }));
    }
    await release(holder);
    return { type: "txn_ok", txn };
  };
  node.handle("txn", Txn, ({ body }) =>
    inTime(
      node,
      oneAtATime(() => execute(body)),
    ),
  );
};

export const SUBTLE_TRANSACTIONS: readonly SubtleCase[] = [
  {
    bug: "forgets that it has read a key if it reads another of the same stripe",
    workload: "txn-rw-register",
    make: striped,
    options: { ...CALM, rate: 30, latency: { meanMs: 10, distribution: "exponential" } },
    shows: "G-single-item",
    seed: 400,
  },
  {
    bug: "runs a transaction again after a timeout, unless it was the last to commit",
    workload: "txn-list-append",
    make: retried,
    options: { ...CALM, nemesis: ["slow"], nemesisIntervalS: 2 },
    shows: "duplicate-elements",
    seed: 376,
  },
  {
    bug: "commits without checking that it still has its locks",
    workload: "txn-rw-register",
    make: locked,
    options: { ...CALM, nemesis: ["pause"], nemesisIntervalS: 2 },
    shows: "G2-item",
    seed: 335,
  },
  {
    bug: "sends a release again that may end the next hold of its lock",
    workload: "txn-list-append",
    make: released,
    options: {
      ...CALM,
      rate: 10,
      nemesis: ["slow"],
      nemesisIntervalS: 2,
      latency: { meanMs: 15, distribution: "exponential" },
    },
    shows: "incompatible-order",
    seed: 79,
  },
];
