import { type ErrorKind, isRpcError, RpcError } from "../protocol/errors.ts";
import type { Node } from "./node.ts";

const FIRST_TIMEOUT_MS = 3000;
const MAX_TIMEOUT_MS = 8000;
const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 1000;
/** Failing for this long is logged, and again each time the duration has doubled. */
const LOG_AFTER_MS = 10_000;

/** Errors that retrying cannot fix: the receiver does not understand the request. */
const PERMANENT: ReadonlySet<ErrorKind | "unknown"> = new Set([
  "not-supported",
  "malformed-request",
]);

/**
 * Repeats an attempt until it succeeds, however long that takes.
 *
 * The timeout grows from 3 s to 8 s, so that a slow peer gets enough time in the end. The wait between
 * attempts is random, and its maximum doubles up to 1 s. Logs when attempts have failed for 10 s, and
 * again each time the duration has doubled.
 *
 * @param attempt Must be idempotent: an attempt that timed out may have happened.
 * @throws {RpcError} `not-supported` (10) and `malformed-request` (12), which retrying cannot fix; as
 *   `crash` (13, indefinite) if an earlier attempt may have had an effect.
 * @throws any error of `attempt` that is not an `RpcError`.
 */
export async function retry<Result>(
  node: Node,
  attempt: (timeoutMs: number) => Promise<Result>,
): Promise<Result> {
  const startMs = node.nowMs();
  let logAfterMs = LOG_AFTER_MS;
  let mayHaveHappened = false;
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(Math.min(MAX_TIMEOUT_MS, FIRST_TIMEOUT_MS * 2 ** tries));
    } catch (error) {
      if (!isRpcError(error)) throw error;
      if (PERMANENT.has(error.kind)) {
        throw mayHaveHappened ? new RpcError("crash", error.message, { cause: error }) : error;
      }
      mayHaveHappened ||= !error.definite;
      const elapsedMs = node.nowMs() - startMs;
      if (elapsedMs >= logAfterMs) {
        const seconds = Math.round(elapsedMs / 1000);
        node.log(`Still retrying after ${seconds} s and ${tries + 1} attempts: ${error.message}`);
        logAfterMs = 2 * elapsedMs;
      }
    }
    const boundMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** tries);
    await node.sleep(boundMs * (0.5 + node.random() / 2));
  }
}
