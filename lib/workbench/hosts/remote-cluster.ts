/**
 * A cluster whose nodes run on other hosts, each beside a sidecar.
 *
 * Clients, the generator, the history and the checkers are those of any test. Messages of clients travel
 * to the sidecars and back; messages between nodes never pass the tester, which learns of them by reports.
 */
import { type Cancel, type Clock, type NodeId, stringifyJson } from "../../vortex/index.ts";
import { type BadLine, type Cluster, type Crash, StartError } from "../clusters/cluster.ts";
import { type NodeLog, NodeLogs } from "../clusters/node-log.ts";
import type { FaultControl, MessageFault } from "../network/carrier.ts";
import type { Delivery } from "../network/delivery.ts";
import type { Grudge } from "../network/grudge.ts";
import type { Journal } from "../network/journal.ts";
import type { Elsewhere, Network } from "../network/network.ts";
import type { HostsSummary } from "../run/hosts-summary.ts";
import type { ClusterParts, Hosts } from "../run/test.ts";
import { type Bus, describeTooLarge, TooLarge } from "./bus.ts";
import { EventOrder } from "./event-order.ts";
import { Outbox } from "./outbox.ts";
import { RemoteHost } from "./remote-host.ts";
import { repeat } from "./repeat.ts";
import {
  type Command,
  type Identity,
  parseWire,
  Report,
  type ReportItem,
  subjects,
  type TestPlan,
  WireError,
  WireMessage,
} from "./wire.ts";

export interface RemoteClusterOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly cluster: string;
  readonly plan: TestPlan;
  /** The sidecars of the nodes of the plan. */
  readonly sidecars: readonly Identity[];
  /** Names of the services. */
  readonly serviceIds: readonly NodeId[];
  readonly onRemark: (text: string) => void;
}

const OUTBOX_INTERVAL_MS = 50;
/** How long a node may take to reply to `init` beyond the lease, in ms; Maelstrom's limit. */
const INIT_TIMEOUT_MS = 10_000;

/** How long a host may take to end a test that has failed, in ms. */
const FAILED_STOP_LIMIT_MS = 2000;

interface RemoteNode {
  readonly host: RemoteHost;
  /** Resolves when it has started for the first time. */
  readonly started: PromiseWithResolvers<void>;
  startCount: number;
  isRunning: boolean;
  /** Whether it has replied to `init`: until then, messages to it must not be lost. */
  hasReplied: boolean;
  /** Called when the process has exited. */
  onExit: () => void;
  lastReport: number;
  unfinished: string;
}

export class RemoteCluster implements Cluster, Hosts {
  readonly #options: RemoteClusterOptions;
  readonly #nodes: ReadonlyMap<NodeId, RemoteNode>;
  readonly #logs = new NodeLogs();
  readonly #badLines: BadLine[] = [];
  readonly #crashes: Crash[] = [];
  readonly #outbox: Outbox;
  readonly #cleanUp: Cancel[] = [];
  readonly #allStarted: Promise<unknown>;
  #parts: ClusterParts | undefined;
  #order: EventOrder | undefined;
  #hasDuplicates = false;
  #stopping: Promise<readonly Crash[]> | undefined;
  /** A failure from before the test was attached. */
  #failure: string | undefined;
  readonly initTimeoutMs: number;
  readonly ids: { readonly first: number; readonly step: number };
  readonly elsewhere: Elsewhere = {
    has: (id) => this.#nodes.has(id),
    forward: (delivery) => this.#forward(delivery),
  };
  readonly faults: FaultControl = {
    partition: (name, grudge) => this.#partition(name, grudge),
    heal: (name) => this.#command({ type: "heal", name }),
    setFault: (name, fault) => this.#setFault(name, fault),
    endFault: (name) => this.#command({ type: "end-fault", name }),
    effectCount: (name) => this.#effectCount(name),
  };

  constructor(options: RemoteClusterOptions) {
    const { bus, clock, cluster, plan, sidecars } = options;
    this.#options = options;
    this.#outbox = new Outbox(bus, clock);
    this.ids = { first: 0, step: sidecars.length + 1 };
    // A command must arrive first, and may take as long as the host may be silent.
    this.initTimeoutMs = plan.leaseMs + INIT_TIMEOUT_MS;
    this.#nodes = new Map(
      sidecars.map((identity) => {
        const onLost = (reason: string) => this.#fail(reason);
        const host = new RemoteHost({ bus, cluster, identity, plan, clock, onLost });
        return [identity.name, remoteNode(host)];
      }),
    );
    this.#allStarted = Promise.all([...this.#nodes.values()].map(({ started }) => started.promise));
  }

  get badLines(): readonly BadLine[] {
    return this.#badLines;
  }

  /**
   * Begins the test on all hosts.
   *
   * @throws {HostError} if one does not.
   */
  async begin(): Promise<void> {
    const { bus, clock, cluster, plan } = this.#options;
    this.#cleanUp.push(
      bus.subscribe(subjects.reports(cluster, plan.test), (text, answer) => {
        const report = this.#parse(Report, text);
        if (report !== undefined) this.#receiveReport(report);
        answer("{}");
      }),
      bus.subscribe(subjects.clients(cluster, plan.test), (text) => {
        const message = this.#parse(WireMessage, text);
        if (message !== undefined) this.#network.accept(message, text.length);
      }),
      repeat(clock, OUTBOX_INTERVAL_MS, () => this.#outbox.update()),
    );
    const begun = await Promise.allSettled(this.#hosts.map((host) => host.begin()));
    const failed = begun.find((one) => one.status === "rejected");
    if (failed === undefined) return;
    // Those that have begun must be free for the next test.
    for (const [index, host] of this.#hosts.entries()) {
      if (begun[index]?.status === "rejected") host.close();
    }
    await this.stop();
    throw failed.reason;
  }

  /** Connects the nodes to a test. */
  attach(parts: ClusterParts): this {
    this.#parts = parts;
    if (this.#failure !== undefined) parts.onFailure(this.#failure);
    return this;
  }

  ordered(journal: Journal, zeroMs: () => number): Pick<Journal, "record"> {
    const { clock } = this.#options;
    const mayRepeat = () => this.#hasDuplicates;
    const order = new EventOrder({ clock, journal, zeroMs, mayRepeat });
    this.#order = order;
    return {
      record: (event) => order.add(TESTER, clock.nowMs(), event, event.message),
    };
  }

  async settled(): Promise<void> {
    await Promise.allSettled(this.#hosts.map((host) => host.command({ type: "report" })));
    this.#order?.flush();
  }

  start(node: NodeId): Promise<unknown> {
    const remote = this.#node(node);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    remote.startCount++;
    remote.isRunning = true;
    remote.hasReplied = false;
    remote.onExit = resolve;
    remote.host.command({ type: "start" }).then(
      () => remote.started.resolve(),
      (error: unknown) => {
        remote.isRunning = false;
        reject(new StartError(error instanceof Error ? error.message : String(error)));
      },
    );
    return promise;
  }

  kill(node: NodeId): boolean {
    const remote = this.#node(node);
    const wasRunning = remote.isRunning;
    remote.isRunning = false;
    this.#command({ type: "kill" }, node);
    return wasRunning;
  }

  pause(node: NodeId): boolean {
    this.#command({ type: "pause" }, node);
    return this.#node(node).isRunning;
  }

  resume(node: NodeId): void {
    this.#command({ type: "resume" }, node);
  }

  stop(): Promise<readonly Crash[]> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  logOf(node: NodeId): NodeLog {
    return this.#logs.of(node);
  }

  unfinishedLine(node: NodeId): string {
    return this.#node(node).unfinished;
  }

  summary(): HostsSummary {
    return {
      cluster: this.#options.cluster,
      nodes: Object.fromEntries([...this.#nodes].map(([node, { host }]) => [node, host.summary()])),
      undelivered: this.#order?.undelivered ?? 0,
    };
  }

  get #hosts(): readonly RemoteHost[] {
    return [...this.#nodes.values()].map(({ host }) => host);
  }

  get #network(): Pick<Network, "accept"> {
    return this.#parts?.network ?? { accept: () => {} };
  }

  #node(id: NodeId): RemoteNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`${id} is not a node of the test`);
    return node;
  }

  async #stop(): Promise<readonly Crash[]> {
    // After a failure, a host may not be there any more. Its sidecar ends the test with the lease.
    const limitMs = this.#failure === undefined ? undefined : FAILED_STOP_LIMIT_MS;
    await Promise.allSettled(this.#hosts.map((host) => host.command({ type: "stop" }, limitMs)));
    for (const host of this.#hosts) host.close();
    for (const cleanUp of this.#cleanUp.splice(0)) cleanUp();
    for (const { onExit } of this.#nodes.values()) onExit();
    this.#order?.close();
    return this.#crashes.splice(0);
  }

  /** A text that is not understood ends the test: without an answer it would be sent for ever. */
  #parse<S extends typeof Report | typeof WireMessage>(schema: S, text: string) {
    try {
      return parseWire(schema, text);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#fail(`What a host sent is not understood: ${error.message}`);
      return undefined;
    }
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    this.#parts?.onFailure(reason);
  }

  /** Sends a command to a node, or to all. The test ends by itself if it is not carried out. */
  #command(command: Command, node?: NodeId): void {
    const hosts = node === undefined ? this.#hosts : [this.#node(node).host];
    for (const host of hosts) host.command(command).catch(() => {});
  }

  #forward(delivery: Delivery): void {
    const { cluster, plan, bus } = this.#options;
    const { id, src, dest, body } = delivery;
    const node = this.#node(dest);
    const message = { id, src, dest, body };
    if (!node.hasReplied) {
      // No node sends a message to one that does not run yet.
      void this.#allStarted.then(() => this.#command({ type: "deliver", message }, dest));
      return;
    }
    try {
      this.#outbox.send(subjects.node(cluster, plan.test, dest), stringifyJson(message));
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      this.#fail(describeTooLarge(delivery, error, bus));
    }
  }

  #partition(name: string, grudge: Grudge): void {
    for (const [node, { host }] of this.#nodes) {
      const refused = [...(grudge.get(node) ?? [])];
      host.command({ type: "partition", name, refused }).catch(() => {});
    }
  }

  #setFault(name: string, { kind, value, affects = () => true }: MessageFault): void {
    const { serviceIds, plan } = this.#options;
    if (kind === "duplicate") this.#hasDuplicates = true;
    for (const [node, { host }] of this.#nodes) {
      // A message is affected where it is received; services are on the node's own host.
      const pairs: [NodeId, NodeId][] = [
        ...plan.nodeIds.map((src): [NodeId, NodeId] => [src, node]),
        ...serviceIds.flatMap((service): [NodeId, NodeId][] => [
          [node, service],
          [service, node],
        ]),
      ];
      const links = pairs.filter(([src, dest]) => affects(src, dest));
      host.command({ type: "fault", name, kind, value, links }).catch(() => {});
    }
  }

  #effectCount(name: string): number {
    return this.#hosts.reduce((sum, { counts }) => sum + (counts.effects[name] ?? 0), 0);
  }

  #receiveReport({ node: id, number, items }: Report): void {
    const node = this.#nodes.get(id);
    // The acknowledgement was lost.
    if (node === undefined || number <= node.lastReport) return;
    node.lastReport = number;
    for (const item of items) this.#receiveItem(id, node, item);
  }

  #receiveItem(id: NodeId, node: RemoteNode, item: ReportItem): void {
    const { onRemark } = this.#options;
    switch (item.type) {
      case "send":
        this.#order?.add(id, node.host.toLocalMs(item.atMs), item, item.message);
        break;
      case "recv":
      case "drop": {
        const { src, dest } = item;
        const message = { id: item.id, src, dest, body: {} };
        this.#order?.add(id, node.host.toLocalMs(item.atMs), item, message);
        break;
      }
      case "deliver":
        node.hasReplied = true;
        this.#network.accept(item.message, 0);
        break;
      case "log":
        this.#logs.of(id).add(item.line);
        this.#parts?.onStderr(id, item.line);
        break;
      case "bad-line": {
        const { line, kind, reason } = item;
        const badLine = { node: id, line, kind, reason };
        this.#badLines.push(badLine);
        this.#parts?.onBadLine(badLine);
        break;
      }
      case "unfinished":
        node.unfinished = item.text;
        break;
      case "exit":
        if (item.start !== node.startCount) break;
        node.isRunning = false;
        node.onExit();
        break;
      case "remark":
        onRemark(item.text);
        break;
      case "failure":
        this.#fail(item.reason);
        break;
      case "overload":
        this.#fail(`${item.reason}. ${OVERLOAD_HINT}`);
        break;
      case "crashes":
        this.#crashes.push(...item.crashes);
        break;
      case "counts":
        node.host.counts = item;
        break;
      default:
        item satisfies never;
    }
  }
}

/** Stands for the tester among the hosts; no node has an empty name. */
const TESTER = "";

const OVERLOAD_HINT =
  "A node must read its stdin all the time, and send no more than its peers can process";

function remoteNode(host: RemoteHost): RemoteNode {
  return {
    host,
    started: Promise.withResolvers<void>(),
    startCount: 0,
    isRunning: false,
    hasReplied: false,
    onExit: () => {},
    lastReport: 0,
    unfinished: "",
  };
}
