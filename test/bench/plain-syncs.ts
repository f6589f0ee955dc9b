/** The throughput of the disk itself: a loop that writes a record and syncs it, again and again. */
import fs from "node:fs";
import { promisify } from "node:util";

/** Off the main thread, as the storage does it: a blocking call takes longer on a busy machine. */
const sync = promisify(fs.fdatasync);

/**
 * Runs the loop.
 *
 * @param path The file to write; it is created, and removed in the end.
 * @returns the records per second.
 */
export async function plainSyncsPerSecond(
  path: string,
  record: Uint8Array,
  durationMs: number,
): Promise<number> {
  const descriptor = fs.openSync(path, "w");
  try {
    const beganMs = performance.now();
    let count = 0;
    for (; performance.now() < beganMs + durationMs; count++) {
      fs.writeSync(descriptor, record, 0, record.length, count * record.length);
      await sync(descriptor);
    }
    return (1000 * count) / (performance.now() - beganMs);
  } finally {
    fs.closeSync(descriptor);
    fs.rmSync(path);
  }
}
