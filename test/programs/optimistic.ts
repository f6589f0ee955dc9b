/**
 * Transactions over lists by optimistic concurrency control: read a snapshot, run on it, and commit
 * if no other transaction has written the validated keys since.
 *
 * All lists are a single value in lin-kv, so a snapshot is one read and a commit is one
 * compare-and-set. Nodes are stateless and may be killed at any time.
 */
import * as v from "valibot";
import { isRpcError, type KVNode, RpcError } from "../../lib/vortex/index.ts";
import { type List, lists, type MicroOperation, Txn } from "./transactions.ts";

/**
 * Chooses the micro-operations to validate: no other transaction may have written their keys since
 * the snapshot. Validating all of them gives serializability, only the writes snapshot isolation.
 */
export type Validates = (txn: readonly MicroOperation[]) => readonly MicroOperation[];

export const everything: Validates = (txn) => txn;
export const writesOnly: Validates = (txn) => txn.filter(([f]) => f !== "r");
export const nothing: Validates = () => [];

const DATABASE = "lists";
const Database = v.array(v.tuple([v.number(), v.array(v.nullable(v.number()))]));

export function optimistic(validates: Validates) {
  return (node: KVNode): void => {
    const database = node.linKv.of(Database);
    const read = async (): Promise<Map<number, List>> =>
      new Map(await database.readOr(DATABASE, []));

    node.handle("txn", Txn, async ({ body: { txn } }) => {
      const snapshot = await read();
      const reply = lists(new Map(snapshot)).txn.apply({ txn });
      for (let current = snapshot; txn.some(isWrite); current = await read()) {
        const isConflict = validates(txn).some(
          ([, key]) => current.get(key)?.length !== snapshot.get(key)?.length,
        );
        if (isConflict) throw new RpcError("txn-conflict", "Another transaction committed first");
        if (await commit(node, current, txn)) break;
      }
      return reply;
    });
  };
}

/** Commits a transaction if the database is still the given one; returns whether it was. */
async function commit(
  node: KVNode,
  current: ReadonlyMap<number, List>,
  txn: MicroOperation[],
): Promise<boolean> {
  const next = new Map(current);
  lists(next).txn.apply({ txn });
  try {
    await node.linKv.cas(DATABASE, [...current], [...next], {
      createIfNotExists: current.size === 0,
    });
    return true;
  } catch (error) {
    if (isRpcError(error, "precondition-failed")) return false;
    throw error;
  }
}

function isWrite([f]: MicroOperation): boolean {
  return f !== "r";
}
