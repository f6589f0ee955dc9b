import { type Clock, type Disk, type Json, parseJson, StorageError } from "../vortex/index.ts";
import { MemoryDisk } from "../vortex/memory-disk.ts";
import { requireMilliseconds } from "../vortex/milliseconds.ts";

/** The effects of a kill on the disk of the node. */
export interface CrashOptions {
  /**
   * Whether the records that were appended and not synced survive, as when a SIGKILL finds them
   * written. Defaults to `false`: they are lost, as when power fails. A program must bear both.
   */
  readonly keepUnsynced?: boolean;
  /** Whether the disk loses everything, as when it breaks and a new one takes its place. */
  readonly loseDisk?: boolean;
}

/** The disk of a node in a test. It survives the node, and decides how syncs end. */
export class TestDisk {
  /** How long a sync takes, in ms of the test's clock; 0 by default. */
  syncMs = 0;
  /** The kind of the `StorageError` that every sync ends with; `undefined`, the default, for none. */
  syncError: "full" | "failed" | undefined;
  readonly #clock: Clock;
  readonly #disk = new MemoryDisk();
  #syncCount = 0;

  /** @internal The test cluster and the test host create their disks. */
  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The records that a restart is certain to find. */
  get synced(): readonly Json[] {
    return this.#disk.synced.map(parse);
  }

  /** The records of the log as the running node sees it: the synced ones, changed by all that waits. */
  get records(): readonly Json[] {
    return this.#disk.current.map(parse);
  }

  /** Number of syncs that have begun. Calls that shared one count once. */
  get syncCount(): number {
    return this.#syncCount;
  }

  /** Opens the disk for a run of its node. Called by the host. */
  open(): Disk {
    return this.#disk.open(() => this.#sync());
  }

  /** Ends the run of the node. A `TestCluster` does this when it kills one. */
  crash({ keepUnsynced = false, loseDisk = false }: CrashOptions = {}): void {
    this.#disk.crash(keepUnsynced ? this.#disk.pendingCount : 0);
    if (loseDisk) this.#disk.erase();
  }

  async #sync(): Promise<void> {
    this.#syncCount++;
    const { syncMs } = this;
    requireMilliseconds("syncMs", syncMs, TestDisk);
    if (syncMs > 0) await new Promise<void>((resolve) => void this.#clock.after(syncMs, resolve));
    if (this.syncError === undefined) return;
    throw new StorageError(this.syncError, `Cannot sync: the test makes it fail`);
  }
}

function parse(text: string): Json {
  return parseJson(text) as Json; // Parsed JSON text.
}
