/**
 * The network: takes messages from whoever sends, and delivers them, later or never.
 *
 * Each receiver has a queue ordered by deadline. Its loop takes the head even if the deadline lies
 * ahead, looks whether a partition refuses it, waits, and delivers; nothing else reaches that
 * receiver while it waits. So a client's request can wait behind a message between servers, and a
 * message may be dropped that was sent while the link was open. Maelstrom measures its latencies
 * with this, so it is reproduced here, in real and in virtual time.
 *
 * @see Maelstrom, `net.clj`
 */
import TinyQueue from "tinyqueue";
import type { AnyBody, Clock, NodeId, Random } from "../../vortex/index.ts";
import { type Delivery, isClientId } from "./delivery.ts";
import type { Journal } from "./journal.ts";
import { drawLatencyMs, type Latency } from "./latency.ts";

/**
 * Takes a message in. While a promise that it returns is pending, as when a pipe is full, the
 * receiver gets nothing else.
 */
export type Receive = (delivery: Delivery) => void | Promise<void>;

/** Who refuses whom: receiver to the senders it does not hear. Cuts are directional. */
export type Grudge = ReadonlyMap<NodeId, ReadonlySet<NodeId>>;

export interface NetworkOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly latency: Latency;
  /** The nodes under test: faults of single messages happen between these only. */
  readonly nodeIds: readonly NodeId[];
  /**
   * Whether a message to a client that has left gets lost. In Maelstrom it is invalid; a node that
   * was paused cannot know better, but Maelstrom pauses none.
   */
  readonly dropLateReplies?: boolean;
  readonly journal: Journal;
  /**
   * Called when more waits than is kept, and says who does not keep up. This message and all others
   * are dropped, so that the test is worth nothing any more.
   */
  readonly onOverload: (reason: string) => void;
  /** When the test began, on the clock: journal times count from there. */
  readonly zeroMs: () => number;
}

/** What may happen to single messages. */
export interface MessageFaults {
  /** Part of the messages between nodes that get lost. */
  readonly lossProbability?: number;
  /** Part of the messages between nodes that arrive twice. */
  readonly duplicateProbability?: number;
  /** How many times longer messages between servers take; 100 ms at least, on average. */
  readonly slowness?: number;
}

const SLOW_LATENCY_MIN_MS = 100;

interface Waiting {
  readonly deadlineMs: number;
  readonly delivery: Delivery;
  readonly length: number;
}

interface Receiver {
  readonly receive: Receive;
  readonly queue: TinyQueue<Waiting>;
  /** Of the messages that wait, together. */
  waitingLength: number;
  /** Whether the loop sleeps until a deadline, or waits for the receiver to take a message. */
  isBusy: boolean;
}

/** Why Maelstrom's network would reject a message. */
export type InvalidMessageKind = "unknown-src" | "unknown-dest" | "late-reply";

/** A message that Maelstrom's network would not accept. */
export class InvalidMessageError extends Error {
  override readonly name = "InvalidMessageError";
  readonly kind: InvalidMessageKind;

  constructor(kind: InvalidMessageKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

// A node that stopped reading, or that floods, must not fill memory.
/** How many messages may wait for one receiver. */
const MAX_WAITING = 250_000;
/** How long the messages that wait for all receivers together may be, in characters. */
const MAX_WAITING_LENGTH = 2 ** 27;

export class Network {
  readonly #options: NetworkOptions;
  readonly #nodeIds: ReadonlySet<NodeId>;
  readonly #receivers = new Map<NodeId, Receiver>();
  /** Ids that were known once. */
  readonly #departed = new Set<NodeId>();
  readonly #grudges = new Map<string, Grudge>();
  readonly #effects = new Map<string, number>();
  #faults: MessageFaults = {};
  #waitingLength = 0;
  #isOverloaded = false;
  #nextId = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#nodeIds = new Set(options.nodeIds);
  }

  /** Makes an id known; messages for it are delivered from now on. */
  connect(id: NodeId, receive: Receive): void {
    this.#forgetWaiting(id);
    const queue = new TinyQueue<Waiting>([], byDeadline);
    this.#receivers.set(id, { receive, queue, waitingLength: 0, isBusy: false });
  }

  /** Forgets an id, and the messages that wait for it. */
  disconnect(id: NodeId): void {
    this.#forgetWaiting(id);
    if (this.#receivers.delete(id)) this.#departed.add(id);
  }

  /**
   * Sends a message.
   *
   * @param length Of the line that it was, in characters; 0 where nobody else decides on it.
   * @throws {InvalidMessageError} when its sender or its receiver is unknown.
   */
  send(src: NodeId, dest: NodeId, body: AnyBody, length = 0): void {
    // The test is over; but there may be no end of what is still read.
    if (this.#isOverloaded) return;
    if (!this.#receivers.has(src)) {
      throw new InvalidMessageError(
        "unknown-src",
        `Invalid source: "${src}" is not in the network`,
      );
    }
    const receiver = this.#receivers.get(dest);
    if (receiver === undefined) {
      const hasLeft = this.#departed.has(dest);
      if (hasLeft && this.#options.dropLateReplies === true) {
        this.#record("send", { id: this.#nextId++, src, dest, body });
        return;
      }
      throw new InvalidMessageError(
        hasLeft ? "late-reply" : "unknown-dest",
        hasLeft
          ? `Invalid dest: "${dest}" has left the network: a client leaves when its request has timed out, and a reply must come before`
          : `Invalid dest: "${dest}" is not in the network`,
      );
    }
    const isTooMany = receiver.queue.length >= MAX_WAITING;
    if (isTooMany || this.#waitingLength + length > MAX_WAITING_LENGTH) {
      const [slowest, { queue }] = isTooMany ? [dest, receiver] : this.#mostAwaited();
      this.#isOverloaded = true;
      const count = queue.length === 1 ? "1 message waits" : `${queue.length} messages wait`;
      this.#options.onOverload(
        `${count} for ${slowest}, more than are kept: it does not keep up. The one that was too much came from ${src}`,
      );
      return;
    }

    const delivery = { id: this.#nextId++, src, dest, body };
    this.#record("send", delivery);
    const isBetweenNodes = this.#nodeIds.has(src) && this.#nodeIds.has(dest);
    if (isBetweenNodes && this.#happens("lossProbability")) return;
    this.#enqueue(receiver, delivery, length);
    if (isBetweenNodes && this.#happens("duplicateProbability")) {
      this.#enqueue(receiver, delivery, length);
    }
    this.#run(receiver);
  }

  /** Refuses messages by this map from now on, until it is healed by the same name. */
  partition(name: string, grudge: Grudge): void {
    this.#grudges.set(name, grudge);
  }

  heal(name: string): void {
    this.#grudges.delete(name);
  }

  /** Sets a fault of single messages; `undefined` ends it. */
  setFault(fault: keyof MessageFaults, value: number | undefined): void {
    const { [fault]: _, ...others } = this.#faults;
    this.#faults = value === undefined ? others : { ...others, [fault]: value };
  }

  /** How many messages a message fault, or the partitions of a name, have affected so far. */
  effectCount(fault: string): number {
    return this.#effects.get(fault) ?? 0;
  }

  #happens(fault: "lossProbability" | "duplicateProbability"): boolean {
    const probability = this.#faults[fault];
    // No draw without the fault: it must not reshuffle the latencies of tests that have none.
    if (probability === undefined || this.#options.random.next() >= probability) return false;
    this.#count(fault);
    return true;
  }

  #count(effect: string): void {
    this.#effects.set(effect, (this.#effects.get(effect) ?? 0) + 1);
  }

  /** The receiver for which the longest messages wait, together. */
  #mostAwaited(): readonly [NodeId, Receiver] {
    const [first, ...others] = this.#receivers;
    if (first === undefined) throw new Error("Nobody is in the network");
    return others.reduce(
      (most, each) => (each[1].waitingLength > most[1].waitingLength ? each : most),
      first,
    );
  }

  #forgetWaiting(id: NodeId): void {
    this.#waitingLength -= this.#receivers.get(id)?.waitingLength ?? 0;
  }

  #enqueue(receiver: Receiver, delivery: Delivery, length: number): void {
    const { clock, random } = this.#options;
    // Clients are part of the tester: a delay at their end would only hide anomalies.
    const hasLatency = !isClientId(delivery.src) && !isClientId(delivery.dest);
    const delayMs = hasLatency ? drawLatencyMs(this.#latency(), random) : 0;
    receiver.queue.push({ deadlineMs: clock.nowMs() + delayMs, delivery, length });
    receiver.waitingLength += length;
    this.#waitingLength += length;
  }

  #latency(): Latency {
    const { latency } = this.#options;
    const { slowness } = this.#faults;
    if (slowness === undefined) return latency;
    this.#count("slowness");
    return { ...latency, meanMs: Math.max(SLOW_LATENCY_MIN_MS, slowness * latency.meanMs) };
  }

  /** The name of a partition in which the receiver refuses a message. */
  #refusal({ src, dest }: Delivery): string | undefined {
    for (const [name, grudge] of this.#grudges) {
      if (grudge.get(dest)?.has(src)) return name;
    }
    return undefined;
  }

  #run(receiver: Receiver): void {
    const { clock } = this.#options;
    while (!receiver.isBusy) {
      const next = receiver.queue.pop();
      if (next === undefined) return;
      const { deadlineMs, delivery, length } = next;
      receiver.waitingLength -= length;
      // What waits for one that has left counts no more.
      if (this.#receivers.get(delivery.dest) === receiver) this.#waitingLength -= length;
      const refusal = this.#refusal(delivery);
      if (refusal !== undefined) {
        this.#count(refusal);
        continue;
      }
      const waitMs = Math.floor(deadlineMs - clock.nowMs());
      if (waitMs <= 0) {
        this.#deliver(receiver, delivery);
        continue;
      }
      receiver.isBusy = true;
      clock.after(waitMs, () => {
        receiver.isBusy = false;
        this.#deliver(receiver, delivery);
        this.#run(receiver);
      });
    }
  }

  #deliver(receiver: Receiver, delivery: Delivery): void {
    // It may have been disconnected, or replaced by a restarted one, during the wait.
    if (this.#receivers.get(delivery.dest) !== receiver) return;
    this.#record("recv", delivery);
    const taken = receiver.receive(delivery);
    if (taken === undefined) return;
    receiver.isBusy = true;
    void taken.finally(() => {
      receiver.isBusy = false;
      this.#run(receiver);
    });
  }

  #record(type: "send" | "recv", message: Delivery): void {
    const { journal, clock, zeroMs } = this.#options;
    journal.record({ type, time: Math.round((clock.nowMs() - zeroMs()) * 1e6), message });
  }
}

// Messages that are due together come in the order of sending.
function byDeadline(one: Waiting, other: Waiting): number {
  return one.deadlineMs - other.deadlineMs || one.delivery.id - other.delivery.id;
}
