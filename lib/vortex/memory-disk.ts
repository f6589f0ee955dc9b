/** A disk in memory that loses what was not synced, for simulations and tests. */
import type { Disk } from "./host.ts";

/** A change of a log. */
type Change =
  | { readonly type: "append"; readonly text: string }
  | { readonly type: "replace"; readonly texts: readonly string[] };

/**
 * The disk of a node in memory. It outlives the runs of its node: each opens it, and ends with a crash.
 */
export class MemoryDisk {
  #synced: string[] = [];
  #opened: OpenedDisk | undefined;

  /**
   * Opens the disk for a run of the node. What an earlier run has not synced is lost.
   *
   * @param beforeSync Called when a sync begins. The sync takes as long as its promise, and fails with
   *   its rejection.
   */
  open(beforeSync: () => Promise<void>): Disk {
    this.crash(0);
    const opened: OpenedDisk = new OpenedDisk({
      beforeSync,
      read: () => this.#synced,
      settle: (count) => {
        if (this.#opened === opened) this.#settle(count);
      },
    });
    this.#opened = opened;
    return opened;
  }

  /** The texts that a restart is certain to find. */
  get synced(): readonly string[] {
    return this.#synced;
  }

  /** The texts of the log as the running node sees it: the synced ones, and all changes since. */
  get current(): readonly string[] {
    return (this.#opened?.pending ?? []).reduce(changed, [...this.#synced]);
  }

  /** Number of changes that wait for a sync. */
  get pendingCount(): number {
    return this.#opened?.pending.length ?? 0;
  }

  /** Ends the run of the node: the first pending changes reach the disk, the others are lost. */
  crash(keptCount: number): void {
    this.#settle(keptCount);
    this.#opened = undefined;
  }

  /** Loses everything, as when a new disk takes the place of a broken one. Ends the run of the node. */
  erase(): void {
    this.crash(0);
    this.#synced = [];
  }

  #settle(count: number): void {
    this.#synced = (this.#opened?.pending.splice(0, count) ?? []).reduce(changed, this.#synced);
  }
}

/** The parts of a disk that a run of its node uses. */
interface DiskAccess {
  beforeSync(): Promise<void>;
  read(): readonly string[];
  /** Makes the first pending changes durable. */
  settle(count: number): void;
}

/** The disk as one run of its node sees it. After the run it has no effect. */
class OpenedDisk implements Disk {
  readonly #disk: DiskAccess;
  readonly pending: Change[] = [];

  constructor(disk: DiskAccess) {
    this.#disk = disk;
  }

  readAll(): readonly string[] {
    return [...this.#disk.read()];
  }

  append(text: string): void {
    this.pending.push({ type: "append", text });
  }

  replace(texts: readonly string[]): void {
    this.pending.push({ type: "replace", texts });
  }

  async sync(): Promise<void> {
    const count = this.pending.length;
    if (count === 0) return;
    await this.#disk.beforeSync();
    this.#disk.settle(count);
  }
}

/** Changes a log in place, or returns the one that replaces it. */
function changed(log: string[], change: Change): string[] {
  if (change.type === "replace") return [...change.texts];
  log.push(change.text);
  return log;
}
