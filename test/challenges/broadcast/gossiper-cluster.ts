import * as v from "valibot";
import { Gossiper } from "../../../challenges/broadcast/gossiper.ts";
import type { Outgoing } from "../../../challenges/broadcast/messages.ts";
import { Gossip } from "../../../challenges/broadcast/messages.ts";
import { type NodeId, parseJson, stringifyJson } from "../../../lib/vortex/index.ts";
import { Scheduler } from "../../../lib/workbench/clusters/scheduler.ts";

export interface GossiperClusterOptions {
  readonly ids: readonly NodeId[];
  readonly flushMs: number;
}

/** A message between two gossipers. */
export interface Sent extends Outgoing {
  readonly src: NodeId;
}

/** One incarnation of a node. Its clock starts with it. */
interface Incarnation {
  readonly name: string;
  readonly gossiper: Gossiper;
  readonly startMs: number;
  state: "up" | "paused" | "down";
  /** Messages that arrived during a pause. */
  readonly waiting: Sent[];
}

/**
 * Gossipers on a network in virtual time, without nodes around them. Every step of every gossiper
 * must keep its invariants.
 */
export class GossiperCluster {
  readonly #ids: readonly NodeId[];
  readonly #flushMs: number;
  readonly #scheduler = new Scheduler();
  readonly #incarnations = new Map<NodeId, Incarnation>();
  /** Delay of each copy of a message that the network carries, in ms. */
  route: (message: Sent) => readonly number[] = () => [0];
  /** Whether a message gets through when it arrives. */
  filter: (message: Sent) => boolean = () => true;

  constructor({ ids, flushMs }: GossiperClusterOptions) {
    this.#ids = ids;
    this.#flushMs = flushMs;
    for (const id of ids) this.start(id);
  }

  nowMs(): number {
    return this.#scheduler.nowMs();
  }

  /** Calls back after a delay in ms. */
  after(delayMs: number, callback: () => void): void {
    this.#scheduler.after(delayMs, callback);
  }

  advance(ms: number): void {
    let isOver = false;
    this.#scheduler.after(ms, () => {
      isOver = true;
    });
    while (!isOver) this.#scheduler.step();
  }

  /** Name of a node's present incarnation. */
  incarnationOf(id: NodeId): string {
    return this.#of(id).name;
  }

  /** Values that each node shows. */
  values(): (readonly unknown[])[] {
    return this.#ids.map((id) => this.#of(id).gossiper.values.asArray());
  }

  /** Starts a node, or starts it again with nothing. */
  start(id: NodeId): void {
    const count = Number(this.#incarnations.get(id)?.name.split("~")[1] ?? 0);
    const name = `${id}~${count + 1}`;
    const gossiper = new Gossiper({
      id,
      nodeIds: this.#ids,
      incarnation: name,
      flushMs: this.#flushMs,
      nowMs: 0,
    });
    const startMs = this.nowMs();
    this.#incarnations.set(id, { name, gossiper, startMs, state: "up", waiting: [] });
    this.#step(id);
  }

  kill(id: NodeId): void {
    this.#of(id).state = "down";
  }

  pause(id: NodeId): void {
    this.#of(id).state = "paused";
  }

  /** Ends a pause, or starts a node that was killed. */
  raise(id: NodeId): void {
    const incarnation = this.#of(id);
    if (incarnation.state === "down") this.start(id);
    if (incarnation.state !== "paused") return;
    incarnation.state = "up";
    this.#step(id);
    for (const message of incarnation.waiting.splice(0)) this.#deliver(message);
  }

  /** Gives a node a value, as a client would; returns false if the node does not run. */
  add(id: NodeId, value: unknown): boolean {
    const { gossiper, state, startMs } = this.#of(id);
    if (state !== "up") return false;
    gossiper.add(value);
    gossiper.unmute(this.nowMs() - startMs);
    this.#step(id);
    return true;
  }

  /** Checks that each node holds every value that another counts as settled with it. */
  expectSettled(): void {
    for (const one of this.#ids) {
      for (const other of this.#ids) {
        if (this.#of(one).gossiper.isSettledWith(other, this.#of(other).gossiper)) continue;
        throw new Error(`${other} lacks values that ${one} counts as settled`);
      }
    }
  }

  #of(id: NodeId): Incarnation {
    const incarnation = this.#incarnations.get(id);
    if (incarnation === undefined) throw new Error(`Unknown node ${id}`);
    return incarnation;
  }

  #step(id: NodeId): void {
    const incarnation = this.#of(id);
    const { gossiper, startMs, state, name } = incarnation;
    if (state !== "up") return;
    const nowMs = this.nowMs() - startMs;
    const { messages, nextStepMs } = gossiper.step(nowMs);
    for (const [invariant, holds] of gossiper.invariants) {
      if (!holds()) throw new Error(`Invariant broken at ${name}, ${nowMs} ms: ${invariant}`);
    }
    for (const message of messages) this.#send({ src: id, ...message });
    if (nextStepMs === Number.POSITIVE_INFINITY) return;
    this.#scheduler.after(nextStepMs - nowMs, () => {
      if (this.#of(id) === incarnation) this.#step(id);
    });
  }

  #send(message: Sent): void {
    // Encoded at once, as a network would: what the body refers to changes later.
    const text = stringifyJson(message.body);
    for (const delayMs of this.route(message)) {
      this.#scheduler.after(delayMs, () => {
        if (this.filter(message)) this.#deliver({ ...message, body: parseJson(text) as never });
      });
    }
  }

  #deliver(message: Sent): void {
    const { gossiper, startMs, state, waiting } = this.#of(message.dest);
    if (state === "down") return;
    if (state === "paused") {
      waiting.push(message);
      return;
    }
    const nowMs = this.nowMs() - startMs;
    const { src, body } = message;
    if (body.type === "eager") gossiper.deliverEagerly(body);
    else gossiper.receive(src, v.parse(Gossip, body), nowMs);
    gossiper.unmute(nowMs);
    this.#step(message.dest);
  }
}
