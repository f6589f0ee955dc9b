import type { ERRORS } from "../../protocol/errors.ts";
import type { NodeId } from "../../vortex/index.ts";
import type { Invocation } from "../clients/generator.ts";
import type { Operation } from "../history/history.ts";
import type { DefinedWorkload, LastOperation } from "./definition.ts";
import type { WorkloadOptions } from "./options.ts";

/** Chooses the nodes of a test's operations. */
export interface Router {
  /** Whether each thread keeps to a node of its own, so that each node is asked everything. */
  readonly asksEachNode: boolean;
  nodeOf(thread: number, invocation: Invocation): NodeId;
  /** Called with each operation of the history, in order. */
  update?(operation: Operation): void;
}

export function makeRouter(
  routing: DefinedWorkload["nodes"],
  context: WorkloadOptions & { readonly options: unknown },
): Router {
  const { nodeIds, concurrency } = context;
  if (routing === undefined || routing === "all") {
    return { asksEachNode: true, nodeOf: (thread) => at(nodeIds, thread) };
  }
  if (routing === "last-ok") return stayWithLast(nodeIds, concurrency);
  const last = new Map<number, LastOperation>();
  return {
    asksEachNode: false,
    nodeOf(thread, invocation) {
      const choice = { ...context, thread, invocation, last: last.get(thread) };
      const node = routing(choice as never);
      if (nodeIds.includes(node)) return node;
      throw new Error(
        `"nodes" chose ${JSON.stringify(node)}, but the nodes are ${nodeIds.join(", ")}`,
      );
    },
    update({ process, type, node, f, value, error }) {
      if (typeof process !== "number" || type === "invoke" || node === undefined) return;
      const ended = { f, type, value, node, ...(error === undefined ? {} : { error }) };
      last.set(process % concurrency, ended);
    },
  };
}

function stayWithLast(nodeIds: readonly NodeId[], concurrency: number): Router {
  /** Index of each thread's node. */
  const indexes = new Map<number, number>();
  const indexOf = (thread: number) => indexes.get(thread) ?? thread;
  return {
    asksEachNode: false,
    nodeOf: (thread) => at(nodeIds, indexOf(thread)),
    update({ process, type, error }) {
      if (typeof process !== "number" || type === "invoke" || isAnswer(type, error)) return;
      const thread = process % concurrency;
      indexes.set(thread, indexOf(thread) + 1);
    },
  };
}

/** Errors by which a node shows that it can carry out operations. */
const ANSWERS = [
  "key-does-not-exist",
  "key-already-exists",
  "precondition-failed",
  "txn-conflict",
] as const satisfies readonly (keyof typeof ERRORS)[];

function isAnswer(type: Operation["type"], error: Operation["error"]): boolean {
  return type === "ok" || (Array.isArray(error) && ANSWERS.some((kind) => kind === error[0]));
}

function at(nodeIds: readonly NodeId[], index: number): NodeId {
  const node = nodeIds[index % nodeIds.length];
  if (node === undefined) throw new Error("A test needs at least one node");
  return node;
}
