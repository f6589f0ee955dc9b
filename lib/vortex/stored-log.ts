/**
 * A log that several nodes append to and read, kept in lin-kv.
 *
 * Each record has a key of its own, numbered from 0 without gaps, and is never changed once it is
 * there: whoever is first to create the key of a number has appended. So a write that was delayed,
 * by the network or since before its node was killed, finds its place taken, and undoes nothing.
 */
import * as v from "valibot";
import { isRpcError, RpcError } from "./errors.ts";
import type { KVNode } from "./kv-node.ts";
import { retry } from "./retry.ts";

/** How many records are asked for at a time, at most. */
const MAX_WINDOW = 256;

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

/** A log that all nodes append to and read, kept in a key-value service: a key for each record. */
export class StoredLog<Record> {
  readonly #node: KVNode;
  readonly #options: StoredLogOptions<Record>;
  readonly #schema: v.GenericSchema<unknown, Stored<Record>>;
  #length = 0;
  #reading: Promise<void> | undefined;

  constructor(node: KVNode, options: StoredLogOptions<Record>) {
    this.#node = node;
    this.#options = options;
    this.#schema = v.object({ id: v.string(), record: options.schema });
  }

  /** How many records are known here: those before this number, all of them. */
  get length(): number {
    return this.#length;
  }

  /** Takes in a stored record that was heard of elsewhere; does nothing unless it is the next one. */
  accept(number: number, record: Record): void {
    if (number !== this.#length) return;
    this.#length++;
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
    return other === undefined;
  }

  /**
   * Reads on from what is known here up to the end, however long that takes.
   *
   * A call while another is under way shares it: what was stored in between may remain unknown.
   *
   * @throws {Error} when something there is no record; what comes before it is known then.
   */
  readOn(): Promise<void> {
    this.#reading ??= this.#readToEnd().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
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
    for (let window = 1; ; window = Math.min(MAX_WINDOW, 2 * window)) {
      const numbers = Array.from({ length: window }, (_, index) => this.#length + index);
      const found = await Promise.all(
        numbers.map((number) => retry(this.#node, (timeoutMs) => this.#read(number, timeoutMs))),
      );
      for (const [index, stored] of found.entries()) {
        if (stored === undefined) return;
        this.accept(numbers[index] ?? 0, stored.record);
      }
    }
  }

  #read(number: number, timeoutMs: number): Promise<Stored<Record> | undefined> {
    return this.#node.linKv.readAs(this.#key(number), this.#schema, { timeoutMs });
  }

  #key(number: number): string {
    return `${this.#options.name}/${number}`;
  }
}
