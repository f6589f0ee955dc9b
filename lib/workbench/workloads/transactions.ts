/**
 * Transactions over registers, and over append-only lists.
 *
 * @see Maelstrom workloads, "Txn-rw-register" and "Txn-list-append"; Elle, `rw_register.clj` (`gen`)
 */
import * as v from "valibot";
import type { Json, Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import type { Checker } from "../checkers/checker.ts";
import { checkConvergence, keysOf } from "../checkers/convergence/index.ts";
import { type Atom, atom } from "../checkers/elle/transactions.ts";
import { checkTxnListAppend } from "../checkers/elle/txn-list-append.ts";
import { checkTxnRwRegister } from "../checkers/elle/txn-rw-register.ts";
import type { History } from "../history/history.ts";
import { Json as AnyJson, listOf } from "../schemas.ts";
import { type Connection, type Convergence, defineWorkload, rpc } from "./definition.ts";
import { KeyPool, nextMicroOperation } from "./key-pool.ts";
import type { WorkloadOptions } from "./options.ts";
import { hasPermanent, listIn } from "./summary.ts";

const REGISTER_REPLY = {
  txn: listOf(v.strictTuple([v.picklist(["r", "w"]), AnyJson, AnyJson])),
};

const LIST_REPLY = {
  txn: listOf(
    v.pipe(
      v.strictTuple([v.picklist(["r", "append"]), AnyJson, AnyJson]),
      v.check(
        ([f, , value]) => f === "append" || value === null || Array.isArray(value),
        "must be a read of an array, or of null",
      ),
    ),
  ),
};

export const txnRwRegister = transactions({
  name: "txn-rw-register",
  doc: "Transactions over registers satisfy a consistency model.",
  write: "w",
  reply: REGISTER_REPLY,
  check: checkTxnRwRegister,
  convergence: { read: readRegisters, check: checkConvergence },
});

export const txnListAppend = transactions({
  name: "txn-list-append",
  doc: "Transactions over append-only lists satisfy a consistency model.",
  write: "append",
  reply: LIST_REPLY,
  check: checkTxnListAppend,
});

interface Transactions {
  readonly name: string;
  readonly doc: string;
  readonly write: "w" | "append";
  readonly reply: { readonly txn: v.GenericSchema<unknown, Json> };
  readonly check: Checker;
  readonly convergence?: Convergence;
}

function transactions({ write, reply, ...definition }: Transactions) {
  return defineWorkload({
    ...definition,
    operations: {
      txn: rpc({ request: (txn: readonly Json[]) => ({ txn }), reply, outcome: ({ txn }) => txn }),
    },
    keepsClient: true,
    summary: {
      valid: "the transactions satisfied their consistency model",
      invalid: (verdict) =>
        `the transactions violate their consistency model (${listIn(verdict, "anomalyTypes")})`,
    },
    early: (verdict) =>
      verdict.valid === false && hasPermanent(verdict, "anomalyTypes") ? "invalid" : undefined,
    usesKeys: true,
    generators(options) {
      const keys = new KeyPool(options.random, options);
      return { main: () => ({ f: "txn", value: nextTxn(options, keys, write) }) };
    },
  });
}

/** Number of registers that one transaction reads at the end. */
const READS_PER_TXN = 500;

async function readRegisters(
  { rpc, node }: Connection,
  history: History,
): Promise<ReadonlyMap<Atom, Json>> {
  const keys = keysOf(history);
  const registers = new Map<Atom, Json>();
  for (let start = 0; start < keys.length; start += READS_PER_TXN) {
    const reads = keys.slice(start, start + READS_PER_TXN).map((key) => ["r", key, null]);
    const { txn } = await rpc(node, { type: "txn", txn: reads }, REGISTER_REPLY);
    for (const [, key, value] of txn) registers.set(atom(key), value);
  }
  return registers;
}

function nextTxn(
  { random, maxTxnLength }: Pick<WorkloadOptions, "maxTxnLength"> & { readonly random: Random },
  keys: KeyPool,
  write: string,
): readonly Json[] {
  const length = 1 + randomInteger(random, maxTxnLength);
  return Array.from({ length }, () => {
    const operation = nextMicroOperation(random, keys);
    return operation.isRead ? ["r", operation.key, null] : [write, operation.key, operation.value];
  });
}
