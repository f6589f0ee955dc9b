/**
 * What a history tells of one key's log: its messages, who sent and who polled them, and where.
 */

import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import type { Operation } from "../../history/history.ts";
import { compareJson } from "../clojure/compare.ts";
import { compareInClojureSet } from "../clojure/set-order.ts";

/** A message at an offset, and the first operation that shows it there. */
export interface Place {
  readonly message: Message;
  readonly offset: number;
  readonly witness: Operation;
}

/** One message of one key. */
export class Message {
  readonly value: Json;
  /** Its send: the last one to complete, should there be several. */
  send: { readonly invocation: Operation; readonly completion: Operation } | undefined;
  /** Whether some send of it ended as `ok`. */
  isAcknowledged = false;
  /** A send of it that ended as `fail`. */
  failure: Operation | undefined;
  /** The first `ok` poll that returned it. */
  reader: Operation | undefined;

  /**
   * Where it stands in the version order: first, last, and last of those where it is the message of
   * its offset. One that shares all of its offsets may have no `index`.
   */
  firstIndex: number | undefined;
  lastIndex: number | undefined;
  index: number | undefined;

  /** The first offset that it was seen at. */
  #offset: number | undefined;
  #witness: Operation | undefined;
  /** Further places, by offset. Hardly any message has them: an empty map each would weigh much. */
  #elsewhere: Map<number, Place> | undefined;

  constructor(value: Json) {
    this.value = value;
  }

  /** Notes that an operation shows the message at an offset. */
  place(offset: number, witness: Operation): void {
    // Jepsen's logs begin at offset 0: it loses sight of what is below.
    if (this.#offset === offset || offset < 0) return;
    if (this.#offset === undefined) {
      this.#offset = offset;
      this.#witness = witness;
    } else {
      this.#elsewhere ??= new Map();
      this.#elsewhere.getOrInsert(offset, { message: this, offset, witness });
    }
  }

  /** Where it was seen: at one offset, if all is well. */
  places(): readonly Place[] {
    if (this.#offset === undefined || this.#witness === undefined) return [];
    const first = { message: this, offset: this.#offset, witness: this.#witness };
    return this.#elsewhere === undefined ? [first] : [first, ...this.#elsewhere.values()];
  }
}

/** Several messages at one offset, by value. */
export interface Conflict {
  readonly offset: number;
  readonly places: readonly Place[];
}

/**
 * A log without its holes: offsets that nobody saw a message at do not count. Positions in it are
 * called indices.
 */
export interface VersionOrder {
  /** Index -> offset. */
  readonly offsets: ArrayLike<number>;
  /** Index -> the message of that offset. */
  readonly messages: readonly Message[];
  readonly conflicts: readonly Conflict[];
}

export class Log {
  readonly key: string;
  /** The first `ok` poll that returned the key, even if without messages. */
  firstPoll: Operation | undefined;
  /** Empty until the log is {@link settle | settled}. */
  order: VersionOrder = { offsets: [], messages: [], conflicts: [] };
  readonly #messages = new Map<number | string, Message>();

  constructor(key: string) {
    this.key = key;
  }

  messages(): MapIterator<Message> {
    return this.#messages.values();
  }

  /** The message of that value; a new one if there is none. */
  message(value: Json): Message {
    // Almost all are integers, and those need not be printed.
    const id = typeof value === "number" && Number.isInteger(value) ? value : jsonKey(value);
    let message = this.#messages.get(id);
    if (message === undefined) {
      message = new Message(value);
      this.#messages.set(id, message);
    }
    return message;
  }

  /**
   * Works out the version order, once every message is placed.
   *
   * @throws {Error} when messages at one offset cannot be compared: Jepsen sorts them.
   */
  settle(): void {
    const places = Map.groupBy(
      this.messages().flatMap((message) => message.places()),
      ({ offset }) => offset,
    );
    const offsets = Float64Array.from(places.keys()).sort();
    const messages: Message[] = [];
    const conflicts: Conflict[] = [];
    for (const [index, offset] of offsets.entries()) {
      const here = places.get(offset) ?? [];
      for (const { message } of here) {
        message.firstIndex ??= index;
        message.lastIndex = index;
      }
      if (here.length > 1) conflicts.push({ offset, places: here.toSorted(byValue) });
      const { message } = here.reduce(earlierInSet);
      message.index = index;
      messages.push(message);
    }
    this.order = { offsets, messages, conflicts };
  }
}

function byValue(one: Place, other: Place): number {
  return compareJson(one.message.value, other.message.value);
}

function earlierInSet(one: Place, other: Place): Place {
  return compareInClojureSet(one.message.value, other.message.value) < 0 ? one : other;
}
