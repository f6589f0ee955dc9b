/**
 * The simulated network: delivers messages late, twice or never.
 *
 * Each receiver has a queue ordered by deadline. Its loop takes the head even if the deadline is in
 * the future, drops it if a partition blocks it, waits until the deadline, and delivers it. Nothing
 * else reaches that receiver while it waits. So a client's request can wait behind a message between
 * servers, and a message sent over an open link may be dropped. Maelstrom's latencies are measured
 * this way, so both clocks reproduce it.
 *
 * @see Maelstrom, `net.clj`
 */
import TinyQueue from "tinyqueue";
import type { AnyBody, Clock, NodeId, Random } from "../../vortex/index.ts";
import type { MessageIntervention } from "../decisions.ts";
import {
  type Carrier,
  type FaultControl,
  InvalidMessageError,
  type MessageFault,
  type Receive,
} from "./carrier.ts";
import { type Delivery, type DeliveryOrder, isClientId } from "./delivery.ts";
import type { DropReason } from "./drops.ts";
import type { Grudge } from "./grudge.ts";
import type { Journal } from "./journal.ts";
import { drawLatencyMs, type Latency } from "./latency.ts";

export interface NetworkOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly latency: Latency;
  /** The nodes under test. Loss and duplication affect messages between these only. */
  readonly nodeIds: readonly NodeId[];
  /**
   * Whether a reply to a client that has left is dropped. In Maelstrom it is invalid and mutes the
   * node, but a node that was paused cannot reply in time.
   */
  readonly dropLateReplies?: () => boolean;
  readonly journal: Pick<Journal, "record">;
  /** Receivers on other hosts. Absent: all are here. */
  readonly elsewhere?: Elsewhere | undefined;
  /** The ids of the messages that are sent here, where others are sent elsewhere: each `step`th number. */
  readonly ids?: { readonly first: number; readonly step: number } | undefined;
  /** Orders messages between servers, in place of latencies. */
  readonly order?: DeliveryOrder | undefined;
  /**
   * Called when the limit of waiting messages is exceeded, with the receiver that does not keep up.
   * All later messages are dropped, so the test must end.
   */
  readonly onOverload: (reason: string) => void;
  /** Clock zero of the test, as a reading of the clock. Journal times count from there. */
  readonly zeroMs: () => number;
  /** Decides on messages between servers. Absent: chance does. */
  readonly fates?: MessageFates | undefined;
  /** The clock by which a message of this link is late. Absent: the same for all. */
  readonly clockOf?: ((src: NodeId, dest: NodeId) => Clock) | undefined;
}

/** The receivers on other hosts, to which a network of their own delivers messages. */
export interface Elsewhere {
  has(id: NodeId): boolean;
  /** Takes a message whose sending is on record. There, {@link Network.accept} delivers it. */
  forward(delivery: Delivery, length: number): void;
}

/** Draws the latencies of the copies of a message that are delivered; none if it is lost. */
export type DrawFate = (random: Random) => readonly number[];

/** Decides on messages between servers, in place of chance. */
export interface MessageFates {
  /**
   * Decides on the next message of a link: the latencies of its copies.
   *
   * @param meanMs The mean latency, without faults.
   * @param shared The stream that all links share without decisions.
   */
  fateOf(
    src: NodeId,
    dest: NodeId,
    meanMs: number,
    draw: DrawFate,
    shared: Random,
  ): readonly number[];
  /** The changes by hand of the next message of a link, of any kind. */
  interventionsOn(src: NodeId, dest: NodeId): readonly MessageIntervention[];
}

const SLOW_LATENCY_MIN_MS = 100;

interface Waiting {
  readonly deadlineMs: number;
  readonly delivery: Delivery;
  readonly length: number;
}

interface Receiver {
  /** Absent while the receiver is down: its messages are dropped when they are due. */
  readonly receive?: Receive;
  readonly queue: TinyQueue<Waiting>;
  /** Number of messages that an order holds. */
  heldCount: number;
  /** Total length of the waiting messages. */
  waitingLength: number;
  /** Whether the loop waits for a deadline, or for the receiver to accept a message. */
  isBusy: boolean;
}

// A node that floods, or stops reading, must not fill memory.
/** Maximum number of messages that wait for one receiver. */
const MAX_WAITING = 250_000;
/** Maximum total length of all waiting messages, in characters. */
const MAX_WAITING_LENGTH = 2 ** 27;

export class Network implements Carrier, FaultControl {
  readonly #options: NetworkOptions;
  readonly #nodeIds: ReadonlySet<NodeId>;
  readonly #receivers = new Map<NodeId, Receiver>();
  /** Ids that have left the network. */
  readonly #departed = new Set<NodeId>();
  readonly #grudges = new Map<string, Grudge>();
  readonly #effects = new Map<string, number>();
  readonly #faults = new Map<string, MessageFault>();
  #waitingLength = 0;
  #isOverloaded = false;
  #nextId: number;

  constructor(options: NetworkOptions) {
    this.#options = options;
    this.#nextId = options.ids?.first ?? 0;
    this.#nodeIds = new Set(options.nodeIds);
  }

  /** Adds an id to the network, or replaces its receiver. Messages that wait for it are dropped. */
  connect(id: NodeId, receive: Receive): void {
    this.#replace(id, { receive });
  }

  /** Drops the messages that wait for an id, and all others until it is connected again. */
  takeDown(id: NodeId): void {
    this.#replace(id, {});
  }

  /** Removes an id, and the messages that wait for it. */
  disconnect(id: NodeId): void {
    this.#forgetWaiting(id);
    if (this.#receivers.delete(id)) this.#departed.add(id);
  }

  /**
   * Sends a message.
   *
   * @param length Length of the line, in characters; 0 for messages of the tester itself.
   * @throws {InvalidMessageError} when its sender or its receiver is unknown.
   */
  send(src: NodeId, dest: NodeId, body: AnyBody, length = 0): void {
    // The test is over, but a flooding node may still be read.
    if (this.#isOverloaded) return;
    const { elsewhere } = this.#options;
    if (!this.#receivers.has(src) && elsewhere?.has(src) !== true) {
      throw new InvalidMessageError("unknown-src", `Invalid src: "${src}" is not in the network`);
    }
    const receiver = this.#receivers.get(dest);
    if (receiver === undefined && elsewhere?.has(dest) === true) {
      const delivery = { id: this.#takeId(), src, dest, body };
      this.#record("send", delivery);
      elsewhere.forward(delivery, length);
      return;
    }
    if (receiver === undefined) {
      const hasLeft = this.#departed.has(dest);
      if (hasLeft && this.#options.dropLateReplies?.() === true) {
        const late = { id: this.#takeId(), src, dest, body };
        this.#record("send", late);
        this.#drop(late, "gone");
        return;
      }
      throw new InvalidMessageError(
        hasLeft ? "late-reply" : "unknown-dest",
        hasLeft
          ? `Invalid dest: "${dest}" has left the network, because its request has timed out`
          : `Invalid dest: "${dest}" is not in the network`,
      );
    }
    if (!this.#hasRoom(receiver, src, dest, length)) return;
    const delivery = { id: this.#takeId(), src, dest, body };
    this.#record("send", delivery);
    this.#transmit(receiver, delivery, length);
  }

  /**
   * Delivers a message that was sent elsewhere, where its sending is on record. It is dropped if its
   * receiver has left.
   */
  accept(delivery: Delivery, length: number): void {
    if (this.#isOverloaded) return;
    const { src, dest } = delivery;
    const receiver = this.#receivers.get(dest);
    if (receiver === undefined) this.#drop(delivery, "gone");
    else if (this.#hasRoom(receiver, src, dest, length)) {
      this.#transmit(receiver, delivery, length);
    }
  }

  #takeId(): number {
    const id = this.#nextId;
    this.#nextId += this.#options.ids?.step ?? 1;
    return id;
  }

  /** Whether one more message may wait. Otherwise reports the overload. */
  #hasRoom(receiver: Receiver, src: NodeId, dest: NodeId, length: number): boolean {
    const isTooMany = receiver.queue.length + receiver.heldCount >= MAX_WAITING;
    if (!isTooMany && this.#waitingLength + length <= MAX_WAITING_LENGTH) return true;
    const [slowest, { queue }] = isTooMany ? [dest, receiver] : this.#mostAwaited();
    this.#isOverloaded = true;
    const count = queue.length === 1 ? "1 message waits" : `${queue.length} messages wait`;
    this.#options.onOverload(
      `${slowest} does not keep up: ${count} for it, and one more from ${src} exceeds the limit`,
    );
    return false;
  }

  /** Delivers a message late, twice or never. */
  #transmit(receiver: Receiver, delivery: Delivery, length: number): void {
    const { fates, random } = this.#options;
    const { src, dest } = delivery;
    if (fates !== undefined) {
      const interventions = fates.interventionsOn(src, dest);
      if (hasLatency(delivery) || interventions.length > 0) {
        this.#sendDecided(receiver, delivery, length, fates, interventions);
        return;
      }
    }
    const isBetweenNodes = this.#isBetweenNodes(delivery);
    if (isBetweenNodes && this.#happens("loss", delivery, random)) {
      this.#drop(delivery, "loss");
      return;
    }
    this.#enqueue(receiver, delivery, length, this.#latencyMs(delivery, random));
    if (isBetweenNodes && this.#happens("duplicate", delivery, random)) {
      this.#enqueue(receiver, delivery, length, this.#latencyMs(delivery, random));
    }
    this.#run(receiver);
  }

  /** Blocks messages by this map until {@link heal} is called with the same name. */
  partition(name: string, grudge: Grudge): void {
    this.#grudges.set(name, grudge);
  }

  heal(name: string): void {
    this.#grudges.delete(name);
  }

  /** Starts a fault of single messages, under a name by which its effects are counted. */
  setFault(name: string, fault: MessageFault): void {
    this.#faults.set(name, fault);
  }

  endFault(name: string): void {
    this.#faults.delete(name);
  }

  /** How many messages the faults, or the partitions, of a name have affected so far. */
  effectCount(name: string): number {
    return this.#effects.get(name) ?? 0;
  }

  #sendDecided(
    receiver: Receiver,
    delivery: Delivery,
    length: number,
    fates: MessageFates,
    interventions: readonly MessageIntervention[],
  ): void {
    const copies = hasLatency(delivery) ? this.#decidedLatencies(delivery, fates) : [0];
    const isDropped = interventions.some((each) => each.do === "drop");
    if (isDropped || copies.length === 0) {
      this.#drop(delivery, isDropped ? "intervention" : "loss");
      return;
    }
    let delayMs = 0;
    for (const each of interventions) if (each.do === "delay") delayMs += each.byNs / 1e6;
    for (const latencyMs of copies) {
      if (delayMs === 0) this.#enqueue(receiver, delivery, length, latencyMs);
      else this.#deliverLater(receiver, delivery, length, delayMs + latencyMs);
    }
    for (const each of interventions) {
      if (each.do !== "duplicate") continue;
      const latencyMs = delayMs + (copies[0] ?? 0) + each.byNs / 1e6;
      this.#deliverLater(receiver, delivery, length, latencyMs);
    }
    this.#run(receiver);
  }

  #decidedLatencies(delivery: Delivery, fates: MessageFates): readonly number[] {
    const { latency, random } = this.#options;
    const { src, dest } = delivery;
    const isBetweenNodes = this.#isBetweenNodes(delivery);
    let isDrawn = false;
    const draw: DrawFate = (from) => {
      isDrawn = true;
      if (isBetweenNodes && this.#happens("loss", delivery, from)) return [];
      const first = this.#latencyMs(delivery, from);
      const isTwice = isBetweenNodes && this.#happens("duplicate", delivery, from);
      return isTwice ? [first, this.#latencyMs(delivery, from)] : [first];
    };
    const decided = fates.fateOf(src, dest, latency.meanMs, draw, random);
    // Connections to services are reliable.
    const copies = isBetweenNodes ? decided : [decided[0] ?? latency.meanMs];
    if (!isDrawn) this.#countEffects(delivery, copies);
    return copies;
  }

  /** Delivers a message after a time in which others may overtake it. */
  #deliverLater(receiver: Receiver, delivery: Delivery, length: number, delayMs: number): void {
    const { clock } = this.#options;
    this.#addLength(receiver, length);
    const order: DeliveryOrder = { hold: (_, ms, release) => void clock.after(ms, release) };
    this.#hold(order, receiver, delivery, length, delayMs);
  }

  /** Counts what was decided as effects of the faults that could have caused it. */
  #countEffects({ src, dest }: Delivery, copies: readonly number[]): void {
    const { meanMs } = this.#options.latency;
    for (const [name, { kind, affects }] of this.#faults) {
      if (affects?.(src, dest) === false) continue;
      const isEffect = {
        loss: copies.length === 0,
        duplicate: copies.length > 1,
        slow: copies.some((latencyMs) => latencyMs > meanMs),
      };
      if (isEffect[kind]) this.#count(name);
    }
  }

  #isBetweenNodes({ src, dest }: Delivery): boolean {
    return this.#nodeIds.has(src) && this.#nodeIds.has(dest);
  }

  #happens(kind: "loss" | "duplicate", { src, dest }: Delivery, random: Random): boolean {
    for (const [name, fault] of this.#faults) {
      if (fault.kind !== kind || fault.affects?.(src, dest) === false) continue;
      // No draw without a fault, or it would reshuffle the latencies of tests without faults.
      if (random.next() >= fault.value) continue;
      this.#count(name);
      return true;
    }
    return false;
  }

  #count(effect: string): void {
    this.#effects.set(effect, (this.#effects.get(effect) ?? 0) + 1);
  }

  /** The receiver with the greatest total length of waiting messages. */
  #mostAwaited(): readonly [NodeId, Receiver] {
    const [first, ...others] = this.#receivers;
    if (first === undefined) throw new Error("The network is empty");
    return others.reduce(
      (most, each) => (each[1].waitingLength > most[1].waitingLength ? each : most),
      first,
    );
  }

  #replace(id: NodeId, receiving: Pick<Receiver, "receive">): void {
    // The former receiver's loop still takes its messages from the queue, and drops them.
    this.#forgetWaiting(id);
    const queue = new TinyQueue<Waiting>([], byDeadline);
    this.#receivers.set(id, { ...receiving, queue, heldCount: 0, waitingLength: 0, isBusy: false });
  }

  #forgetWaiting(id: NodeId): void {
    this.#waitingLength -= this.#receivers.get(id)?.waitingLength ?? 0;
  }

  /** Draws a latency. An order takes the place of the usual one. */
  #latencyMs(delivery: Delivery, random: Random): number {
    if (!hasLatency(delivery)) return 0;
    const { latency, order } = this.#options;
    const current = this.#latencyOf(delivery);
    return order !== undefined && current === latency ? 0 : drawLatencyMs(current, random);
  }

  #enqueue(receiver: Receiver, delivery: Delivery, length: number, latencyMs: number): void {
    const { clock, order } = this.#options;
    this.#addLength(receiver, length);
    if (order !== undefined && hasLatency(delivery)) {
      this.#hold(order, receiver, delivery, length, latencyMs);
    } else {
      receiver.queue.push({ deadlineMs: clock.nowMs() + latencyMs, delivery, length });
    }
  }

  /** Leaves a message to an order. It does not keep others from the receiver. */
  #hold(
    order: DeliveryOrder,
    receiver: Receiver,
    delivery: Delivery,
    length: number,
    delayMs: number,
  ): void {
    receiver.heldCount++;
    order.hold(delivery, delayMs, () => {
      receiver.heldCount--;
      receiver.queue.push({ deadlineMs: this.#options.clock.nowMs(), delivery, length });
      this.#run(receiver);
    });
  }

  #addLength(receiver: Receiver, length: number): void {
    receiver.waitingLength += length;
    this.#waitingLength += length;
  }

  #latencyOf({ src, dest }: Delivery): Latency {
    const { latency } = this.#options;
    let factor: number | undefined;
    for (const [name, { kind, value, affects }] of this.#faults) {
      if (kind !== "slow" || affects?.(src, dest) === false) continue;
      this.#count(name);
      factor = Math.max(factor ?? 0, value);
    }
    if (factor === undefined) return latency;
    return { ...latency, meanMs: Math.max(SLOW_LATENCY_MIN_MS, factor * latency.meanMs) };
  }

  /** The name of a partition that blocks a message. */
  #blockingPartition({ src, dest }: Delivery): string | undefined {
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
      // Messages for a receiver that has left or was replaced are no longer counted.
      if (this.#receivers.get(delivery.dest) === receiver) this.#waitingLength -= length;
      const partition = this.#blockingPartition(delivery);
      if (partition !== undefined) {
        this.#count(partition);
        this.#drop(delivery, "partition");
        continue;
      }
      const waitMs = Math.floor(deadlineMs - clock.nowMs());
      if (waitMs <= 0) {
        this.#deliver(receiver, delivery);
        continue;
      }
      receiver.isBusy = true;
      const { src, dest } = delivery;
      const waiting = this.#options.clockOf?.(src, dest) ?? clock;
      waiting.after(waitMs, () => {
        receiver.isBusy = false;
        this.#deliver(receiver, delivery);
        this.#run(receiver);
      });
    }
  }

  #deliver(receiver: Receiver, delivery: Delivery): void {
    // During the wait, the receiver may have left, or a restarted node may have replaced it.
    const present = this.#receivers.get(delivery.dest);
    if (present !== receiver) {
      // A receiver that has left at the end of the test leaves its messages in flight.
      if (present !== undefined) this.#drop(delivery, "down");
      return;
    }
    if (receiver.receive === undefined) {
      this.#drop(delivery, "down");
      return;
    }
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
    this.#options.journal.record({ type, time: this.#timeNs(), message });
  }

  #drop(message: Delivery, reason: DropReason): void {
    this.#options.journal.record({ type: "drop", time: this.#timeNs(), message, reason });
  }

  #timeNs(): number {
    const { clock, zeroMs } = this.#options;
    return Math.round((clock.nowMs() - zeroMs()) * 1e6);
  }
}

// Clients are part of the tester: latency at their end would only hide anomalies.
function hasLatency({ src, dest }: Delivery): boolean {
  return !isClientId(src) && !isClientId(dest);
}

// Messages with equal deadlines arrive in the order of sending.
function byDeadline(one: Waiting, other: Waiting): number {
  return one.deadlineMs - other.deadlineMs || one.delivery.id - other.delivery.id;
}
