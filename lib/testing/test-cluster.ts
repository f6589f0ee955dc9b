import type * as v from "valibot";
import { LastWriteWinsKv } from "../services/last-write-wins.ts";
import { LinearizableKv } from "../services/linearizable.ts";
import { SequentialKv } from "../services/sequential.ts";
import type { Service } from "../services/service.ts";
import { TimestampOracle } from "../services/tso.ts";
import { AssertionCounts } from "../vortex/assertion-counts.ts";
import {
  type AnyBody,
  type AssertionFailure,
  type AssertionObserver,
  type Host,
  KVNode,
  type Message,
  type NodeId,
  type OptionsSchema,
  type Program,
} from "../vortex/index.ts";
import { requireMilliseconds } from "../vortex/milliseconds.ts";
import { type BoundProgram, bindOptions } from "../vortex/program.ts";
import { ManualClock, settled } from "./manual-clock.ts";
import { type CrashOptions, TestDisk } from "./test-disk.ts";
import { TestHost } from "./test-host.ts";
import { TestKv } from "./test-kv.ts";

/** Delivers a message, drops it, or holds it until {@link TestCluster.release}. */
export type Filter = (message: Message) => "deliver" | "drop" | "hold";

/** Options of a {@link TestCluster}. */
export interface TestClusterOptions<S extends OptionsSchema = OptionsSchema> {
  /** Names of the nodes; n0, n1 and n2 by default. */
  readonly nodeIds?: readonly NodeId[];
  /** Runs on every node. */
  readonly program: Program<S>;
  /** Options of the program; options left out have their defaults. */
  readonly options?: v.InferInput<S>;
  /** Latency of messages between nodes and services, in ms; 0 by default. */
  readonly latencyMs?: number;
}

/** How long {@link TestCluster.ask} waits for a reply, in ms. */
const ASK_LIMIT_MS = 10_000;
/** The client that starts nodes. */
const INIT_CLIENT = "c0";

interface RunningNode {
  readonly host: TestHost;
  readonly node: KVNode;
}

/**
 * A few nodes in this process, with a test in control of time and network.
 *
 * Time stands still until the test advances it, so a test of a minute of gossip takes milliseconds, and
 * runs the same way every time. Services reply at once. An assertion of the program that fails
 * makes the call that ran the node throw.
 *
 * @example
 * test("echo replies with the value it was sent", async () => {
 *   const cluster = new TestCluster({ program: echo });
 *   const reply = await cluster.ask("n0", { type: "echo", echo: "hello" });
 *   expect(reply).toMatchObject({ type: "echo_ok", echo: "hello" });
 * });
 */
export class TestCluster<S extends OptionsSchema = OptionsSchema> {
  /** The service `lin-kv`. */
  readonly linKv = new TestKv(new LinearizableKv());
  /** The service `seq-kv`; {@link stalenessInStates} makes its reads stale. */
  readonly seqKv = new TestKv(new SequentialKv((_, newest) => newest - this.stalenessInStates));
  /** The service `lww-kv`: two replicas, each of which may miss the newest writes of the other. */
  readonly lwwKv = new TestKv(new LastWriteWinsKv(new TestHost(0).random));
  /**
   * Number of newest states that reads of `seq-kv` miss; 0 makes it linearizable. As in Maelstrom, a
   * read may even miss a write of the same node.
   */
  stalenessInStates = 0;
  /** Delivers, drops or holds each message between nodes and services. */
  filter: Filter = () => "deliver";
  /** All messages between nodes and services in the order of sending, dropped ones included. */
  readonly messages: Message[] = [];
  readonly #services: ReadonlyMap<NodeId, Service> = new Map<NodeId, Service>([
    ["lin-kv", this.linKv],
    ["seq-kv", this.seqKv],
    ["lww-kv", this.lwwKv],
    ["lin-tso", new TimestampOracle()],
  ]);
  readonly #program: BoundProgram;
  readonly #nodeIds: readonly NodeId[];
  readonly #latencyMs: number;
  readonly #clock = new ManualClock();
  readonly #nodes = new Map<NodeId, RunningNode>();
  readonly #disks = new Map<NodeId, TestDisk>();
  readonly #held: Message[] = [];
  readonly #replies = new Map<number, AnyBody>();
  readonly #cuts = new Set<string>();
  readonly #logs: string[] = [];
  #droppedCount = 0;
  readonly #counts = new AssertionCounts();
  #failure: AssertionFailure | undefined;
  #lastRequest = 0;
  #startCount = 0;

  /**
   * Starts all nodes, which have replied to `init` when this returns, unless the program delays that.
   *
   * @throws {Error} when the program throws or refuses the options.
   */
  constructor(settings: TestClusterOptions<S>) {
    const { program, options, nodeIds = ["n0", "n1", "n2"], latencyMs = 0 } = settings;
    requireMilliseconds("latencyMs", latencyMs, TestCluster);
    this.#program = bindOptions(program, options);
    this.#nodeIds = nodeIds;
    this.#latencyMs = latencyMs;
    for (const id of nodeIds) this.start(id);
  }

  /** The time in ms. */
  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** The log lines of all nodes, each with its node: `"n0: starting"`. */
  get logs(): readonly string[] {
    for (const [id, { host }] of this.#nodes) this.#takeLogs(id, host);
    return this.#logs;
  }

  /** Number of messages dropped by cuts, by {@link filter}, or because their node was dead. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** How often each `node.sometimes` was reached, on all nodes; 0 if its condition never held. */
  get sometimes(): Readonly<Record<string, number>> {
    return this.#counts.reached();
  }

  /** How often each `node.always` was evaluated, on all nodes. One that never was has checked nothing. */
  get always(): Readonly<Record<string, number>> {
    return this.#counts.evaluated();
  }

  /**
   * Starts a node. It has the disk that its earlier runs have left.
   *
   * If it is running, it is killed first and loses its state, and what it has not synced.
   */
  start(id: NodeId): void {
    this.kill(id);
    const host = new TestHost(++this.#startCount);
    const running = { host, node: new KVNode(this.#hostOf(id, host), this.#program) };
    this.#nodes.set(id, running);
    const body = { type: "init", msg_id: 1, node_id: id, node_ids: [...this.#nodeIds] };
    running.node.receive({ src: INIT_CLIENT, dest: id, body });
    this.#throwFailure();
    const sent = host.takeSent();
    const answer = sent.find(({ dest }) => dest === INIT_CLIENT);
    if (answer?.body["type"] === "error") {
      throw new Error(`${id} cannot start: ${answer.body["text"]}`);
    }
    // Its other messages are delivered when the test next runs the cluster.
    host.sent.push(...sent.filter((message) => message !== answer));
  }

  /**
   * Kills a node. Messages to it are dropped until it is started again.
   *
   * @param options What happens to its disk. By default it loses what was not synced.
   * @throws {Error} when the cluster has no such node.
   */
  kill(id: NodeId, options?: CrashOptions): void {
    this.#requireNode(id);
    this.#disks.get(id)?.crash(options);
    const running = this.#nodes.get(id);
    if (running === undefined) return;
    this.#takeLogs(id, running.host);
    this.#nodes.delete(id);
  }

  /** Returns the disk of a node, running or not. */
  disk(id: NodeId): TestDisk {
    this.#requireNode(id);
    return this.#disks.getOrInsertComputed(id, () => new TestDisk(this.#clock));
  }

  /**
   * Sends a client's request without waiting; {@link ask} waits.
   *
   * @returns a function that returns the body of the reply, or `undefined` before it has arrived.
   */
  request(id: NodeId, body: AnyBody): () => AnyBody | undefined {
    const msg_id = ++this.#lastRequest;
    this.#nodeOf(id).node.receive({ src: "c1", dest: id, body: { ...body, msg_id } });
    this.#throwFailure();
    return () => this.#replies.get(msg_id);
  }

  /**
   * Sends a client's request, and advances time until the reply arrives; resolves with its body, even
   * if that is an error.
   *
   * @throws {Error} when no reply arrives within 10 s of the cluster's time.
   */
  async ask(id: NodeId, body: AnyBody): Promise<AnyBody> {
    const reply = this.request(id, body);
    const endMs = this.nowMs + ASK_LIMIT_MS;
    for (;;) {
      await this.settle();
      const found = reply();
      if (found !== undefined) return found;
      const nextMs = this.#clock.nextDueMs;
      if (nextMs === undefined || nextMs > endMs) break;
      await this.#clock.advanceTo(nextMs);
    }
    throw new Error(`${id} did not reply to "${body["type"]}" within ${ASK_LIMIT_MS / 1000} s`);
  }

  /** Delivers messages until none are due. */
  async settle(): Promise<void> {
    for (let isBusy = true; isBusy; ) {
      await settled();
      this.#throwFailure();
      isBusy = false;
      for (const { host } of [...this.#nodes.values()]) {
        for (const message of host.takeSent()) {
          isBusy = true;
          this.#send(message);
        }
      }
    }
  }

  /** Advances time on all nodes, delivering messages as they fall due. */
  async advance(byMs: number): Promise<void> {
    requireMilliseconds("The duration", byMs, this.advance);
    const endMs = this.nowMs + byMs;
    await this.settle();
    for (;;) {
      const nextMs = this.#clock.nextDueMs;
      if (nextMs === undefined || nextMs > endMs) break;
      await this.#clock.advanceTo(nextMs);
      await this.settle();
    }
    await this.#clock.advanceTo(endMs);
  }

  /**
   * Cuts the link between two nodes or services: messages on it are dropped, both ways.
   *
   * @throws {Error} when the cluster has no such node or service.
   */
  cut(one: NodeId, other: NodeId): void {
    for (const id of [one, other]) if (!this.#services.has(id)) this.#requireNode(id);
    this.#cuts.add(link(one, other));
    this.#cuts.add(link(other, one));
  }

  /**
   * Cuts every link between two groups of nodes.
   *
   * Nodes in no group, and services, stay connected to all.
   *
   * @throws {Error} when the cluster has no such node.
   */
  partition(...groups: readonly (readonly NodeId[])[]): void {
    for (const [index, group] of groups.entries()) {
      const others = groups.slice(index + 1).flat();
      for (const one of group) for (const other of others) this.cut(one, other);
    }
  }

  /** Restores all links. */
  heal(): void {
    this.#cuts.clear();
  }

  /** Delivers the held messages, in the order of sending. */
  async release(): Promise<void> {
    for (const message of this.#held.splice(0)) this.#deliver(message);
    this.#throwFailure();
    await this.settle();
  }

  /** Delivers a message, such as a duplicate; drops it if its link is cut. */
  deliver(message: Message): void {
    this.#deliver(message);
    this.#throwFailure();
  }

  /** Returns the messages between nodes and services since the last call, and removes them. */
  takeMessages(): Message[] {
    return this.messages.splice(0);
  }

  /** Refuses other names: a fault that hits no node would let the test pass. */
  #requireNode(id: NodeId): void {
    if (this.#nodeIds.includes(id)) return;
    throw new Error(`There is no node ${id}: the cluster has ${this.#nodeIds.join(", ")}`);
  }

  /** Makes a node's host: its timers are those of the cluster, and stop when the node is killed. */
  #hostOf(id: NodeId, { transport, random, logger }: TestHost): Host {
    const isAlive = () => this.#nodes.get(id)?.host.transport === transport;
    const clock = {
      nowMs: () => this.#clock.nowMs(),
      after: (delayMs: number, callback: () => void) =>
        this.#clock.after(delayMs, () => {
          if (isAlive()) callback();
        }),
    };
    const assertions: AssertionObserver = {
      onEvaluation: (kind, name, condition) => this.#counts.add(kind, name, condition),
      onFailure: (failure) => {
        this.#failure ??= failure;
      },
    };
    const openDisk = () => this.disk(id).open();
    return { transport, random, logger, clock, openDisk, assertions };
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #takeLogs(id: NodeId, { logged }: TestHost): void {
    this.#logs.push(...logged.splice(0).map((text) => `${id}: ${text}`));
  }

  #nodeOf(id: NodeId): RunningNode {
    const found = this.#nodes.get(id);
    if (found === undefined) throw new Error(`${id} is not running: it is unknown, or was killed`);
    return found;
  }

  #send(message: Message): void {
    const { dest, body } = message;
    if (dest === INIT_CLIENT) return;
    if (this.#isClient(dest)) {
      this.#replies.set(Number(body["in_reply_to"]), body);
      return;
    }
    this.messages.push(message);
    const verdict = this.filter(message);
    if (verdict === "hold") this.#held.push(message);
    else if (verdict === "drop") this.#droppedCount++;
    else if (this.#latencyMs === 0) this.#deliver(message);
    else this.#clock.after(this.#latencyMs, () => this.#deliver(message));
  }

  #isClient(id: NodeId): boolean {
    return id.startsWith("c") && !this.#nodeIds.includes(id);
  }

  #deliver(message: Message): void {
    const { src, dest, body } = message;
    if (this.#cuts.has(link(src, dest))) {
      this.#droppedCount++;
    } else if (this.#nodeIds.includes(dest)) {
      const running = this.#nodes.get(dest);
      if (running === undefined) this.#droppedCount++;
      else running.node.receive(message);
    } else {
      const reply = this.#answer(src, dest, body);
      this.#send({ src: dest, dest: src, body: reply });
    }
  }

  #answer(src: NodeId, service: NodeId, body: AnyBody): AnyBody {
    const reply = this.#services.get(service)?.handle(src, body);
    if (reply !== undefined) return reply;
    throw new Error(
      `${src} sent "${body["type"]}" to ${service}, which does not exist or does not support it`,
    );
  }
}

function link(src: NodeId, dest: NodeId): string {
  return `${src} to ${dest}`;
}
