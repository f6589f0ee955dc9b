import { EXIT_CODES } from "./exit-codes.ts";

/** The process received a signal to end, such as by Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs a task and aborts it when the process receives a signal to end, so that nothing is left
 * running. A second signal ends the process at once; nodes are killed then too.
 */
export async function interruptible<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.interrupted);
    controller.abort(new Interrupted("Interrupted"));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await task(controller.signal);
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}
