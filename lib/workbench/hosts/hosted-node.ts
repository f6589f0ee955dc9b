/**
 * A node of a test on this host: its process, and the network of what it receives.
 *
 * The network is that of tests on one machine, so latencies and faults behave as there. A message is sent
 * where its sender runs, and is delayed, lost, repeated or cut off where its receiver runs. Requests to
 * services do not leave the host: each sidecar is a front end of the services.
 */
import { type AnyBody, type Clock, type NodeId, stringifyJson } from "../../vortex/index.ts";
import { ProcessCluster } from "../clusters/process-cluster.ts";
import { type Delivery, isClientId } from "../network/delivery.ts";
import { Journal, type JournalEvent } from "../network/journal.ts";
import { Network } from "../network/network.ts";
import { randomStream } from "../random.ts";
import { type Bus, describeTooLarge, TooLarge } from "./bus.ts";
import { Outbox } from "./outbox.ts";
import { pause, repeat } from "./repeat.ts";
import { REPORT_INTERVAL_MS, Reporter } from "./reporter.ts";
import {
  type Command,
  linkOf,
  parseWire,
  printWire,
  subjects,
  type TestPlan,
  WireError,
  WireMessage,
} from "./wire.ts";

/** Maelstrom's services, as nodes of one test see them. */
export interface NodeServices {
  /** Resolves with the body of the reply; with `undefined` for an unknown request. */
  handle(service: NodeId, body: AnyBody): Promise<AnyBody | undefined>;
}

/** The program of a node, and its surroundings on this host. */
export interface NodeProgram {
  /** Absolute path. */
  readonly bin: string;
  readonly args: readonly string[];
  readonly clock: Clock;
  /** Names of the services. */
  readonly serviceIds: readonly NodeId[];
  /** Opens the services of a test. */
  openServices(test: string): Promise<NodeServices>;
}

export interface HostedNodeOptions extends NodeProgram {
  readonly bus: Bus;
  readonly cluster: string;
  readonly node: NodeId;
  readonly plan: TestPlan;
  /** Rejects if the servers cannot hold them, which matters only to programs that use them. */
  readonly services: Promise<NodeServices>;
  /** A directory of this test, which the node creates when it stores something. */
  readonly dataDirectory: string;
}

export class HostedNode {
  readonly #options: HostedNodeOptions;
  readonly #network: Network;
  readonly #processes: ProcessCluster;
  readonly #reporter: Reporter;
  readonly #outbox: Outbox;
  readonly #cleanUp: (() => void)[] = [];
  /** Clients whose next reply must not be lost. */
  readonly #reliable = new Set<NodeId>();
  /** Names of the faults and partitions so far. */
  readonly #faults = new Set<string>();
  #startCount = 0;
  #unfinished = "";
  #counts = "";
  #isOver = false;

  constructor(options: HostedNodeOptions) {
    const { bus, cluster, node, plan, clock, bin, args, dataDirectory } = options;
    const { nodeIds } = plan;
    this.#options = options;
    this.#outbox = new Outbox(bus, clock);
    const reports = subjects.reports(cluster, plan.test);
    this.#reporter = new Reporter({ bus, clock, node, subject: reports });
    const others = new Set(nodeIds.filter((id) => id !== node));
    this.#network = new Network({
      clock,
      random: randomStream(plan.seed, `network ${node}`),
      latency: plan.latency,
      nodeIds,
      journal: new Journal([(event) => this.#record(event)]),
      zeroMs: () => 0,
      elsewhere: {
        has: (id) => others.has(id) || isClientId(id),
        forward: (delivery) => this.#forward(delivery),
      },
      // The tester has the first of them.
      ids: { first: nodeIds.indexOf(node) + 1, step: nodeIds.length + 1 },
      onOverload: (reason) => this.#fail("overload", reason),
    });
    this.#network.takeDown(node);
    for (const service of options.serviceIds) this.#connectService(service);
    this.#processes = new ProcessCluster({
      bin,
      args,
      dataDirectory,
      network: this.#network,
      onStderr: (_, line) => this.#reporter.add({ type: "log", line }),
      onBadLine: ({ line, kind, reason }) =>
        this.#reporter.add({ type: "bad-line", line, kind, reason }),
      onRemark: (text) => this.#reporter.add({ type: "remark", text }),
    });
    this.#cleanUp.push(
      bus.subscribe(subjects.node(cluster, plan.test, node), (text) => this.#receive(text)),
      repeat(clock, REPORT_INTERVAL_MS, () => this.#tick()),
    );
  }

  /**
   * Carries out a command.
   *
   * @throws {StartError} when the program cannot be run.
   */
  async carryOut(command: Command): Promise<void> {
    const { node } = this.#options;
    switch (command.type) {
      case "start":
        this.#start();
        break;
      case "kill":
        this.#processes.kill(node);
        break;
      case "pause":
        this.#processes.pause(node);
        break;
      case "resume":
        this.#processes.resume(node);
        break;
      case "deliver":
        this.#deliver(parseWire(WireMessage, printWire(command.message)));
        break;
      case "partition":
        this.#faults.add(command.name);
        this.#network.partition(command.name, new Map([[node, new Set(command.refused)]]));
        break;
      case "heal":
        this.#network.heal(command.name);
        break;
      case "fault": {
        const { name, kind, value } = command;
        const links = new Set(command.links.map(([src, dest]) => linkOf(src, dest)));
        this.#faults.add(name);
        const affects = (src: NodeId, dest: NodeId) => links.has(linkOf(src, dest));
        this.#network.setFault(name, { kind, value, affects });
        break;
      }
      case "end-fault":
        this.#network.endFault(command.name);
        break;
      case "report":
        this.#reportState();
        await this.#reporter.drain();
        break;
      case "stop":
        await this.stop();
        break;
      default:
        command satisfies never;
    }
  }

  /** Kills the node, and reports the rest. */
  async stop(): Promise<void> {
    this.#reportState();
    const crashes = await this.#processes.stop();
    this.#reporter.add({ type: "crashes", crashes: crashes.map(copyOf) });
    this.#reportState();
    await this.#reporter.drain();
    this.#end();
  }

  /** Kills the node, and reports the rest for some time. */
  async stopWithin(limitMs: number): Promise<void> {
    await Promise.race([this.stop(), pause(this.#options.clock, limitMs)]);
    await this.abandon();
  }

  /** Kills the node; nothing is reported, since the tester has gone. */
  async abandon(): Promise<void> {
    this.#reporter.close();
    await this.#processes.stop();
    this.#end();
  }

  /** Ends the test with a crash. */
  fail(reason: string): void {
    this.#fail("failure", reason);
  }

  #end(): void {
    this.#isOver = true;
    this.#reporter.close();
    for (const cleanUp of this.#cleanUp.splice(0)) cleanUp();
  }

  #start(): void {
    const start = ++this.#startCount;
    const exited = this.#processes.start(this.#options.node);
    void exited.then(() => this.#reporter.add({ type: "exit", start }));
  }

  #receive(text: string): void {
    try {
      this.#network.accept(parseWire(WireMessage, text), text.length);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#reporter.add({ type: "remark", text: `A message is not understood: ${error.message}` });
    }
  }

  /** Delivers a message whose reply must not be lost either. */
  #deliver(message: Delivery): void {
    this.#reliable.add(message.src);
    this.#network.accept(message, 0);
  }

  #forward(delivery: Delivery): void {
    const { cluster, plan } = this.#options;
    const { id, src, dest, body } = delivery;
    const message = { id, src, dest, body };
    if (this.#reliable.delete(dest)) {
      this.#reporter.add({ type: "deliver", message });
      this.#reporter.flush();
      return;
    }
    const subject = isClientId(dest)
      ? subjects.clients(cluster, plan.test)
      : subjects.node(cluster, plan.test, dest);
    try {
      this.#outbox.send(subject, stringifyJson(message));
    } catch (error) {
      if (!(error instanceof TooLarge)) throw error;
      this.fail(describeTooLarge(delivery, error, this.#options.bus));
    }
  }

  #connectService(service: NodeId): void {
    const { services } = this.#options;
    const remark = (text: string) => this.#reporter.add({ type: "remark", text });
    const answer = async ({ src, body }: Delivery) => {
      const reply = await (await services).handle(service, body);
      if (this.#isOver) return;
      if (reply === undefined) {
        remark(`${service} does not support ${body["type"]}: ${src} gets no reply`);
      } else {
        this.#network.send(service, src, reply);
      }
    };
    // Not returned: a request does not wait for the one before.
    this.#network.connect(service, (delivery) => {
      answer(delivery).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.fail(`${delivery.src} needs ${service}, which cannot be served: ${reason}`);
      });
    });
  }

  #record(event: JournalEvent): void {
    const { id, src, dest, body } = event.message;
    const atMs = event.time / 1e6;
    if (event.type === "send") {
      this.#reporter.add({ type: "send", atMs, message: { id, src, dest, body } });
      return;
    }
    if (event.type === "recv") this.#reporter.add({ type: "recv", atMs, id, src, dest });
    if (event.type === "drop") {
      this.#reporter.add({ type: "drop", atMs, id, src, dest, reason: event.reason });
    }
  }

  #fail(type: "failure" | "overload", reason: string): void {
    this.#reporter.add({ type, reason });
    this.#reporter.flush();
  }

  #tick(): void {
    this.#outbox.update();
    this.#reportState();
    this.#reporter.flush();
  }

  /** Reports the unfinished line and the counts, if they have changed. */
  #reportState(): void {
    const text = this.#processes.unfinishedLine(this.#options.node);
    if (text !== this.#unfinished) {
      this.#unfinished = text;
      this.#reporter.add({ type: "unfinished", text: text.slice(0, MAX_UNFINISHED_LENGTH) });
    }
    const effects = Object.fromEntries(
      [...this.#faults].map((name) => [name, this.#network.effectCount(name)]),
    );
    const { outages, outageMs, overflow } = this.#outbox;
    const { unreported } = this.#reporter;
    const counts = { effects, outages, outageMs, overflow, unreported };
    const key = printWire(counts);
    if (key === this.#counts) return;
    this.#counts = key;
    this.#reporter.add({ type: "counts", ...counts });
  }
}

/** A longer line is no message that merely lacks its end. */
const MAX_UNFINISHED_LENGTH = 2 ** 16;

function copyOf<
  T extends { readonly stdout: readonly string[]; readonly stderr: readonly string[] },
>(crash: T) {
  return { ...crash, stdout: [...crash.stdout], stderr: [...crash.stderr] };
}
