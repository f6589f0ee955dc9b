/**
 * Snapshot isolation on shards, with locks and timestamps: a transaction reads as of its start, locks the
 * lists that it appends to, and commits at a timestamp that it takes once it has all locks.
 *
 * @see Peng, Dabek: Large-scale Incremental Processing Using Distributed Transactions and Notifications
 *   (Percolator, OSDI 2010), §2.2 and §2.3
 */
import * as v from "valibot";
import { type KVNode, RpcError, retry } from "../../../lib/vortex/index.ts";
import { Txn } from "../../programs/transactions.ts";
import type { SubtleCase, Variant } from "./case.ts";

const Values = v.array(v.number());

interface List {
  /** Appended values, in the order of the timestamps. */
  readonly commits: { readonly at: number; readonly values: readonly number[] }[];
  /** Start of the transaction that has the lock. */
  lock: number | undefined;
}

const Get = v.object({ key: v.number(), start: v.number() });
const GetOk = v.object({ type: v.literal("get_ok"), values: Values });
const Lock = Get;
const LockOk = v.object({ type: v.literal("lock_ok") });
const Commit = v.object({ ...Lock.entries, at: v.number(), values: Values });
const CommitOk = v.object({ type: v.literal("commit_ok") });

export const snapshots = (variant: Variant) => (node: KVNode) => {
  const lists = new Map<number, List>();
  const listOf = (key: number): List =>
    lists.getOrInsertComputed(key, () => ({ commits: [], lock: undefined }));

  node.handle("get", Get, ({ body: { key, start } }) => {
    const { lock, commits } = listOf(key);
    if (lock !== undefined && lock < start) {
      throw new RpcError("txn-conflict", "May be committed before this transaction started");
    }
    const visible = commits.filter(({ at }) => at < start);
    return { type: "get_ok", values: visible.flatMap(({ values }) => values) };
  });
  node.handle("lock", Lock, ({ body: { key, start } }) => {
    const list = listOf(key);
    if (list.lock !== undefined || (list.commits.at(-1)?.at ?? 0) > start) {
      throw new RpcError("txn-conflict", "Another transaction appends to this list");
    }
    list.lock = start;
    return { type: "lock_ok" };
  });
  node.handle("unlock", Lock, ({ body: { key, start } }) => {
    const list = listOf(key);
    if (list.lock === start) list.lock = undefined;
  });
  node.handle("commit", Commit, ({ body: { key, start, at, values } }) => {
    const list = listOf(key);
    if (list.lock === start) {
      list.commits.push({ at, values });
      list.lock = undefined;
    }
    return { type: "commit_ok" };
  });

  const shardOf = (key: number) => node.nodeIds[key % node.nodeIds.length] ?? node.id;
  node.handle("txn", Txn, async ({ body }) => {
    const start = await node.linTso.next();
    const read = new Map<number, readonly number[]>();
    const appends = new Map<number, number[]>();
    const txn: [string, number, number | readonly number[] | null][] = [];
    for (const [f, key, value] of body.txn) {
      if (f === "append" && value !== null) {
        appends.getOrInsertComputed(key, () => []).push(value);
        txn.push([f, key, value]);
        continue;
      }
      if (!read.has(key)) {
        const got = await node.syncRpc(shardOf(key), { type: "get", key, start }, GetOk);
        read.set(key, got.values);
      }
      txn.push([f, key, [...(read.get(key) ?? []), ...(appends.get(key) ?? [])]]);
    }
    const keys = [...appends.keys()];
    if (keys.length === 0) return { type: "txn_ok", txn };

    // A transaction that starts after this timestamp is taken must find the locks, or it misses what is committed
    // before its start.
    const locking = Promise.allSettled(
      keys.map((key) => node.syncRpc(shardOf(key), { type: "lock", key, start }, LockOk)),
    );
    if (variant === "mended") await locking;
    const [locks, at] = await Promise.all([
      locking,
      retry(node, (timeoutMs) => node.linTso.next({ timeoutMs })),
    ]);
    if (locks.some(({ status }) => status === "rejected")) {
      for (const key of keys) node.send(shardOf(key), { type: "unlock", key, start });
      throw new RpcError("txn-conflict", "Another transaction appends to the same lists");
    }
    const commit = (key: number, values: readonly number[]) =>
      retry(node, (timeoutMs) => {
        const request = { type: "commit", key, start, at, values };
        return node.syncRpc(shardOf(key), request, CommitOk, { timeoutMs });
      });
    await Promise.all([...appends].map(([key, values]) => commit(key, values)));
    return { type: "txn_ok", txn };
  });
};

export const SUBTLE_SNAPSHOTS: readonly SubtleCase[] = [
  {
    bug: "takes the timestamp of its commit while it still waits for locks",
    workload: "txn-list-append",
    make: snapshots,
    options: {
      nodeCount: 3,
      concurrency: 6,
      rate: 12,
      timeLimitS: 20,
      recoveryS: 1,
      consistencyModels: ["snapshot-isolation"],
      latency: { meanMs: 10, distribution: "exponential" },
    },
    shows: "G-single-item",
    seed: 193,
  },
];
