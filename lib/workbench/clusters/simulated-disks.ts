/**
 * The disks of simulated nodes: syncs take time, kills lose what was not synced, and faults make syncs
 * slow or fail.
 */
import {
  type Clock,
  type Disk,
  type NodeId,
  type Random,
  StorageError,
} from "../../vortex/index.ts";
import { MemoryDisk } from "../../vortex/memory-disk.ts";
import { log } from "../logarithm.ts";

/**
 * A fault of a disk: its syncs are slow, fail because it is full or has failed, or wait until the
 * fault ends.
 */
export const DISK_FAULTS = ["slow", "full", "failed", "stalled"] as const;
/** A fault of the syncs of a disk. */
export type DiskFault = (typeof DISK_FAULTS)[number];

/**
 * Time of a sync, in ms: a constant part, and an exponential one with this mean. One in a hundred takes
 * longer, up to `MAX_SYNC_MS`.
 *
 * As measured by `bun test/bench/storage.ts` on a virtual disk with ext4: median 0.2 to 0.3, 99 % below 1
 * while the machine is idle, maximum 12.
 */
const SYNC_MS = 0.15;
const SYNC_SPREAD_MS = 0.12;
const LONG_SYNC_PROBABILITY = 0.01;
const MAX_SYNC_MS = 10;
/** Maximum time of a sync on a slow disk, in ms. Uniform, from 0. */
const MAX_SLOW_SYNC_MS = 200;

const ERROR_TEXTS = {
  full: "Cannot sync: no space left on the disk (simulated)",
  failed: "Cannot sync: the disk failed (simulated)",
} as const;

export interface SimulatedDisksOptions {
  readonly clock: Clock;
  /** Returns the stream of randomness of a name. */
  readonly randomOf: (name: string) => Random;
  readonly onLog: (node: NodeId, text: string) => void;
  /** Called when a sync begins, and when it has ended. */
  readonly onSync?: ((node: NodeId, hasEnded: boolean) => void) | undefined;
}

interface SimulatedDisk {
  readonly memory: MemoryDisk;
  readonly random: Random;
  fault: { readonly kind: DiskFault; readonly onSync: () => void } | undefined;
  /** Ends the syncs that wait for the end of a fault. */
  readonly stalled: (() => void)[];
  /** Whether the last kill tore a record. */
  isTorn: boolean;
}

export class SimulatedDisks {
  readonly #options: SimulatedDisksOptions;
  readonly #disks = new Map<NodeId, SimulatedDisk>();

  constructor(options: SimulatedDisksOptions) {
    this.#options = options;
  }

  /**
   * Opens the disk of a node for a run of it.
   *
   * @param run Runs a task of the node, unless it is dead.
   */
  open(node: NodeId, run: (task: () => void) => void): Disk {
    const disk = this.#diskOf(node);
    const { length } = disk.memory.synced;
    const torn = disk.isTorn ? "; cut an incomplete record at the end" : "";
    if (length > 0 || disk.isTorn) {
      this.#options.onLog(node, `Found ${length} records on the disk${torn}`);
    }
    return disk.memory.open(() => {
      const { onSync } = this.#options;
      onSync?.(node, false);
      return this.#sync(disk, (task) =>
        run(() => {
          onSync?.(node, true);
          task();
        }),
      );
    });
  }

  /**
   * Ends the run of a node. Of what it has not synced, nothing, everything, or a random beginning is
   * stored, which may end within a record.
   */
  crash(node: NodeId): void {
    const disk = this.#disks.get(node);
    if (disk === undefined) return;
    const { memory, random, stalled } = disk;
    const { pendingCount } = memory;
    const kept = pendingCount === 0 ? 0 : keptCount(pendingCount, random);
    disk.isTorn = kept < pendingCount && random.next() < 0.5;
    stalled.length = 0;
    memory.crash(kept);
  }

  /** Empties the disk of a node that is not running, as when a new one takes the place of a broken one. */
  erase(node: NodeId): void {
    this.#disks.get(node)?.memory.erase();
  }

  /**
   * Sets the fault of a node's disk, in place of an earlier one.
   *
   * @param onSync Called when it affects a sync.
   */
  setFault(node: NodeId, kind: DiskFault, onSync: () => void): void {
    this.heal(node);
    this.#diskOf(node).fault = { kind, onSync };
  }

  /** Ends the fault of a node's disk. Syncs that wait for that end as others do. */
  heal(node: NodeId): void {
    const disk = this.#diskOf(node);
    disk.fault = undefined;
    for (const end of disk.stalled.splice(0)) end();
  }

  #diskOf(node: NodeId): SimulatedDisk {
    return this.#disks.getOrInsertComputed(node, () => ({
      memory: new MemoryDisk(),
      random: this.#options.randomOf(`disk of ${node}`),
      fault: undefined,
      stalled: [],
      isTorn: false,
    }));
  }

  /** Resolves when a sync that begins now has ended. */
  #sync(disk: SimulatedDisk, run: (task: () => void) => void): Promise<void> {
    const { fault, random, stalled } = disk;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fault?.onSync();
    const kind = fault?.kind;
    const end = () => {
      const delayMs = kind === "slow" ? MAX_SLOW_SYNC_MS * random.next() : syncMs(random);
      this.#options.clock.after(delayMs, () =>
        run(() => {
          if (kind === "full" || kind === "failed") {
            reject(new StorageError(kind, ERROR_TEXTS[kind]));
          } else {
            resolve();
          }
        }),
      );
    };
    if (kind === "stalled") stalled.push(end);
    else end();
    return promise;
  }
}

/** Draws how many of some pending changes are stored: none, all, or some. */
function keptCount(pendingCount: number, random: Random): number {
  const kind = random.next();
  if (kind < 1 / 3) return 0;
  return kind < 2 / 3 ? pendingCount : Math.floor(random.next() * (pendingCount + 1));
}

function syncMs(random: Random): number {
  const usualMs = SYNC_MS - SYNC_SPREAD_MS * log(1 - random.next());
  const isLong = random.next() < LONG_SYNC_PROBABILITY;
  return isLong ? usualMs + (MAX_SYNC_MS - usualMs) * random.next() : usualMs;
}
