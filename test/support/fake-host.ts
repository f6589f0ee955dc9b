/**
 * A host whose world is the test: messages are recorded, time moves when told, randomness repeats.
 */

import {
  type AnyBody,
  type Cancel,
  type Clock,
  type Host,
  KVNode,
  type Message,
  type NodeId,
} from "../../lib/vortex/index.ts";
import { parseJson, stringifyJson } from "../../lib/vortex/json.ts";

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>();
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** How many timers are set: 0 when nothing was left behind. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Moves time on, firing what falls due, each timer at its own time. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await settled();
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      await this.#fire(timer);
    }
    this.#nowMs = endMs;
  }

  /** Moves time on as if the process had been paused meanwhile: what fell due fires late. */
  async pause(forMs: number): Promise<void> {
    this.#nowMs += forMs;
    const nowMs = this.#nowMs;
    for (let timer = this.#next(nowMs); timer !== undefined; timer = this.#next(nowMs)) {
      await this.#fire(timer);
    }
  }

  #next(untilMs: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (first === undefined || timer.dueMs < first.dueMs)) {
        first = timer;
      }
    }
    return first;
  }

  async #fire(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    timer.callback();
    await settled();
  }
}

export class FakeHost implements Host {
  readonly clock = new ManualClock();
  /** Everything that was sent, as the receiver would parse it. */
  readonly sent: Message[] = [];
  readonly logged: string[] = [];
  #randomState: number;

  constructor(seed = 1) {
    this.#randomState = seed;
  }

  readonly transport = {
    send: (message: Message) => {
      // Through text and back, so that the recorded message shares nothing with the node's objects.
      this.sent.push(parseJson(stringifyJson(message)) as Message);
    },
  };

  readonly logger = { log: (text: string) => void this.logged.push(text) };

  /** SplitMix32: as good as a test needs. */
  readonly random = {
    next: () => {
      this.#randomState = (this.#randomState + 0x9e3779b9) | 0;
      let bits = this.#randomState;
      bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
      bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
      return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
    },
  };

  /** Takes what was sent since the last call. */
  takeSent(): Message[] {
    return this.sent.splice(0);
  }

  /** Takes the bodies of what was sent since the last call. */
  takeBodies(): AnyBody[] {
    return this.takeSent().map(({ body }) => body);
  }
}

export const INIT = { type: "init", msg_id: 1, node_id: "n0", node_ids: ["n0", "n1", "n2"] };

/** A node that knows nothing yet, and its host. */
export function newNode(seed?: number): { node: KVNode; host: FakeHost } {
  const host = new FakeHost(seed);
  return { node: new KVNode(host), host };
}

/** Node `n0` of three, initialized; its `init_ok` is taken. */
export function startNode(
  program: (node: KVNode) => void = () => {},
  seed?: number,
): { node: KVNode; host: FakeHost } {
  const { node, host } = newNode(seed);
  program(node);
  receive(node, INIT);
  host.takeSent();
  return { node, host };
}

/** Hands the node a message. */
export function receive(node: KVNode, body: AnyBody, src: NodeId = "c1", dest: NodeId = "n0") {
  node.receive({ src, dest, body });
}

/** Resolves when all promise continuations that can run by now have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
