/**
 * A cluster of objects in this process, in virtual time. The program is the same, byte for byte.
 *
 * Messages arrive as if they had been encoded and decoded, as between processes. So values that JSON
 * cannot hold are detected, and nodes share no objects.
 */
import { decode, encode } from "../../protocol/codec.ts";
import {
  type AnyProgram,
  type AssertionObserver,
  type Clock,
  type Host,
  KVNode,
  type Message,
  type NodeId,
  type Random,
  stringifyJson,
} from "../../vortex/index.ts";
import { bindArguments } from "../../vortex/program.ts";
import { linkName } from "../decisions.ts";
import type { Delivery } from "../network/delivery.ts";
import type { Network } from "../network/network.ts";
import type { BadLine, Cluster, Crash } from "./cluster.ts";
import { copyMessage } from "./message-copy.ts";
import { type NodeLog, NodeLogs, shownLine } from "./node-log.ts";
import { sendLine, sendMessage } from "./output-line.ts";
import { SimulatedDisks } from "./simulated-disks.ts";

export interface SimulatedClusterOptions {
  readonly program: AnyProgram;
  /** The program's arguments, the same for each node. */
  readonly args: readonly string[];
  readonly network: Network;
  /** Exact time, for messages in flight. */
  readonly scheduler: Clock;
  /** The clock of a node. */
  readonly timersOf: (node: NodeId) => Clock;
  /** Returns the stream of randomness of a name. Each start of a node has one of its own. */
  readonly randomOf: (name: string) => Random;
  readonly onStderr?: (node: NodeId, line: string) => void;
  /**
   * Called before a node runs: whatever happens until the next call is caused by that node.
   *
   * @param received The message that it handles. Absent for a timer.
   */
  readonly onTurn?: ((node: NodeId, received?: Delivery) => void) | undefined;
  readonly onBadLine: (badLine: BadLine) => void;
  /** Called when a node begins to sync its disk, and when the sync has ended. */
  readonly onSync?: ((node: NodeId, hasEnded: boolean) => void) | undefined;
  /** Observes the assertions of the program on all nodes. */
  readonly assertions: AssertionObserver;
  /** Decides on delays and starts, in place of chance. */
  readonly chance?: ClusterChance | undefined;
  /** Called when a program registers what is shown of its state. */
  readonly onInspect?: ((node: NodeId, view: () => unknown) => void) | undefined;
  /** Whether the errors of RPCs name the line that sent the request. */
  readonly tracesRpcs?: boolean | undefined;
}

/** Decides on the delays and starts of nodes. */
export interface ClusterChance {
  /**
   * Decides on a delay, in ms.
   *
   * @param part The part whose delay it is.
   * @param shared The stream that all parts share without decisions.
   */
  delayMs(
    part: string,
    leastMs: number,
    meanMs: number,
    draw: (random: Random) => number,
    shared: Random,
  ): number;
  /** The name of the stream of randomness of a node's next start. */
  startName(node: NodeId, sharedCount: number): string;
}

/**
 * Mean time, in ms, until the reader of a pipe wakes up and reads all that was written. Uniform, from
 * 50 % to 150 %.
 *
 * It is half of the median round trip between the tester and a compiled program: 0.3 ms
 * (`vortex test -w echo --bin dist/echo --node-count 1 --rate 200`). Without it, replies would take
 * no time, and clients in a closed loop would not be slowed down by them.
 */
export const HOP_MS = 0.15;

/** A pipe between the tester and a node. Messages written before it is read are read together. */
class Pipe<T> {
  readonly #clock: Clock;
  readonly #delayMs: (message: T) => number;
  readonly #read: (message: T) => void;
  #written: T[] = [];

  /** @param delayMs Decides on the time until the pipe is read, when this message is first in it. */
  constructor(clock: Clock, delayMs: (message: T) => number, read: (message: T) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#read = read;
  }

  write(message: T): void {
    if (this.#written.push(message) > 1) return;
    this.#clock.after(this.#delayMs(message), () => {
      const chunk = this.#written;
      this.#written = [];
      for (const each of chunk) this.#read(each);
    });
  }
}

interface SimulatedNode {
  readonly id: NodeId;
  isRunning: boolean;
  /** Tasks that wait for a paused node to resume; `undefined` while it is not paused. */
  postponed: (() => void)[] | undefined;
}

export class SimulatedCluster implements Cluster {
  /** The disks of the nodes. */
  readonly disks: SimulatedDisks;
  readonly #options: SimulatedClusterOptions;
  readonly #nodes = new Map<NodeId, SimulatedNode>();
  readonly #badLines: BadLine[] = [];
  readonly #logs = new NodeLogs();
  readonly #crashes: Crash[] = [];
  readonly #delays: Random;
  #startCount = 0;

  constructor(options: SimulatedClusterOptions) {
    this.#options = options;
    this.#delays = options.randomOf("delays of pipes");
    this.disks = new SimulatedDisks({
      clock: options.scheduler,
      randomOf: options.randomOf,
      onLog: (node, text) => this.#log(node, text),
      onSync: options.onSync,
    });
  }

  get badLines(): readonly BadLine[] {
    return this.#badLines;
  }

  logOf(node: NodeId): NodeLog {
    return this.#logs.of(node);
  }

  /** Empty: simulated nodes write whole lines. */
  unfinishedLine(): string {
    return "";
  }

  start(id: NodeId): Promise<void> {
    const { program, args, network } = this.#options;
    const state: SimulatedNode = { id, isRunning: true, postponed: undefined };
    this.#nodes.set(id, state);
    const bound = bindArguments(program, args);
    if (!bound.ok) {
      network.takeDown(id);
      return this.#crash(id, state, "exit status 2", bound.reason);
    }
    const host = this.#host(id, state);
    for (const warning of bound.warnings) host.logger.log(warning);
    if (bound.dataDirectory !== undefined) {
      host.logger.log("Ignoring --data: the disk of a simulated node is simulated");
    }
    const node = new KVNode(host, bound.program);
    const stdin = this.#pipe(id, "in", (delivery: Delivery) => {
      this.#runIn(state, () => node.receive(received(delivery)), delivery);
    });
    network.connect(id, (delivery) => stdin.write(delivery));

    return new Promise(() => {}); // A simulated node runs until it is stopped.
  }

  kill(id: NodeId): boolean {
    const state = this.#nodes.get(id);
    if (state === undefined) return false;
    state.isRunning = false;
    this.#nodes.delete(id);
    this.disks.crash(id);
    this.#options.network.takeDown(id);
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
    const { timersOf, randomOf, assertions, chance, onInspect, tracesRpcs = false } = this.#options;
    const timers = timersOf(id);
    const startCount = this.#startCount++;
    const stream = chance?.startName(id, startCount) ?? `node ${id}, start ${startCount}`;
    let isIgnored = false;
    const stdout = this.#pipe(id, "out", (output: Message | string) => {
      if (state.isRunning && !isIgnored) isIgnored = !this.#send(id, output);
    });
    return {
      transport: {
        send: (message) => stdout.write(copyMessage(message) ?? encode(message).trimEnd()),
      },
      clock: {
        nowMs: () => timers.nowMs(),
        after: (delayMs, callback) => {
          let isCancelled = false;
          // A timer that was due during a pause may be cancelled before the postponed task runs.
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
      random: randomOf(stream),
      logger: { log: (text) => this.#log(id, text) },
      openDisk: () => this.disks.open(id, (task) => this.#runIn(state, task)),
      assertions,
      onInspect: onInspect && ((view) => onInspect(id, view)),
      tracesRpcs,
    };
  }

  #log(id: NodeId, text: string): void {
    for (const line of text.split("\n")) {
      this.#logs.of(id).add(line);
      this.#options.onStderr?.(id, line);
    }
  }

  /** Runs a task of a node: later if the node is paused, never if it is dead. */
  #runIn(state: SimulatedNode, task: () => void, delivery?: Delivery): void {
    if (!state.isRunning) return;
    if (state.postponed !== undefined) {
      state.postponed.push(() => this.#runIn(state, task, delivery));
      return;
    }
    this.#options.onTurn?.(state.id, delivery);
    task();
  }

  #pipe<T extends Delivery | Message | string>(
    id: NodeId,
    end: "in" | "out",
    read: (message: T) => void,
  ): Pipe<T> {
    const { chance, scheduler } = this.#options;
    const shared = this.#delays;
    if (chance === undefined) return new Pipe(scheduler, () => hopMs(shared), read);
    const decide = (message: T) => {
      const link = typeof message === "string" ? id : linkName(message.src, message.dest);
      return chance.delayMs(`pipe ${link} ${end}`, 0, HOP_MS, hopMs, shared);
    };
    return new Pipe(scheduler, decide, read);
  }

  /** Sends a message, or the one on a line. Returns false if it is bad. */
  #send(node: NodeId, output: Message | string): boolean {
    const { network } = this.#options;
    const isLine = typeof output === "string";
    const problem = isLine ? sendLine(network, output) : sendMessage(network, output);
    if (problem === undefined) return true;
    const line = isLine ? output : encode(output).trimEnd();
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

function hopMs(random: Random): number {
  return HOP_MS * (0.5 + random.next());
}

function received({ src, dest, body }: Delivery): Message {
  const copy = copyMessage({ src, dest, body });
  if (copy !== undefined) return copy;
  const decoded = decode(stringifyJson({ src, dest, body }));
  if (!decoded.ok) throw new Error(`The network delivered an invalid message: ${decoded.reason}`);
  return decoded.message;
}
