import * as v from "valibot";
import { type Node, serve } from "vortex";

const Value = v.nullable(v.number());
const Operation = v.tuple([v.picklist(["r", "w"]), v.number(), Value]);
const Txn = v.object({ txn: v.array(Operation) });
/** The writes of one transaction, and its stamp. */
const Commit = v.object({
  clock: v.number(),
  node: v.string(),
  writes: v.array(v.tuple([v.number(), Value])),
});
type Commit = v.InferOutput<typeof Commit>;
const Batch = v.object({ commits: v.array(Commit) });
const BatchOk = v.object({ type: v.literal("batch_ok") });

const FLUSH_INTERVAL_MS = 50;

export function registers(node: Node): void {
  /** Key -> its value, and the commit that wrote it: the one with the highest stamp. */
  const latest = new Map<number, { readonly value: number | null; readonly by: Commit }>();
  let clock = 0;
  const links = node.peers.map((peer) => ({ peer, pending: [] as Commit[], isBusy: false }));

  const apply = (commit: Commit) => {
    clock = Math.max(clock, commit.clock);
    for (const [key, value] of commit.writes) {
      const last = latest.get(key);
      if (last === undefined || isNewer(commit, last.by)) latest.set(key, { value, by: commit });
    }
  };

  node.handle("txn", Txn, ({ body }) => {
    const own = new Map<number, number | null>();
    const txn = body.txn.map(([name, key, value]) => {
      if (name === "w") own.set(key, value);
      return [name, key, own.has(key) ? own.get(key) : (latest.get(key)?.value ?? null)];
    });
    if (own.size > 0) {
      const commit = { clock: clock + 1, node: node.id, writes: [...own] };
      apply(commit);
      for (const { pending } of links) pending.push(commit);
    }
    return { type: "txn_ok", txn };
  });

  node.every(FLUSH_INTERVAL_MS, () => {
    for (const link of links) {
      if (link.isBusy || link.pending.length === 0) continue;
      const commits = [...link.pending];
      link.isBusy = true;
      node.rpc(link.peer, { type: "batch", commits }, BatchOk, ({ ok }) => {
        link.isBusy = false;
        if (ok) link.pending.splice(0, commits.length);
      });
    }
  });

  node.handlePeer("batch", Batch, ({ body }) => {
    for (const commit of body.commits) apply(commit);
    return { type: "batch_ok" };
  });
}

function isNewer(one: Commit, other: Commit): boolean {
  return one.clock > other.clock || (one.clock === other.clock && one.node > other.node);
}

if (import.meta.main) await serve(registers);
