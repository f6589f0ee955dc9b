/** The disk of a node: what the core wants to be stored, in order, with few syncs. */
import { errorText } from "../vortex/error-text.ts";
import { isStorageError, type Node, type Storage } from "../vortex/index.ts";
import { RaftRecord, readRecords, write } from "./records.ts";
import type { StoredState, Write } from "./state.ts";

/** How long to wait before a failed write or sync is tried again, in ms. */
const DISK_RETRY_MS = 100;

/** Receives the number of the last write that is synced, and whether it is of the first sync. */
type OnStored = (lastWrite: number, isFirst: boolean) => void;

export class StableStorage {
  readonly #node: Node;
  readonly #storage: Storage<RaftRecord, RaftRecord>;
  readonly #onStored: OnStored;
  /** Writes that the storage has not taken yet. */
  #unwritten: Write[] = [];
  #lastWrite = 0;
  #storedWrite = 0;
  #isSyncing = false;

  constructor(node: Node, onStored: OnStored) {
    this.#node = node;
    this.#storage = node.storage.of(RaftRecord);
    this.#onStored = onStored;
  }

  /** Whether the first write of this start is synced: the number of the start. */
  get hasStored(): boolean {
    return this.#storedWrite > 0;
  }

  /**
   * Reads what the last run of the node has stored. A damaged disk counts as a lost one: the node is
   * admitted again by the others.
   *
   * @throws {StorageError} when the disk cannot be read for any other reason.
   */
  read(): StoredState {
    try {
      return readRecords(this.#storage.readAll());
    } catch (error) {
      if (!isStorageError(error, "corrupt")) throw error;
      this.#node.log(`Starting with an empty disk: ${error.message}`);
      this.#storage.replace([]);
      return readRecords([]);
    }
  }

  /** Queues writes, of which the last has this number. */
  add(writes: readonly Write[], lastWrite: number): void {
    this.#unwritten.push(...writes);
    this.#lastWrite = lastWrite;
  }

  /** Stores the queued writes. All that arrive during a sync share the next one. */
  async sync(): Promise<void> {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    let failureCount = 0;
    while (this.#unwritten.length > 0 || this.#storedWrite < this.#lastWrite) {
      const isFirst = !this.hasStored;
      try {
        this.#writeAll();
        const lastWrite = this.#lastWrite;
        await this.#storage.sync();
        failureCount = 0;
        this.#storedWrite = lastWrite;
      } catch (error) {
        this.#node.sometimes(true, "a write or sync fails, and is tried again");
        if (++failureCount === 1) this.#node.log(`Cannot store: ${errorText(error)}. Trying again`);
        await this.#node.sleep(DISK_RETRY_MS);
        continue;
      }
      this.#onStored(this.#storedWrite, isFirst);
    }
    this.#isSyncing = false;
  }

  #writeAll(): void {
    for (let next = this.#unwritten[0]; next !== undefined; next = this.#unwritten[0]) {
      write(this.#storage, next);
      this.#unwritten.shift();
    }
  }
}
