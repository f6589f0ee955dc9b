import type { Node } from "./node.ts";

/** How soon a start that failed is tried again, in ms. */
const AGAIN_MS = 1000;

/**
 * What must have happened once before anything else, such as reading back what was stored: the first
 * call begins it, and all calls share it.
 *
 * A start that fails is logged, and rejects for those who wait for it. The first call after one second
 * tries again; those before it get the same error. So what stands in the way may be mended while the
 * node runs, and nobody needs to call again for that alone.
 *
 * @param start What to do; called again after it has failed.
 * @returns what to call. Its promise may be left alone: no rejection of it is unhandled.
 */
export function startOnce(node: Node, start: () => Promise<void>): () => Promise<void> {
  let started: Promise<void> | undefined;
  let failedMs = Number.POSITIVE_INFINITY;
  return () => {
    if (started === undefined || node.nowMs() >= failedMs + AGAIN_MS) {
      failedMs = Number.POSITIVE_INFINITY;
      const { promise, resolve } = Promise.withResolvers<void>();
      // Before it begins, for it may do what calls this again.
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
