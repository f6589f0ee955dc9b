/**
 * The durable log of a node, in the manner of the write-ahead logs of etcd and RocksDB.
 *
 * The disk itself comes from the host: files of a process, or memory of a simulation that loses what
 * was not synced.
 *
 * @see etcd, `server/storage/wal`; RocksDB, `FlushWAL` and `SyncWAL`
 */
import type * as v from "valibot";
import { describeIssues } from "../protocol/describe-issues.ts";
import { safeParse } from "../protocol/fast-parse.ts";
import { parseJson, stringifyJson } from "../protocol/json.ts";
import { shorten } from "../protocol/shorten.ts";
import type { Disk } from "./host.ts";
import { StorageError } from "./storage-error.ts";

/**
 * The durable log of a node: records, which are JSON values, in the order of {@link append}.
 *
 * A change is made at once and in memory; {@link sync} makes it durable. After a restart, the log is
 * what some prefix of the changes made of it, and that prefix includes every change made before a
 * `sync` that has resolved:
 *
 * | what ends the node | synced changes | other changes |
 * | --- | --- | --- |
 * | SIGKILL, a crash of the program | kept | lost, but for a prefix that a `sync` in progress has written |
 * | loss of power, a crash of the system | kept | the same |
 * | a simulated kill | kept | none, all or a prefix is kept, by the seed |
 * | loss of the disk | lost | lost |
 *
 * So reply to a request only when the records that it depends on are synced. Records found by
 * {@link readAll} are synced.
 *
 * A node has one log; {@link of} returns a typed view of it. It is as long as the program lets it grow:
 * {@link replace} compacts it.
 *
 * @example
 * const log = node.storage.of(v.object({ delta: v.number() }));
 * let total = 0;
 * for (const { delta } of log.readAll()) total += delta;
 * node.handle("add", Add, async ({ body: { delta } }) => {
 *   total += delta;
 *   log.append({ delta });
 *   await log.sync();
 *   return { type: "add_ok" };
 * });
 */
export class Storage<Input = unknown, Output = unknown> {
  readonly #log: Log;
  readonly #schema: v.GenericSchema<Input, Output> | undefined;

  /** @internal A node has one: {@link Node.storage}. */
  constructor(log: Log, schema?: v.GenericSchema<Input, Output>) {
    this.#log = log;
    this.#schema = schema;
  }

  /**
   * Returns a view of the same log whose records are those of a schema.
   *
   * A schema that transforms has two types: its input is appended, its output is read. Records are
   * parsed on reading only.
   */
  of<S extends v.GenericSchema>(schema: S): Storage<v.InferInput<S>, v.InferOutput<S>> {
    // InferInput and InferOutput are this schema's own.
    const typed = schema as v.GenericSchema<v.InferInput<S>, v.InferOutput<S>>;
    return new Storage(this.#log, typed);
  }

  /**
   * Reads the whole log back, as the node's last run has left it. All records are durable.
   *
   * Returns at once, so that a program has its state before it replies to `init`. Call it when the
   * program starts: it throws after a change of the log.
   *
   * @throws {StorageError} `corrupt`: a record that was synced is damaged. `in-use`: another process
   *   has the disk. `failed`: the disk cannot be read.
   * @throws {Error} when a record does not fit the schema: another program must have stored it.
   */
  readAll(): Output[] {
    return this.#log.readAll().map((text, index) => this.#parse(text, index));
  }

  /**
   * Appends a record to the log. {@link sync} makes it durable.
   *
   * The record is encoded at once, so it may change afterwards.
   *
   * @throws {RangeError | TypeError} when JSON cannot hold the record; nothing is appended then.
   * @throws {StorageError} `full`: records of more than 64 MB (2^26 characters) wait for a `sync`;
   *   nothing is appended then. The errors of {@link readAll}, if this is the first use of the log.
   */
  append(record: Input): void {
    this.#log.append(stringifyJson(record));
  }

  /**
   * Replaces the whole log, such as by a snapshot and the records after it. {@link sync} makes it
   * durable.
   *
   * Atomic: after a restart the log is the old one or the new one, possibly with records appended
   * later.
   *
   * Works on a log that is `corrupt`, too: it then starts from these records.
   *
   * @throws {RangeError | TypeError} when JSON cannot hold a record; the log is unchanged then.
   */
  replace(records: readonly Input[]): void {
    this.#log.replace(records.map(stringifyJson));
  }

  /**
   * Makes all changes so far durable, and resolves when they are.
   *
   * Group commit: calls that arrive while the disk is busy share its next sync. Resolves at once if
   * there is nothing to sync.
   *
   * After a rejection, whether the changes are stored is not known: a restart may find them or not. The
   * node may go on and call `sync` again, which writes all of them again; a `sync` that resolves covers
   * them. A handler that lets the error pass replies `crash` (13, indefinite), as it should.
   *
   * @throws {StorageError} `full`: the disk or a quota is full. `failed`: the disk has failed.
   */
  sync(): Promise<void> {
    return this.#log.sync();
  }

  #parse(text: string, index: number): Output {
    const record = parseJson(text);
    if (this.#schema === undefined) return record as Output; // Without a schema, Output is unknown.
    const result = safeParse(this.#schema, record);
    if (result.success) return result.output;
    const place = `record ${index} of the node's log, ${shorten(text)}`;
    throw new Error(`Cannot use ${place}: ${describeIssues(result.issues)}`);
  }
}

/** Maximum length of the records that wait for a sync, in characters: memory is bounded. */
const MAX_UNSYNCED_LENGTH = 2 ** 26;

/** A log of texts on a disk, which it syncs for many callers at once. */
export class Log {
  readonly #disk: Disk;
  #isChanged = false;
  /** Length of all texts appended so far. */
  #appendedLength = 0;
  /** Length of those that no longer wait for a sync: they are synced, or were replaced. */
  #settledLength = 0;
  /** The sync in progress, or the last one. */
  #lastSync: Promise<void> = Promise.resolve();
  /** The sync that will cover all changes so far. */
  #nextSync: Promise<void> | undefined;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  readAll(): readonly string[] {
    if (this.#isChanged) {
      throw new Error("Cannot read the log after a change of it: read it when the program starts");
    }
    return this.#disk.readAll();
  }

  append(text: string): void {
    const length = this.#appendedLength + text.length;
    if (length - this.#settledLength > MAX_UNSYNCED_LENGTH) {
      const limit = `${MAX_UNSYNCED_LENGTH} characters`;
      throw new StorageError("full", `Cannot append a record: more than ${limit} wait for a sync`);
    }
    this.#disk.append(text);
    this.#appendedLength = length;
    this.#isChanged = true;
  }

  replace(texts: readonly string[]): void {
    this.#disk.replace(texts);
    this.#settledLength = this.#appendedLength;
    this.#isChanged = true;
  }

  sync(): Promise<void> {
    this.#nextSync ??= this.#syncNext();
    return this.#nextSync;
  }

  async #syncNext(): Promise<void> {
    // Its error went to those who waited for it.
    await this.#lastSync.catch(() => {});
    // Later calls of the same turn, such as those of one chunk of messages, have joined by now.
    this.#lastSync = this.#nextSync ?? this.#lastSync;
    this.#nextSync = undefined;
    const length = this.#appendedLength;
    await this.#disk.sync();
    this.#settledLength = Math.max(this.#settledLength, length);
  }
}

/** The disk of a node whose host has none: accepts everything, and keeps nothing. */
export const NO_DISK: Disk = {
  readAll: () => [],
  append() {},
  replace() {},
  async sync() {},
};
