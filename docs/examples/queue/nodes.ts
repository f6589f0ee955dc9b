/** A queue on n0. The other nodes pass requests on to it, again and again until it replies. */
import * as v from "valibot";
import { type Node, serve } from "vortex";

const RETRY = { timeoutMs: 100 };
const Request = v.object({ id: v.string(), element: v.nullable(v.number()) });
const Applied = v.object({ type: v.literal("apply_ok"), element: v.nullable(v.number()) });

/** Applies a request that arrives again only once: its first reply is repeated. */
export function once(node: Node): void {
  queue(node, true);
}

/** Applies a request as often as it arrives. */
export function repeated(node: Node): void {
  queue(node, false);
}

function queue(node: Node, remembers: boolean): void {
  const elements: number[] = [];
  /** Request id -> what it returned. */
  const results = new Map<string, number | null>();

  const apply = ({ id, element }: v.InferOutput<typeof Request>): number | null => {
    const earlier = remembers ? results.get(id) : undefined;
    if (earlier !== undefined) return earlier;
    if (element !== null) elements.push(element);
    const result = element === null ? (elements.shift() ?? null) : null;
    results.set(id, result);
    return result;
  };

  /** Passes a request on to n0, until it replies. */
  const request = async (element: number | null): Promise<number | null> => {
    const body = { type: "apply", id: node.generateId(), element };
    if (node.id === "n0") return apply(body);
    for (;;) {
      const reply = await node.syncRpc("n0", body, Applied, RETRY).catch(() => undefined);
      if (reply !== undefined) return reply.element;
    }
  };

  node.handlePeer("apply", Request, ({ body }) => ({ type: "apply_ok", element: apply(body) }));
  node.handle("enqueue", v.object({ element: v.number() }), async ({ body }) => {
    await request(body.element);
    return { type: "enqueue_ok" };
  });
  node.handle("dequeue", v.object({}), async () => {
    return { type: "dequeue_ok", element: await request(null) };
  });
}

if (import.meta.main) await serve(once);
