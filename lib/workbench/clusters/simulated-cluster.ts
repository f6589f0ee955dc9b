/**
 * Nodes as objects in this process, in virtual time: the program is the same, byte for byte.
 *
 * Messages are encoded and decoded on their way, as between processes: a value that JSON cannot hold
 * shows, and no two nodes share an object.
 */
import { decode, encode } from "../../protocol/codec.ts";
import {
  type AnyProgram,
  type Clock,
  type Host,
  type InvariantViolation,
  KVNode,
  type NodeId,
  type Random,
  stringifyJson,
} from "../../vortex/index.ts";
import { bindArguments } from "../../vortex/program.ts";
import type { Delivery } from "../network/delivery.ts";
import type { Network } from "../network/network.ts";
import { type BadLine, type Cluster, type Crash, shownLine } from "./cluster.ts";
import { sendLine } from "./output-line.ts";

export interface SimulatedClusterOptions {
  readonly program: AnyProgram;
  /** The program's arguments, the same for each node. */
  readonly args: readonly string[];
  readonly network: Network;
  /** Exact time: what messages take on their way. */
  readonly scheduler: Clock;
  /** The clock that nodes see. */
  readonly timers: Clock;
  /** A stream of randomness by name: one for each start of a node, among others. */
  readonly randomOf: (name: string) => Random;
  readonly onStderr?: (node: NodeId, line: string) => void;
  /** Called before a node does anything: what happens until the next call is its doing. */
  readonly onTurn?: (node: NodeId) => void;
  readonly onBadLine: (badLine: BadLine) => void;
  /** Called when an invariant of the program does not hold on a node. */
  readonly onViolation: (violation: InvariantViolation) => void;
}

/**
 * How long it takes, in ms on average, until the reader of a pipe wakes up and reads what was written
 * to it meanwhile; from half of it to half as much again.
 *
 * Half of what a request and its reply take between the tester and a compiled program that answers
 * at once: 0.3 ms in the median (`vortex test -w echo --bin dist/echo --node-count 1 --rate 200`).
 * Without it clients would get their answers in no time, and a closed loop would be none.
 */
export const HOP_MS = 0.15;

/** A pipe between the tester and a node: what comes together is read together, in order. */
class Pipe {
  readonly #clock: Clock;
  readonly #random: Random;
  #written: (() => void)[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Writes a message; `read` is called when it is read. */
  write(read: () => void): void {
    if (this.#written.push(read) > 1) return;
    this.#clock.after(HOP_MS * (0.5 + this.#random.next()), () => {
      const chunk = this.#written;
      this.#written = [];
      for (const task of chunk) task();
    });
  }
}

interface SimulatedNode {
  readonly id: NodeId;
  isRunning: boolean;
  /** What waits for a paused node to go on; `undefined` while it is not paused. */
  postponed: (() => void)[] | undefined;
}

export class SimulatedCluster implements Cluster {
  readonly #options: SimulatedClusterOptions;
  readonly #nodes = new Map<NodeId, SimulatedNode>();
  readonly #badLines: BadLine[] = [];
  readonly #crashes: Crash[] = [];
  readonly #delays: Random;
  #startCount = 0;

  constructor(options: SimulatedClusterOptions) {
    this.#options = options;
    this.#delays = options.randomOf("delays of pipes");
  }

  get badLines(): readonly BadLine[] {
    return this.#badLines;
  }

  /** Messages are lines from the beginning here. */
  unfinishedLine(): string {
    return "";
  }

  start(id: NodeId): Promise<void> {
    const { program, args, network } = this.#options;
    const state: SimulatedNode = { id, isRunning: true, postponed: undefined };
    this.#nodes.set(id, state);
    const bound = bindArguments(program, args);
    if (!bound.ok) {
      network.connect(id, () => {});
      return this.#crash(id, state, "exit status 2", bound.reason);
    }
    const node = new KVNode(this.#host(id, state), bound.program);
    const stdin = this.#pipe();
    network.connect(id, (delivery) => {
      stdin.write(() => this.#runIn(state, () => node.receive(received(delivery))));
    });

    return new Promise(() => {}); // It runs until it is stopped.
  }

  kill(id: NodeId): boolean {
    const state = this.#nodes.get(id);
    if (state === undefined) return false;
    state.isRunning = false;
    this.#nodes.delete(id);
    // As in Maelstrom, messages for a dead node are taken from its queue, and lost.
    this.#options.network.connect(id, () => {});
    return true;
  }

  pause(id: NodeId): boolean {
    const state = this.#nodes.get(id);
    if (state === undefined) return false;
    state.postponed ??= [];
    return true;
  }

  resume(id: NodeId): void {
    const state = this.#nodes.get(id);
    const postponed = state?.postponed ?? [];
    if (state !== undefined) state.postponed = undefined;
    for (const task of postponed) this.#options.scheduler.after(0, task);
  }

  async stop(): Promise<readonly Crash[]> {
    for (const [id, state] of this.#nodes) {
      state.isRunning = false;
      this.#options.network.disconnect(id);
    }
    this.#nodes.clear();
    return this.#crashes.splice(0);
  }

  #host(id: NodeId, state: SimulatedNode): Host {
    const { timers, randomOf, onStderr, onViolation } = this.#options;
    const stdout = this.#pipe();
    let isIgnored = false;
    return {
      transport: {
        send: (message) => {
          const line = encode(message).trimEnd();
          stdout.write(() => {
            if (state.isRunning && !isIgnored) isIgnored = !this.#send(id, line);
          });
        },
      },
      clock: {
        nowMs: () => timers.nowMs(),
        after: (delayMs, callback) => {
          let isCancelled = false;
          // A timer that fell due while the node was paused may be cancelled before its turn comes.
          const fire = () => {
            if (!isCancelled) callback();
          };
          const cancel = timers.after(delayMs, () => this.#runIn(state, fire));
          return () => {
            isCancelled = true;
            cancel();
          };
        },
      },
      random: randomOf(`node ${id}, start ${this.#startCount++}`),
      logger: {
        log: (text) => {
          for (const line of text.split("\n")) onStderr?.(id, line);
        },
      },
      onViolation,
    };
  }

  /** Runs a piece of a node: later if it is paused, never if it is dead. */
  #runIn(state: SimulatedNode, task: () => void): void {
    if (!state.isRunning) return;
    if (state.postponed !== undefined) {
      state.postponed.push(() => this.#runIn(state, task));
      return;
    }
    this.#options.onTurn?.(state.id);
    task();
  }

  #pipe(): Pipe {
    return new Pipe(this.#options.scheduler, this.#delays);
  }

  /** Sends the message on a line. Returns false if the line is bad. */
  #send(node: NodeId, line: string): boolean {
    const problem = sendLine(this.#options.network, line);
    if (problem === undefined) return true;
    const badLine = { node, line: shownLine(line), ...problem };
    this.#badLines.push(badLine);
    this.#options.onBadLine(badLine);
    return false;
  }

  #crash(node: NodeId, state: SimulatedNode, status: string, reason: string): Promise<void> {
    state.isRunning = false;
    this.#crashes.push({ node, status, stdout: [], stderr: reason.split("\n") });
    return Promise.resolve();
  }
}

function received({ src, dest, body }: Delivery) {
  const decoded = decode(stringifyJson({ src, dest, body }));
  if (!decoded.ok) throw new Error(`The network delivered what is no message: ${decoded.reason}`);
  return decoded.message;
}
