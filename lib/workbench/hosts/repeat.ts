import type { Cancel, Clock } from "../../vortex/index.ts";

/** Calls back again and again, each time after an interval. */
export function repeat(clock: Clock, intervalMs: number, callback: () => void): Cancel {
  let cancel: Cancel;
  const wait = () => {
    cancel = clock.after(intervalMs, () => {
      wait();
      callback();
    });
  };
  wait();
  return () => cancel();
}

/** Resolves after some time. */
export function pause(clock: Clock, durationMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(durationMs, resolve));
}
