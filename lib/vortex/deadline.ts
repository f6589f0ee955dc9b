import { RpcError } from "../protocol/errors.ts";
import type { Node } from "./node.ts";

/**
 * Waits for a promise, but not for ever: a client that has given up must not be answered any more.
 *
 * Only for waits without effect: the error says that nothing was done.
 *
 * @throws {RpcError} `temporarily-unavailable` (11, definite) when the promise has not settled
 *   within `limitMs`; and whatever the promise rejects with.
 */
export async function within<T>(node: Node, limitMs: number, promise: Promise<T>): Promise<T> {
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const cancel = node.after(limitMs, () => {
    reject(new RpcError("temporarily-unavailable", `Not ready within ${limitMs} ms`));
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    cancel();
  }
}
