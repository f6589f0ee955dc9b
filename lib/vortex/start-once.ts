import type { Node } from "./node.ts";

/** Time after which a failed start is retried, in ms. */
const RETRY_AFTER_MS = 1000;

/**
 * Runs an initialiser once, on the first call; all calls share its promise.
 *
 * For what must precede everything else, such as reading back what was stored. A failure is logged and
 * rejects for all callers. The first call after 1 s retries; earlier calls get the same error.
 *
 * @returns the function to call. Its promise may be ignored: rejections are handled.
 */
export function startOnce(node: Node, start: () => Promise<void>): () => Promise<void> {
  let started: Promise<void> | undefined;
  let failedMs = Number.POSITIVE_INFINITY;
  return () => {
    if (started === undefined || node.nowMs() >= failedMs + RETRY_AFTER_MS) {
      failedMs = Number.POSITIVE_INFINITY;
      const { promise, resolve } = Promise.withResolvers<void>();
      // Set before `start` runs, which may call this function again.
      started = promise;
      resolve(Promise.try(start));
      started.catch((error) => {
        failedMs = node.nowMs();
        node.log(`Cannot start: ${error}`);
      });
    }
    return started;
  };
}
