/**
 * A log in lin-kv that several nodes append to and read.
 *
 * Each record has its own key, numbered from 0 without gaps, and never changes: the node that creates
 * the key of a number has appended. So a delayed write, even one from before its node was killed, finds
 * its key taken and changes nothing.
 *
 * A log is read back in pages: the node that appends the last record of a page stores the whole page
 * again under one key. If a page is missing, because its writer died or its records are long, it is
 * read record by record.
 */
import * as v from "valibot";
import { isRpcError, RpcError } from "../protocol/errors.ts";
import { stringifyJson } from "../protocol/json.ts";
import type { KvClient } from "./kv.ts";
import type { KVNode } from "./kv-node.ts";
import { lazy } from "./lazy.ts";
import { retry } from "./retry.ts";

/** Number of records in a page, and maximum number of concurrent reads of records. */
const PAGE_LENGTH = 256;
/** Maximum number of concurrent reads of pages. */
const MAX_PAGES = 8;
/** Maximum length of a page as JSON, in characters. Long records gain nothing from pages. */
const MAX_PAGE_LENGTH = 2 ** 18;

/** Options of a {@link StoredLog}. */
export interface StoredLogOptions<Record> {
  /** Prefix of the log's keys, unique to it. */
  readonly name: string;
  /** Parses a record that is read back. */
  readonly schema: v.GenericSchema<unknown, Record>;
  /** Called with every record once, in order, whichever node appended it. */
  onRecord(record: Record): void;
}

/** The value of a record's key. */
interface Stored<Record> {
  /** Identifies the append: after a timeout, it may find its own record. */
  readonly id: string;
  readonly record: Record;
}

/** A way to read a log: record by record, or page by page. */
interface Reading<T> {
  /** Number of records per read. */
  readonly step: number;
  /** Reads the record or page that starts at a number; `undefined` if it is missing. */
  read(number: number, timeoutMs: number): Promise<T | undefined>;
  take(number: number, value: T): void;
}

/** A log in lin-kv that several nodes append to and read. */
export class StoredLog<Record> {
  readonly #node: KVNode;
  readonly #options: StoredLogOptions<Record>;
  // Created when first used: a starting node creates as few schemas as possible (see kv.ts).
  readonly #stored: () => KvClient<unknown, Stored<Record>>;
  readonly #pageSchema: () => v.GenericSchema<unknown, Record[]>;
  #length = 0;
  /** The page being filled, if this node appends. */
  #page: { readonly start: number; readonly records: Record[]; length: number } | undefined;
  #reading: Promise<void> | undefined;

  constructor(node: KVNode, options: StoredLogOptions<Record>) {
    this.#node = node;
    this.#options = options;
    const { schema } = options;
    this.#stored = lazy(() => node.linKv.of(v.object({ id: v.string(), record: schema })));
    this.#pageSchema = lazy(() => v.pipe(v.array(schema), v.length(PAGE_LENGTH)));
  }

  /** Number of records known here: all those below this number. */
  get length(): number {
    return this.#length;
  }

  /** Accepts a stored record received from another node; ignores it unless it is the next one. */
  accept(number: number, record: Record): void {
    if (number !== this.#length) return;
    this.#length++;
    const page = this.#page;
    const isOnPage =
      page !== undefined && number >= page.start && number < page.start + PAGE_LENGTH;
    // A page that is already too long will not be stored.
    if (isOnPage && page.length <= MAX_PAGE_LENGTH) {
      page.length += stringifyJson(record).length;
      page.records.push(record);
    }
    this.#options.onRecord(record);
  }

  /**
   * Appends a record at the end of the log, after whatever others have appended first. Retries until it
   * succeeds. Calls must not overlap.
   *
   * @param build Returns the record. Called again whenever another record turned out to come first, which
   *   is known by then.
   * @returns the record that was appended.
   * @throws {Error} as {@link tryAppend} does.
   */
  async append(build: () => Record): Promise<Record> {
    for (;;) {
      const record = build();
      if (await this.tryAppend(record)) return record;
    }
  }

  /**
   * Appends a record directly after those known here, retrying until that is decided. Calls must not
   * overlap, nor with those of {@link append}.
   *
   * @returns whether it was appended. If not, another record has its number, and is known now.
   * @throws {Error} when the value under its number is not a record; nothing was appended.
   */
  async tryAppend(record: Record): Promise<boolean> {
    const number = this.#length;
    const stored = { id: this.#node.generateId(), record };
    const other = await retry(this.#node, (timeoutMs) => this.#create(number, stored, timeoutMs));
    this.accept(number, other === undefined ? record : other);
    this.#turnPage();
    return other === undefined;
  }

  /**
   * Reads all records after those known here, retrying until it succeeds.
   *
   * Concurrent calls share one read, so a record stored in between may remain unknown.
   *
   * @throws {Error} when a value is not a record; all records before it are known then.
   */
  readOn(): Promise<void> {
    this.#reading ??= this.#readToEnd().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Stores a full page, and starts the next one. */
  #turnPage(): void {
    const page = this.#page;
    if (page !== undefined && this.#length < page.start + PAGE_LENGTH) return;
    // A node that starts to append within a page may not have its earlier records.
    const start = Math.ceil(this.#length / PAGE_LENGTH) * PAGE_LENGTH;
    this.#page = { start, records: [], length: 0 };
    if (page === undefined || page.length > MAX_PAGE_LENGTH) return;
    // The write may fail or arrive late: the records never change.
    this.#node.linKv.write(this.#pageKey(page.start), page.records).catch(() => {});
  }

  /** Creates a record's key. If another record has it, returns that one. */
  async #create(
    number: number,
    stored: Stored<Record>,
    timeoutMs: number,
  ): Promise<Record | undefined> {
    try {
      // Records are never null, so an existing key does not match.
      const options = { createIfNotExists: true, timeoutMs };
      await this.#node.linKv.cas(this.#key(number), null, stored, options);
      return undefined;
    } catch (error) {
      if (!isRpcError(error, "precondition-failed")) throw error;
    }
    const found = await this.#read(number, timeoutMs);
    if (found === undefined)
      throw new RpcError("crash", `${this.#key(number)} has disappeared from lin-kv`);
    return found.id === stored.id ? undefined : found.record;
  }

  async #readToEnd(): Promise<void> {
    for (let window = 1; ; window = Math.min(PAGE_LENGTH, 2 * window)) {
      // Tries pages only when far behind: the end of the log is not paged yet.
      if (window === PAGE_LENGTH) await this.#readPages();
      const count = Math.min(window, PAGE_LENGTH - (this.#length % PAGE_LENGTH));
      const areComplete = await this.#readSome(count, {
        step: 1,
        read: (number, timeoutMs) => this.#read(number, timeoutMs),
        take: (number, { record }) => this.accept(number, record),
      });
      if (!areComplete) return;
    }
  }

  /** Reads pages up to the first missing one. */
  async #readPages(): Promise<void> {
    if (this.#length % PAGE_LENGTH !== 0) return;
    for (let window = 1; ; window = Math.min(MAX_PAGES, 2 * window)) {
      const areComplete = await this.#readSome(window, {
        step: PAGE_LENGTH,
        read: (start, timeoutMs) => this.#readPage(start, timeoutMs),
        take: (start, records) => {
          for (const [index, record] of records.entries()) this.accept(start + index, record);
        },
      });
      if (!areComplete) return;
    }
  }

  /** Reads the next `count` items at once, takes those before the first gap, returns whether all exist. */
  async #readSome<T>(count: number, { step, read, take }: Reading<T>): Promise<boolean> {
    const from = this.#length;
    const results = await Promise.allSettled(
      Array.from({ length: count }, (_, index) =>
        retry(this.#node, (timeoutMs) => read(from + index * step, timeoutMs)),
      ),
    );
    for (const [index, result] of results.entries()) {
      if (result.status === "rejected") throw result.reason;
      if (result.value === undefined) return false;
      take(from + index * step, result.value);
    }
    return true;
  }

  #read(number: number, timeoutMs: number): Promise<Stored<Record> | undefined> {
    return this.#stored().readOr(this.#key(number), undefined, { timeoutMs });
  }

  /** Reads a page. A malformed one counts as missing, because its records can still be read. */
  async #readPage(start: number, timeoutMs: number): Promise<Record[] | undefined> {
    const value = await this.#node.linKv.readOr(this.#pageKey(start), undefined, { timeoutMs });
    const page = v.safeParse(this.#pageSchema(), value);
    return page.success ? page.output : undefined;
  }

  #pageKey(start: number): string {
    return `${this.#options.name}/page from ${start}`;
  }

  #key(number: number): string {
    return `${this.#options.name}/${number}`;
  }
}
