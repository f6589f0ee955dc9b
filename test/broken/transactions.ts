/** Adds bugs to the transactions of a correct program. */
import * as v from "valibot";
import type { KVNode } from "../../lib/vortex/index.ts";
import { type MicroOperation, Txn } from "../programs/transactions.ts";
import { withHandler, withReplies } from "./intercept.ts";

const TxnOk = v.object({ type: v.literal("txn_ok"), txn: v.array(v.unknown()) });

/** Runs each micro-operation as a transaction of its own, with pauses in between. */
export function interleaved(program: (node: KVNode) => void) {
  return withHandler(program, "txn", (node) => async (request, proceed) => {
    if (request.src === node.id) return proceed();
    const done: unknown[] = [];
    for (const microOperation of v.parse(Txn, request.body).txn) {
      const part = { type: "txn", txn: [microOperation] };
      done.push(...(await node.syncRpc(node.id, part, TxnOk)).txn);
      await node.sleep(node.random() * 20);
    }
    return { type: "txn_ok", txn: done };
  });
}

/** Replaces each micro-operation in a program's replies. */
export function withMicroOperations(
  program: (node: KVNode) => void,
  edit: (microOperation: MicroOperation) => readonly unknown[],
) {
  return withReplies(program, "txn_ok", () => (body) => ({
    ...body,
    // Cast: replies of correct programs have this shape.
    txn: (body["txn"] as MicroOperation[]).map(edit),
  }));
}

/** Edits the values of reads. */
export function reads(edit: (value: unknown, key: number) => unknown) {
  return ([f, key, value]: MicroOperation) => [f, key, f === "r" ? edit(value, key) : value];
}
