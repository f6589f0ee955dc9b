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
import type { AnyBody, Clock, NodeId, Random } from "../vortex/index.ts";
import { isClientId, type Journal } from "./journal.ts";
import { drawLatencyMs, type Latency } from "./latency.ts";

/** A message on its way: what receivers get. */
export interface Delivery {
  /** Unique per network, from 0 in the order of sending. */
  readonly id: number;
  readonly src: NodeId;
  readonly dest: NodeId;
  readonly body: AnyBody;
}

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
  readonly journal: Journal;
  /** When the test began, on the clock: journal times count from there. */
  readonly zeroMs: () => number;
}

interface Waiting {
  readonly deadlineMs: number;
  readonly delivery: Delivery;
}

interface Receiver {
  readonly receive: Receive;
  readonly queue: TinyQueue<Waiting>;
  /** Whether the loop sleeps until a deadline, or waits for the receiver to take a message. */
  isBusy: boolean;
}

/** A message that Maelstrom's network would not accept. */
export class InvalidMessageError extends Error {
  override readonly name = "InvalidMessageError";
}

/** How many messages may wait for one receiver: a node that stopped reading must not fill memory. */
const MAX_WAITING = 1_000_000;

export class Network {
  readonly #options: NetworkOptions;
  readonly #receivers = new Map<NodeId, Receiver>();
  #grudge: Grudge = new Map();
  #nextId = 0;
  #droppedCount = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** How many messages partitions have dropped so far. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** Makes an id known; messages for it are delivered from now on. */
  connect(id: NodeId, receive: Receive): void {
    const queue = new TinyQueue<Waiting>([], byDeadline);
    this.#receivers.set(id, { receive, queue, isBusy: false });
  }

  /** Forgets an id, and the messages that wait for it. */
  disconnect(id: NodeId): void {
    this.#receivers.delete(id);
  }

  /**
   * Sends a message.
   *
   * @throws {InvalidMessageError} when its sender or its receiver is unknown.
   */
  send(src: NodeId, dest: NodeId, body: AnyBody): void {
    const { clock, latency, random } = this.#options;
    if (!this.#receivers.has(src)) {
      throw new InvalidMessageError(`Invalid source: "${src}" is not in the network`);
    }
    const receiver = this.#receivers.get(dest);
    if (receiver === undefined) {
      throw new InvalidMessageError(`Invalid dest: "${dest}" is not in the network`);
    }
    if (receiver.queue.length >= MAX_WAITING) {
      throw new Error(`Over ${MAX_WAITING} messages wait for ${dest}: it does not keep up`);
    }

    const delivery = { id: this.#nextId++, src, dest, body };
    this.#record("send", delivery);
    // Clients are part of the tester: a delay at their end would only hide anomalies.
    const hasLatency = !isClientId(src) && !isClientId(dest);
    const delayMs = hasLatency ? drawLatencyMs(latency, random) : 0;
    receiver.queue.push({ deadlineMs: clock.nowMs() + delayMs, delivery });
    this.#run(receiver);
  }

  /** Refuses messages by this map from now on, in place of any former one. */
  partition(grudge: Grudge): void {
    this.#grudge = grudge;
  }

  /** Lets every message through again. */
  heal(): void {
    this.#grudge = new Map();
  }

  #run(receiver: Receiver): void {
    const { clock } = this.#options;
    while (!receiver.isBusy) {
      const next = receiver.queue.pop();
      if (next === undefined) return;
      const { deadlineMs, delivery } = next;
      if (this.#grudge.get(delivery.dest)?.has(delivery.src)) {
        this.#droppedCount++;
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
