/** Collects the rejections that a program leaves unhandled, which would end this process. */
import { programPlaceIn } from "./progress-watch.ts";

/** Calls `onRejection` for every unhandled rejection, until it is undone. */
export function divertRejections(onRejection: (error: unknown) => void): () => void {
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", onRejection);
  return () => {
    process.off("unhandledRejection", onRejection);
    for (const other of others) process.on("unhandledRejection", other);
  };
}

export function describeRejection(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const place = error instanceof Error ? programPlaceIn(error.stack) : undefined;
  const where = place === undefined ? "" : ` at ${place}`;
  return `unhandled promise rejection${where}. Await the promise, or catch its rejection\n${text}`;
}
