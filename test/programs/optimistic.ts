/**
 * Transactions over lists by optimistic concurrency control: read a snapshot, work on it, and
 * commit if nobody has changed what matters in the meantime.
 *
 * All lists are one value in lin-kv, so that a snapshot is one read and a commit one
 * compare-and-set. Nodes keep nothing, and may be killed at any time.
 */
import * as v from "valibot";
import { isRpcError, type KVNode, RpcError } from "../../lib/vortex/index.ts";
import { type List, lists, type MicroOperation, Txn } from "./transactions.ts";

/**
 * Which keys of a transaction nobody may have written since its snapshot: all of them makes it
 * serializable, those that it writes make it snapshot isolation.
 */
export type Validates = (txn: readonly MicroOperation[]) => readonly MicroOperation[];

export const everything: Validates = (txn) => txn;
export const whatItWrites: Validates = (txn) => txn.filter(([f]) => f !== "r");
export const nothing: Validates = () => [];

const DATABASE = "lists";
const Database = v.array(v.tuple([v.number(), v.array(v.nullable(v.number()))]));

export function optimistic(validates: Validates) {
  return (node: KVNode): void => {
    const read = async (): Promise<Map<number, List>> =>
      new Map(await node.linKv.of(Database).readOr(DATABASE, []));

    node.handle("txn", Txn, async ({ body }) => {
      const { txn } = body;
      const snapshot = await read();
      const reply = lists(new Map(snapshot)).txn.apply({ txn });
      for (let current = snapshot; txn.some(isWrite); current = await read()) {
        const isConflict = validates(txn).some(
          ([, key]) => current.get(key)?.length !== snapshot.get(key)?.length,
        );
        if (isConflict) throw new RpcError("txn-conflict", "Another transaction was faster");
        if (await commit(node, current, txn)) break;
      }
      return reply;
    });
  };
}

/** Appends to the lists, if nobody has changed any of them; says whether that was so. */
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
