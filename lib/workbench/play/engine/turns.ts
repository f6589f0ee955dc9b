/** Runs the events of a virtual clock in a browser, at about 2 µs an event. */
import type { VirtualClock } from "../../clusters/virtual-clock.ts";

/** Number of events to run for each turn of the event loop. */
const EVENTS_PER_TURN = 256;

/**
 * Runs events until a task settles, and returns its result.
 *
 * All promise continuations of an event must run before the next one, and a browser has no function that
 * runs them. But it does so itself after each listener of an event that it dispatches, when no other
 * code is on the stack. So one message, whose listeners each run one event of the clock, does for many:
 * a message for each costs 20 times as much (48 µs in Chromium on a busy machine).
 *
 * @throws the task's rejection, or an error if no event is left and the task is still pending.
 * @see https://html.spec.whatwg.org/#clean-up-after-running-script, which Web IDL runs after a callback
 */
export function runInTurns<T>(clock: VirtualClock, task: Promise<T>): Promise<T> {
  const { port1, port2 } = new MessageChannel();
  return new Promise<T>((resolve, reject) => {
    let isOver = false;
    const step = () => {
      if (isOver) return;
      try {
        if (clock.runNext()) return;
        throw new Error("The task is still pending, but no event is left");
      } catch (error) {
        isOver = true;
        reject(error);
      }
    };
    for (let index = 0; index < EVENTS_PER_TURN; index++) {
      // Each is another function, as the same one would be added once.
      port1.addEventListener("message", () => step());
    }
    port1.addEventListener("message", () => {
      if (!isOver) port2.postMessage(undefined);
    });
    const end = () => {
      isOver = true;
    };
    task.then(end, end);
    task.then(resolve, reject);
    port1.start();
    port2.postMessage(undefined);
  }).finally(() => port1.close());
}
