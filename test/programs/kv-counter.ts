/** A counter in the seq-kv service. Nodes are stateless, so killing one loses no acknowledged add. */
import * as v from "valibot";
import type { KVNode, KvClient } from "../../lib/vortex/index.ts";

/** The key of the sum. */
export const SUM = "sum";
const UNIQUE = "unique";

/** A store of numbers. */
export type Numbers = KvClient<number, number>;

export interface KvCounterOptions {
  /** Adds to the stored sum. */
  readonly add?: (numbers: Numbers, delta: number) => Promise<unknown>;
  /** Makes sure that the next read is up to date. */
  readonly refresh?: (node: KVNode) => Promise<void>;
}

/**
 * A read of seq-kv may return a past state, but none older than the reader's own latest write. A read
 * therefore writes first. The written value is unique, because a write that changes nothing does not
 * count.
 */
export function kvCounter(node: KVNode, options: KvCounterOptions = {}): void {
  const { add = addByCas, refresh = () => node.seqKv.write(UNIQUE, node.generateId()) } = options;
  const numbers = node.seqKv.of(v.number());

  node.handle("add", v.object({ delta: v.number() }), async ({ body }) => {
    await add(numbers, body.delta);
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), async () => {
    await refresh(node);
    return { type: "read_ok", value: await numbers.readOr(SUM, 0) };
  });
}

/** Retries compare-and-set while other nodes win. A timeout is indefinite and goes to the client. */
async function addByCas(numbers: Numbers, delta: number): Promise<void> {
  await numbers.update(SUM, (sum = 0) => sum + delta, { attempts: 100, timeoutMs: 5000 });
}
