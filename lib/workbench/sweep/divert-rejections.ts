/** Collects the errors that a program leaves unhandled, which would end this process. */
import { programPlaceIn } from "../program-place.ts";

/**
 * Calls back for every unhandled rejection, and every exception that a callback of the runtime throws,
 * until it is undone.
 */
export function divertRejections(
  onRejection: (error: unknown) => void,
  onException: (error: unknown) => void,
): () => void {
  const undo = [
    replaceListeners("unhandledRejection", onRejection),
    replaceListeners("uncaughtException", onException),
  ];
  return () => {
    for (const restore of undo) restore();
  };
}

function replaceListeners(event: string, listener: (error: unknown) => void): () => void {
  const others = process.rawListeners(event);
  process.removeAllListeners(event);
  process.on(event, listener);
  return () => {
    process.off(event, listener);
    // Node's types have no signature for them.
    for (const other of others) process.on(event, other as (...args: unknown[]) => void);
  };
}

export function describeException(error: unknown): string {
  const place = error instanceof Error ? programPlaceIn(error.stack) : undefined;
  const where = place === undefined ? "" : ` at ${place}`;
  return `uncaught exception${where}\n${traceOf(error)}`;
}

export function describeRejection(error: unknown): string {
  const place = error instanceof Error ? programPlaceIn(error.stack) : undefined;
  const where = place === undefined ? "" : ` at ${place}`;
  return `unhandled promise rejection${where}. Await the promise, or catch its rejection\n${traceOf(error)}`;
}

function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
