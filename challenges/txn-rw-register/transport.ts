/** Sends a replica's messages: in batches, and again until they are acknowledged. */
import { type Cancel, type KVNode, type NodeId, RpcError } from "../../lib/vortex/index.ts";
import { ACK_TIMEOUT_MS, DURABLE_LIMIT_MS, FLUSH_MS, START_MS, type TxnOptions } from "./limits.ts";
import { Replicate } from "./messages.ts";
import type { Replica } from "./replica.ts";

/** A transaction that waits for another node. */
interface Waiter {
  readonly clock: number;
  readonly resolve: () => void;
}

export class Transport {
  readonly #node: KVNode;
  readonly #replica: Replica;
  readonly #flushMs: number;
  readonly #timeouts = new Map<NodeId, Cancel>();
  readonly #waiters = new Set<Waiter>();
  #isFlushing = false;

  /** Registers the handler of `replicate`, and introduces this node to its peers. */
  constructor(node: KVNode, replica: Replica, { flushMs, durable }: TxnOptions) {
    this.#node = node;
    this.#replica = replica;
    this.#flushMs = flushMs ?? (durable ? 0 : FLUSH_MS);
    node.handlePeer("replicate", Replicate, ({ src, body }) => this.#receive(src, body));
    this.#flushAfter(START_MS);
  }

  /** Sends peers what they lack, together with what follows until then. */
  flushSoon(): void {
    this.#flushAfter(this.#flushMs);
  }

  /**
   * Resolves once another node has this node's transactions up to a clock.
   *
   * @throws {RpcError} `timeout` (0, indefinite) after 4 s: peers may still receive them.
   */
  replicated(clock: number): Promise<void> {
    if (clock <= this.#replica.replicatedUpTo) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        clock,
        resolve: () => {
          this.#waiters.delete(waiter);
          cancel();
          resolve();
        },
      };
      const cancel = this.#node.after(DURABLE_LIMIT_MS, () => {
        this.#waiters.delete(waiter);
        reject(new RpcError("timeout", "Committed, but no other node has acknowledged it yet"));
      });
      this.#waiters.add(waiter);
    });
  }

  #receive(src: NodeId, message: Replicate): void {
    this.#replica.receive(src, message);
    if (!this.#replica.isInFlight(src)) this.#timeouts.get(src)?.();
    for (const { clock, resolve } of this.#waiters) {
      if (clock <= this.#replica.replicatedUpTo) resolve();
    }
    this.flushSoon();
  }

  #flushAfter(delayMs: number): void {
    if (this.#isFlushing || !this.#node.peers.some((peer) => this.#replica.isDue(peer))) return;
    this.#isFlushing = true;
    this.#node.after(delayMs, () => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    for (const peer of this.#node.peers) {
      const message = this.#replica.message(peer);
      if (message === undefined) continue;
      this.#node.send(peer, { type: "replicate", ...message });
      if (message.wantsAck) this.#awaitAck(peer);
    }
  }

  #awaitAck(peer: NodeId): void {
    this.#timeouts.get(peer)?.();
    // Repeats, because a process at the end of its input waits for one-shot timers only: it should
    // not wait for unreachable peers. An acknowledgement may wait for news as long as a flush does.
    const cancel = this.#node.every(this.#flushMs + ACK_TIMEOUT_MS, () => {
      this.#replica.timeOut(peer);
      this.flushSoon();
    });
    this.#timeouts.set(peer, cancel);
  }
}
