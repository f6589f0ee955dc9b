/** A log of a node's own values that survives its death: in lin-kv, or on its disk. */
import { isStorageError, type KVNode, type Storage, StoredLog } from "../../lib/vortex/index.ts";
import { RETRY_SYNC_MS } from "./limits.ts";
import { Run } from "./messages.ts";
import type { Run as Values } from "./origin-log.ts";

/** Appends are never concurrent. */
export interface RunLog {
  /** Number of runs read and appended so far. */
  readonly length: number;
  /** Reads what earlier incarnations stored. */
  read(): Promise<void>;
  /** Stores a run, retrying until it succeeds. */
  append(run: Values): Promise<void>;
}

/**
 * Returns the log of a node in lin-kv, which every node can read.
 *
 * @param onRun Called with every run that is stored, once and in order.
 */
export function linKvLog(node: KVNode, onRun: (run: Values) => void): RunLog {
  const name = `broadcast/${node.id}`;
  const log = new StoredLog<Values>(node, { name, schema: Run, onRecord: onRun });
  return {
    get length() {
      return log.length;
    },
    read: () => log.readOn(),
    append: async (run) => void (await log.append(() => run)),
  };
}

/**
 * Returns the log of a node on its disk.
 *
 * @param onRun Called with every run that is stored, once and in order.
 */
export function diskLog(node: KVNode, onRun: (run: Values) => void): RunLog {
  const log = node.storage.of(Run);
  let length = 0;
  const add = (run: Values) => {
    length++;
    onRun(run);
  };
  return {
    get length() {
      return length;
    },
    async read() {
      for (const run of log.readAll()) add(run);
    },
    async append(run) {
      log.append([...run]);
      await syncAtLast(node, log);
      add(run);
    },
  };
}

/** Syncs until that succeeds. A run that waits keeps its place: the next one has other numbers. */
async function syncAtLast(node: KVNode, log: Pick<Storage, "sync">): Promise<void> {
  for (;;) {
    try {
      return await log.sync();
    } catch (error) {
      if (!isStorageError(error)) throw error;
      node.log(`Cannot store values: ${error.message}`);
    }
    await node.sleep(RETRY_SYNC_MS);
  }
}
