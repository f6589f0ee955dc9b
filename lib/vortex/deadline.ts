import { RpcError } from "../protocol/errors.ts";
import { requireMilliseconds } from "./milliseconds.ts";
import type { Node } from "./node.ts";

/**
 * Limits the wait for a promise.
 *
 * Only for work without effects: the error is definite, it states that nothing was done.
 *
 * @throws {RpcError} `temporarily-unavailable` (11, definite) when the promise has not settled
 *   within `limitMs`; and whatever the promise rejects with.
 * @throws {RangeError} when `limitMs` is not a finite number.
 */
export async function deadline<T>(node: Node, promise: Promise<T>, limitMs: number): Promise<T> {
  requireMilliseconds("The deadline", limitMs, deadline);
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
