/** The network as clients and faults see it. */
import type { AnyBody, NodeId } from "../../vortex/index.ts";
import type { Delivery } from "./delivery.ts";
import type { Grudge } from "./grudge.ts";

/**
 * Receives a message. While the returned promise is pending, as when a pipe is full, the receiver
 * gets no other message.
 */
export type Receive = (delivery: Delivery) => void | Promise<void>;

/** Carries messages. */
export interface Carrier {
  /** Adds an id to the network, or replaces its receiver. Messages that wait for it are dropped. */
  connect(id: NodeId, receive: Receive): void;
  /** Removes an id, and the messages that wait for it. */
  disconnect(id: NodeId): void;
  /**
   * Sends a message.
   *
   * @param length Length of the line, in characters; 0 for messages of the tester itself.
   * @throws {InvalidMessageError} when its sender or its receiver is unknown.
   */
  send(src: NodeId, dest: NodeId, body: AnyBody, length?: number): void;
}

/** A fault of single messages. */
export interface MessageFault {
  /**
   * `loss` and `duplicate` affect messages between nodes. `slow` multiplies the mean latency between
   * servers, which becomes 100 ms at least.
   */
  readonly kind: "loss" | "duplicate" | "slow";
  /** Fraction of the messages that are lost, or arrive twice; the factor on the latency. */
  readonly value: number;
  /** The links that it affects. Defaults to all. */
  readonly affects?: (src: NodeId, dest: NodeId) => boolean;
}

/** Applies faults to messages. */
export interface FaultControl {
  /** Blocks messages by this map until {@link heal} is called with the same name. */
  partition(name: string, grudge: Grudge): void;
  heal(name: string): void;
  /** Starts a fault of single messages, under a name by which its effects are counted. */
  setFault(name: string, fault: MessageFault): void;
  endFault(name: string): void;
  /** How many messages the faults, or the partitions, of a name have affected so far. */
  effectCount(name: string): number;
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
