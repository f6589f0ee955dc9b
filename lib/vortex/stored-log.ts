/**
 * A log that several nodes append to and read, kept in lin-kv.
 *
 * Each record has a key of its own, numbered from 0 without gaps, and is never changed once it is
 * there: whoever is first to create the key of a number has appended. So a write that was delayed,
 * by the network or since before its node was killed, finds its place taken, and undoes nothing.
 *
 * What was appended can be read back a page at a time: who appends the last record of a page stores
 * all of them once more, under one key. A page that is missing, for its writer died or its records
 * are long, is read record by record.
 */
import * as v from "valibot";
import { isRpcError, RpcError } from "../protocol/errors.ts";
import { stringifyJson } from "../protocol/json.ts";
import type { KvClient } from "./kv.ts";
import type { KVNode } from "./kv-node.ts";
import { lazy } from "./lazy.ts";
import { retry } from "./retry.ts";

/** How many records make up a page; and how many are asked for at a time, at most. */
const PAGE_LENGTH = 256;
/** How many pages are asked for at a time, at most. */
const MAX_PAGES = 8;
/** What a page may hold at most, in characters of JSON: long records need none to be read fast. */
const MAX_PAGE_LENGTH = 2 ** 18;

/** Where a log is kept, and what is in it. */
export interface StoredLogOptions<Record> {
  /** What its keys begin with: each log has its own. */
  readonly name: string;
  /** What a record is, when it is read back. */
  readonly schema: v.GenericSchema<unknown, Record>;
  /** Gets every record once, in order, whoever appended it. */
  onRecord(record: Record): void;
}

/** What is stored under a record's key. */
interface Stored<Record> {
  /** Tells whose it is: an append that timed out may find its own record. */
  readonly id: string;
  readonly record: Record;
}

/** How a log is read: record by record, or by the page. */
interface Reading<T> {
  /** How many records each has. */
  readonly step: number;
  /** Reads what begins at a number, if it is there. */
  read(number: number, timeoutMs: number): Promise<T | undefined>;
  take(number: number, value: T): void;
}

/** A log that all nodes append to and read, kept in a key-value service: a key for each record. */
export class StoredLog<Record> {
  readonly #node: KVNode;
  readonly #options: StoredLogOptions<Record>;
  // Made when first used: a node that starts makes as few schemas as it can (see kv.ts).
  readonly #stored: () => KvClient<unknown, Stored<Record>>;
  readonly #pageSchema: () => v.GenericSchema<unknown, Record[]>;
  #length = 0;
  /** The records of the page that is being filled; only where this node appends. */
  #page: { readonly start: number; readonly records: Record[]; length: number } | undefined;
  #reading: Promise<void> | undefined;

  constructor(node: KVNode, options: StoredLogOptions<Record>) {
    this.#node = node;
    this.#options = options;
    const { schema } = options;
    this.#stored = lazy(() => node.linKv.of(v.object({ id: v.string(), record: schema })));
    this.#pageSchema = lazy(() => v.pipe(v.array(schema), v.length(PAGE_LENGTH)));
  }

  /** How many records are known here: those before this number, all of them. */
  get length(): number {
    return this.#length;
  }

  /** Takes in a stored record that was heard of elsewhere; does nothing unless it is the next one. */
  accept(number: number, record: Record): void {
    if (number !== this.#length) return;
    this.#length++;
    const page = this.#page;
    const isOnPage =
      page !== undefined && number >= page.start && number < page.start + PAGE_LENGTH;
    // A page that is too long is not stored: there is no need to go on with it.
    if (isOnPage && page.length <= MAX_PAGE_LENGTH) {
      page.length += stringifyJson(record).length;
      page.records.push(record);
    }
    this.#options.onRecord(record);
  }

  /**
   * Appends a record behind those that are known here, however long that takes.
   *
   * Calls must not overlap.
   *
   * @returns whether it was appended; if not, another's record had that place, and is known now.
   * @throws {Error} when what has that place is no record; nothing was appended.
   */
  async append(record: Record): Promise<boolean> {
    const number = this.#length;
    const stored = { id: this.#node.generateId(), record };
    const other = await retry(this.#node, (timeoutMs) => this.#create(number, stored, timeoutMs));
    this.accept(number, other === undefined ? record : other);
    this.#turnPage();
    return other === undefined;
  }

  /**
   * Reads on from what is known here up to the end, however long that takes.
   *
   * A call while another is under way shares it: what was stored in between may remain unknown.
   *
   * @throws {Error} when something there is no record; all that comes before it is known.
   */
  readOn(): Promise<void> {
    this.#reading ??= this.#readToEnd().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Stores the page that is full, and begins the next one. */
  #turnPage(): void {
    const page = this.#page;
    if (page !== undefined && this.#length < page.start + PAGE_LENGTH) return;
    // Of a page in whose midst this node begins to append, it may not have kept what came before.
    const start = Math.ceil(this.#length / PAGE_LENGTH) * PAGE_LENGTH;
    this.#page = { start, records: [], length: 0 };
    if (page === undefined || page.length > MAX_PAGE_LENGTH) return;
    // Nobody waits for it; it may fail, or come late, for its records never change.
    this.#node.linKv.write(this.#pageKey(page.start), page.records).catch(() => {});
  }

  /** Creates a record's key; if it exists, returns the record that it holds unless it is this one. */
  async #create(
    number: number,
    stored: Stored<Record>,
    timeoutMs: number,
  ): Promise<Record | undefined> {
    try {
      // No record is null, so an existing key never matches.
      const options = { createIfNotExists: true, timeoutMs };
      await this.#node.linKv.cas(this.#key(number), null, stored, options);
      return undefined;
    } catch (error) {
      if (!isRpcError(error, "precondition-failed")) throw error;
    }
    const found = await this.#read(number, timeoutMs);
    if (found === undefined) throw new RpcError("crash", `${this.#key(number)} has disappeared`);
    return found.id === stored.id ? undefined : found.record;
  }

  async #readToEnd(): Promise<void> {
    for (let window = 1; ; window = Math.min(PAGE_LENGTH, 2 * window)) {
      // Only who lacks much asks for pages: at the end of the log there is none.
      if (window === PAGE_LENGTH) await this.#readPages();
      const count = Math.min(window, PAGE_LENGTH - (this.#length % PAGE_LENGTH));
      const wereThere = await this.#readSome(count, {
        step: 1,
        read: (number, timeoutMs) => this.#read(number, timeoutMs),
        take: (number, { record }) => this.accept(number, record),
      });
      if (!wereThere) return;
    }
  }

  /** Reads on up to the first page that is missing. */
  async #readPages(): Promise<void> {
    if (this.#length % PAGE_LENGTH !== 0) return;
    for (let window = 1; ; window = Math.min(MAX_PAGES, 2 * window)) {
      const wereThere = await this.#readSome(window, {
        step: PAGE_LENGTH,
        read: (start, timeoutMs) => this.#readPage(start, timeoutMs),
        take: (start, records) => {
          for (const [index, record] of records.entries()) this.accept(start + index, record);
        },
      });
      if (!wereThere) return;
    }
  }

  /** Reads what comes next, all at once; takes what comes before the first gap. Was there none? */
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

  /** What is no page counts as none: somebody else must have stored it, and the records are there. */
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
