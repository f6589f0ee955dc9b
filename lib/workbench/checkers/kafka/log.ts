/** Reconstructs the log of one key from a history: its messages, their sends, polls and offsets. */
import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import type { Operation } from "../../history/history.ts";
import { compareJson } from "../clojure/compare.ts";
import { compareInClojureSet } from "../clojure/set-order.ts";

/** A message at an offset, and the first operation that observed it there. */
export interface Observation {
  readonly message: Message;
  readonly offset: number;
  readonly witness: Operation;
}

/** One message of one key. */
export class Message {
  readonly value: Json;
  /** Its send; of several, the last one to complete. */
  send: { readonly invocation: Operation; readonly completion: Operation } | undefined;
  /** Whether a send of it was `ok`. */
  isAcknowledged = false;
  /** A send of it that failed. */
  failure: Operation | undefined;
  /** The first `ok` poll that returned it. */
  reader: Operation | undefined;

  /**
   * Indices in the version order: of its first offset, of its last offset, and of the last offset
   * whose message it is. A message that shares all of its offsets may have no `index`.
   */
  firstIndex: number | undefined;
  lastIndex: number | undefined;
  index: number | undefined;

  /** The first offset at which it was observed. */
  #offset: number | undefined;
  #witness: Operation | undefined;
  /** Further observations by offset. Hardly any message has one, so the map is created on demand. */
  #elsewhere: Map<number, Observation> | undefined;

  constructor(value: Json) {
    this.value = value;
  }

  /** Records that an operation observed the message at an offset. */
  observeAt(offset: number, witness: Operation): void {
    // Jepsen's logs start at offset 0; it ignores lower offsets.
    if (this.#offset === offset || offset < 0) return;
    if (this.#offset === undefined) {
      this.#offset = offset;
      this.#witness = witness;
    } else {
      this.#elsewhere ??= new Map();
      this.#elsewhere.getOrInsert(offset, { message: this, offset, witness });
    }
  }

  /** The offsets at which it was observed: a single one in a correct log. */
  observations(): readonly Observation[] {
    if (this.#offset === undefined || this.#witness === undefined) return [];
    const first = { message: this, offset: this.#offset, witness: this.#witness };
    return this.#elsewhere === undefined ? [first] : [first, ...this.#elsewhere.values()];
  }
}

/** Several messages at one offset, sorted by value. */
export interface Conflict {
  readonly offset: number;
  readonly observations: readonly Observation[];
}

/** A log without the offsets at which no message was observed. Positions in it are indices. */
export interface VersionOrder {
  /** Index -> offset. */
  readonly offsets: ArrayLike<number>;
  /** Index -> the message at that offset. */
  readonly messages: readonly Message[];
  readonly conflicts: readonly Conflict[];
}

export class Log {
  readonly key: string;
  /** The first `ok` poll that returned the key, with or without messages. */
  firstPoll: Operation | undefined;
  /** Empty until {@link orderVersions} is called. */
  order: VersionOrder = { offsets: [], messages: [], conflicts: [] };
  readonly #messages = new Map<number | string, Message>();

  constructor(key: string) {
    this.key = key;
  }

  messages(): MapIterator<Message> {
    return this.#messages.values();
  }

  /** Returns the message with a value, and adds it if it is new. */
  message(value: Json): Message {
    // Nearly all values are integers, which need no encoding.
    const id = typeof value === "number" && Number.isInteger(value) ? value : jsonKey(value);
    let message = this.#messages.get(id);
    if (message === undefined) {
      message = new Message(value);
      this.#messages.set(id, message);
    }
    return message;
  }

  /**
   * Computes the version order from all observations.
   *
   * Of several messages observed at one offset, the first in Clojure's set order is taken as the
   * message there, as in Jepsen.
   *
   * @throws {Error} if messages at one offset cannot be compared: Jepsen sorts them.
   */
  orderVersions(): void {
    const observations = Map.groupBy(
      this.messages().flatMap((message) => message.observations()),
      ({ offset }) => offset,
    );
    const offsets = Float64Array.from(observations.keys()).sort();
    const messages: Message[] = [];
    const conflicts: Conflict[] = [];
    for (const [index, offset] of offsets.entries()) {
      const here = observations.get(offset) ?? [];
      for (const { message } of here) {
        message.firstIndex ??= index;
        message.lastIndex = index;
      }
      if (here.length > 1) conflicts.push({ offset, observations: here.toSorted(byValue) });
      const { message } = here.reduce(firstInSet);
      message.index = index;
      messages.push(message);
    }
    this.order = { offsets, messages, conflicts };
  }
}

function byValue(one: Observation, other: Observation): number {
  return compareJson(one.message.value, other.message.value);
}

function firstInSet(one: Observation, other: Observation): Observation {
  return compareInClojureSet(one.message.value, other.message.value) < 0 ? one : other;
}
