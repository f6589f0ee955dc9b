/** Subtle bugs of transactions: txn-rw-register and txn-list-append. */
import * as v from "valibot";
import { isRpcError, type KVNode, RpcError } from "../../../lib/vortex/index.ts";
import { Txn } from "../../programs/transactions.ts";
import type { SimulatedOptions } from "../../support/simulations/simulate.ts";
import type { SubtleCase, Variant } from "./case.ts";

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
];
