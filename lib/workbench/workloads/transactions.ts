/**
 * Transactions over registers, and over append-only lists.
 *
 * @see Maelstrom workloads, "Txn-rw-register" and "Txn-list-append"; Elle, `rw_register.clj` (`gen`)
 */
import * as v from "valibot";
import type { Json } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import { checkConvergence, keysOf } from "../checkers/convergence/index.ts";
import { type Atom, atom } from "../checkers/elle/transactions.ts";
import { replySchema } from "../clients/client.ts";
import { clients } from "../clients/generator.ts";
import type { History } from "../history/history.ts";
import { Json as AnyJson, listOf } from "../schemas.ts";
import { KeyPool, nextMicroOperation } from "./key-pool.ts";
import {
  type Connection,
  RPC_TIMEOUT_MS,
  statelessClient,
  type Workload,
  type WorkloadContext,
} from "./workload.ts";

const RegisterTxnOk = replySchema("txn_ok", {
  txn: listOf(v.strictTuple([v.picklist(["r", "w"]), AnyJson, AnyJson])),
});

const ListTxnOk = replySchema("txn_ok", {
  txn: listOf(
    v.pipe(
      v.strictTuple([v.picklist(["r", "append"]), AnyJson, AnyJson]),
      v.check(
        ([f, , value]) => f === "append" || value === null || Array.isArray(value),
        "must be a read of an array, or of null",
      ),
    ),
  ),
});

export function txnRwRegister(options: WorkloadContext): Workload {
  return {
    ...transactions(options, "w", RegisterTxnOk),
    convergence: { read: readRegisters, check: checkConvergence },
  };
}

export function txnListAppend(options: WorkloadContext): Workload {
  return transactions(options, "append", ListTxnOk);
}

function transactions(
  options: WorkloadContext,
  write: "w" | "append",
  schema: v.GenericSchema<unknown, { readonly txn: Json }>,
): Workload {
  const keys = new KeyPool(options.random, options);
  return {
    usesProtocolErrors: true,
    idempotent: new Set(),
    keepsClient: true,
    openClient: ({ client, node }) =>
      statelessClient({
        txn: async (txn) =>
          (await client.rpc(node, { type: "txn", txn }, schema, RPC_TIMEOUT_MS)).txn,
      }),
    generator: clients(() => ({ f: "txn", value: nextTxn(options, keys, write) })),
  };
}

/** Number of registers that one transaction reads at the end. */
const READS_PER_TXN = 500;

async function readRegisters(
  { client, node }: Connection,
  history: History,
): Promise<ReadonlyMap<Atom, Json>> {
  const keys = keysOf(history);
  const registers = new Map<Atom, Json>();
  for (let start = 0; start < keys.length; start += READS_PER_TXN) {
    const reads = keys.slice(start, start + READS_PER_TXN).map((key) => ["r", key, null]);
    const request = { type: "txn", txn: reads };
    const { txn } = await client.rpc(node, request, RegisterTxnOk, RPC_TIMEOUT_MS);
    for (const [, key, value] of txn) registers.set(atom(key), value);
  }
  return registers;
}

function nextTxn({ random, maxTxnLength }: WorkloadContext, keys: KeyPool, write: string): Json {
  const length = 1 + randomInteger(random, maxTxnLength);
  return Array.from({ length }, () => {
    const operation = nextMicroOperation(random, keys);
    return operation.isRead ? ["r", operation.key, null] : [write, operation.key, operation.value];
  });
}
