/** Ways to spoil the transactions of a correct program. */
import * as v from "valibot";
import type { KVNode } from "../../lib/vortex/index.ts";
import { type MicroOperation, Txn } from "../programs/transactions.ts";
import { withHandler, withReplies } from "./intercept.ts";

const TxnOk = v.object({ type: v.literal("txn_ok"), txn: v.array(v.unknown()) });

/** A program whose transactions run as many small ones, which let others come in between. */
export function interleaved(program: (node: KVNode) => void) {
  return withHandler(program, "txn", (node) => async (request, proceed) => {
    if (request.src === node.id) return proceed();
    const answered: unknown[] = [];
    for (const microOperation of v.parse(Txn, request.body).txn) {
      const part = { type: "txn", txn: [microOperation] };
      answered.push(...(await node.syncRpc(node.id, part, TxnOk)).txn);
      await node.sleep(node.random() * 20);
    }
    return { type: "txn_ok", txn: answered };
  });
}

/** A program that answers each micro-operation in another way than it meant. */
export function withMicroOperations(
  program: (node: KVNode) => void,
  edit: (microOperation: MicroOperation) => readonly unknown[],
) {
  return withReplies(program, "txn_ok", () => (body) => ({
    ...body,
    // The replies of correct programs have this shape.
    txn: (body["txn"] as MicroOperation[]).map(edit),
  }));
}

/** An edit of what is read. */
export function reads(edit: (value: unknown, key: number) => unknown) {
  return ([f, key, value]: MicroOperation) => [f, key, f === "r" ? edit(value, key) : value];
}
