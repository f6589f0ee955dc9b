/** Bounds the operations of users' code, which may await what never comes. */
import type { Clock } from "../../vortex/index.ts";

/** Longest time that an operation may take, in ms of the test's time. */
const OPERATION_LIMIT_MS = 60_000;
/** The same in words, for error messages. */
export const OPERATION_LIMIT = `${OPERATION_LIMIT_MS / 1000} s`;

/**
 * Waits for an operation.
 *
 * @throws {Error} with this text, if it takes longer than the limit.
 */
export async function withinLimit<T>(
  task: T | Promise<T>,
  timer: Pick<Clock, "after">,
  text: string,
): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const cancel = timer.after(OPERATION_LIMIT_MS, () => reject(new Error(text)));
  try {
    return await Promise.race([task, expired]);
  } finally {
    cancel();
  }
}
