/** A counter in the seq-kv service, where every node keeps it and none knows it by heart. */
import * as v from "valibot";
import type { KVNode } from "../../lib/vortex/index.ts";

/** The key of the sum. */
export const SUM = "sum";
const UNIQUE = "unique";

export interface KvCounterOptions {
  /** Adds to what the service holds. */
  readonly add?: (node: KVNode, delta: number) => Promise<unknown>;
  /** Makes sure that what is read next is up to date. */
  readonly refresh?: (node: KVNode) => Promise<void>;
}

/**
 * Nothing is lost when a node is killed: what it has acknowledged is in the service.
 *
 * A read may come from the past of seq-kv, but not from before the reader's own latest write; so the
 * reader writes first, and something new, for a write that changes nothing does not count.
 */
export function kvCounter(node: KVNode, options: KvCounterOptions = {}): void {
  const { add = addByCas, refresh = () => node.seqKv.write(UNIQUE, node.generateId()) } = options;

  node.handle("add", v.object({ delta: v.number() }), async ({ body }) => {
    await add(node, body.delta);
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), async () => {
    await refresh(node);
    const sum = await node.seqKv.readOr(SUM, 0);
    return { type: "read_ok", value: sum };
  });
}

/** Compares and sets until nobody was faster; a timeout is the client's to know of. */
async function addByCas(node: KVNode, delta: number): Promise<void> {
  const change = (sum: unknown) => Number(sum ?? 0) + delta;
  await node.seqKv.update(SUM, change, { attempts: 100, timeoutMs: 5000 });
}
