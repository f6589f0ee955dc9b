import { isRpcError } from "../protocol/errors.ts";
import type { Node } from "./node.ts";

const FIRST_TIMEOUT_MS = 3000;
const MAX_TIMEOUT_MS = 8000;
const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 1000;

/**
 * Tries something until it succeeds, however long that takes.
 *
 * Every attempt gets more time than the one before, 3 s to 8 s, so that a slow peer is heard in the
 * end. Between two attempts lies a random wait that doubles up to 1 s.
 *
 * @param attempt Must have the effect of one, however often it is called: an attempt that timed out
 *   may have happened.
 * @throws whatever `attempt` throws that is no `RpcError`.
 */
export async function retry<Result>(
  node: Node,
  attempt: (timeoutMs: number) => Promise<Result>,
): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(Math.min(MAX_TIMEOUT_MS, FIRST_TIMEOUT_MS * 2 ** tries));
    } catch (error) {
      if (!isRpcError(error)) throw error;
    }
    const boundMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** tries);
    await node.sleep(boundMs * (0.5 + node.random() / 2));
  }
}
