/**
 * One test: nodes, network, clients, faults, and what is made of it all.
 *
 * The order of things is Maelstrom's: nodes start and get `init`; clock zero; clients are set up;
 * the main phase; faults heal, nodes recover, final operations; nodes are killed; checkers judge.
 *
 * @see Maelstrom, `core.clj`; Jepsen, `core.clj` (`run!`)
 */
import * as v from "valibot";
import { shorten } from "../../protocol/message.ts";
import { SERVICES } from "../../services/index.ts";
import { type AnyBody, type Clock, type NodeId, stringifyJson } from "../../vortex/index.ts";
import type { ConvergenceVerdict, Replica } from "../checkers/convergence/index.ts";
import { Client } from "../clients/client.ts";
import { completionOf, ErrorReply, MalformedReply, NetTimeout } from "../clients/client-errors.ts";
import {
  any,
  type Generator,
  phases,
  sleep,
  stagger,
  type Thread,
  timeLimit,
} from "../clients/generator.ts";
import { type Completion, type Invoke, interpret } from "../clients/interpreter.ts";
import { type BadLine, type Cluster, type Crash, StartError } from "../clusters/cluster.ts";
import { isMessage } from "../clusters/output-line.ts";
import { DiagnosticDetector } from "../diagnostics/detector.ts";
import type { Diagnostic } from "../diagnostics/kinds.ts";
import type { Operation } from "../history/history.ts";
import { makeNemesis, type Nemesis, type NemesisOptions } from "../nemesis/nemesis.ts";
import { Journal, type JournalEvent } from "../network/journal.ts";
import { Network } from "../network/network.ts";
import { randomStream } from "../random.ts";
import { makeWorkload } from "../workloads/index.ts";
import type { Workload, WorkloadClient } from "../workloads/workload.ts";
import { checkTest, type TestResult } from "./results.ts";
import type { TestOptions } from "./test-options.ts";

/** Where a test runs: in real time on processes, or in virtual time. */
export interface Environment {
  readonly clock: Clock;
  makeCluster(network: Network, onBadLine: (badLine: BadLine) => void): Cluster;
  readonly onOperation?: (operation: Operation) => void;
  readonly onMessage?: (event: JournalEvent) => void;
  /** Called for the first diagnostic of each kind and node. */
  readonly onDiagnostic?: (diagnostic: Diagnostic) => void;
  /** Called with what a person should read at once. */
  readonly onRemark?: (text: string) => void;
  /** Ends the test with a crash when a node prints a line that is no message. */
  readonly isStrict?: boolean;
  /** Ends the test early: the nodes are killed, and the test rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a test has of its own, in place of what its options name. */
export interface TestParts {
  /** The clients' operations, in place of those of Maelstrom's workload. */
  readonly workload?: Workload;
  /** Whom faults hit and when; by default all nodes, at random times. */
  readonly faults?: Pick<NemesisOptions, "targets" | "timing">;
}

/** The test could not be carried out, so there is nothing to judge: a node crashed, or never began. */
export class TestCrash extends Error {
  override readonly name = "TestCrash";
}

/** How much later than asked for timers may fire, in ms, on either clock: they count whole ones. */
const TIMER_SLACK_MS = 2;
const OVERLOAD_ADVICE =
  "A node must read its stdin all the time, and send no more than others can take";
const PAUSE_ADVICE =
  "What is sent to a paused node waits for it as well: a shorter --nemesis-interval or a lower --rate leaves less of that";
const INIT_TIMEOUT_MS = 10_000;
const InitOk = v.object({ type: v.literal("init_ok") });

/**
 * Runs a test.
 *
 * @throws {TestCrash} when a node does not start, does not answer `init`, or ends by itself.
 */
export async function runTest(
  options: TestOptions,
  environment: Environment,
  parts: TestParts = {},
): Promise<TestResult> {
  const test = new Test(options, environment, parts);
  try {
    await test.start();
    await test.run();
  } finally {
    await test.stop();
  }
  return test.check();
}

class Test {
  readonly #options: TestOptions;
  readonly #environment: Environment;
  readonly #diagnostics: DiagnosticDetector;
  readonly #journal: Journal;
  readonly #network: Network;
  readonly #cluster: Cluster;
  readonly #workload: Workload;
  readonly #nemesis: Nemesis;
  /** Aborts when the test must end early. */
  readonly #signal: AbortSignal;
  readonly #controller = new AbortController();
  #zeroMs: number;
  #clientCount = 0;
  /** What ends the wait for a node's answer to `init`, by node. */
  readonly #starting = new Map<NodeId, (reason: Error) => void>();
  readonly #clients = new Set<Client>();
  #history: readonly Operation[] = [];
  #convergence: ConvergenceVerdict | undefined;
  #crashes: readonly Crash[] = [];

  constructor(options: TestOptions, environment: Environment, parts: TestParts) {
    const { clock, onMessage } = environment;
    const { seed, nodeIds, latency, nemesis, nemesisIntervalS } = options;
    this.#options = options;
    this.#environment = environment;
    this.#zeroMs = clock.nowMs();
    this.#diagnostics = new DiagnosticDetector((diagnostic) => {
      environment.onDiagnostic?.(diagnostic);
    });
    const watch = (event: JournalEvent) => this.#diagnostics.observe(event);
    this.#journal = new Journal(onMessage === undefined ? [watch] : [watch, onMessage]);
    this.#network = new Network({
      clock,
      latency,
      random: randomStream(seed, "network"),
      nodeIds,
      dropLateReplies: nemesis.includes("pause"),
      journal: this.#journal,
      zeroMs: () => this.#zeroMs,
      onOverload: (reason) =>
        this.#controller.abort(new TestCrash(describeOverload(reason, nemesis))),
    });
    const { signal } = this.#controller;
    this.#signal =
      environment.signal === undefined ? signal : AbortSignal.any([environment.signal, signal]);
    this.#cluster = environment.makeCluster(this.#network, (badLine) => this.#onBadLine(badLine));
    this.#workload = parts.workload ?? makeWorkload(options);
    this.#nemesis = makeNemesis({
      ...parts.faults,
      faults: nemesis,
      network: this.#network,
      cluster: this.#cluster,
      nodeIds,
      randomOf: (fault) => randomStream(seed, `nemesis ${fault}`),
      intervalS: nemesisIntervalS,
      restart: (node) => this.#startNode(node),
    });
  }

  async start(): Promise<void> {
    const { nodeIds } = this.#options;
    this.#startServices();
    await this.#unlessAborted(nodeIds.map((node) => this.#startNode(node)));
    this.#zeroMs = this.#environment.clock.nowMs();
    await this.#unlessAborted(nodeIds.map((node) => this.#setUp(node)));
  }

  async run(): Promise<void> {
    const { clock, onOperation } = this.#environment;
    this.#history = await interpret(this.#generator(), {
      clock,
      timerSlackMs: TIMER_SLACK_MS,
      zeroMs: this.#zeroMs,
      concurrency: this.#options.concurrency,
      nodeOf: (thread) => this.#nodeOf(thread),
      invoke: this.#worker(),
      ...(onOperation === undefined ? {} : { onOperation }),
      signal: this.#signal,
    });
    if (this.#options.converge) await this.#unlessAborted([this.#readReplicas()]);
  }

  /** Asks each node what it holds, all at once: no operations, and no messages that count. */
  async #readReplicas(): Promise<void> {
    const { convergence } = this.#workload;
    if (convergence === undefined) return;
    this.#journal.close();
    const read = async (node: NodeId): Promise<Replica> => {
      try {
        const connection = { client: this.#openClient(), node };
        return { node, registers: await convergence.read(connection, this.#history) };
      } catch (error) {
        return {
          node,
          registers: { error: error instanceof Error ? error.message : String(error) },
        };
      }
    };
    const replicas = await Promise.all(this.#options.nodeIds.map(read));
    this.#convergence = convergence.check(this.#history, replicas);
  }

  async stop(): Promise<void> {
    for (const node of this.#options.nodeIds) this.#noticeUnfinishedLine(node);
    this.#crashes = await this.#cluster.stop();
    // The timeouts of requests in flight would keep this process waiting. Not before the nodes have
    // ended: what they sent last is for these clients.
    for (const client of this.#clients) client.close();
  }

  check(): TestResult {
    if (this.#crashes.length > 0) {
      throw new TestCrash(this.#crashes.map((crash) => this.#describeCrash(crash)).join("\n\n"));
    }
    return checkTest({
      options: this.#options,
      history: this.#history,
      journal: this.#journal,
      ...(this.#convergence === undefined ? {} : { convergence: this.#convergence }),
      badLines: this.#cluster.badLines,
      ...(this.#diagnostics.all.length === 0 ? {} : { diagnostics: this.#diagnostics.all }),
      faults: this.#nemesis.effects(),
    });
  }

  /** Waits for all tasks; rejects with the signal's reason if it aborts first. */
  async #unlessAborted(tasks: readonly Promise<unknown>[]): Promise<void> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(this.#signal.reason);
    this.#signal.addEventListener("abort", onAbort, { once: true });
    if (this.#signal.aborted) onAbort();
    try {
      await Promise.race([Promise.all(tasks), aborted]);
    } finally {
      this.#signal.removeEventListener("abort", onAbort);
    }
  }

  #startServices(): void {
    for (const [name, makeService] of Object.entries(SERVICES)) {
      const service = makeService(randomStream(this.#options.seed, `service ${name}`));
      this.#network.connect(name, ({ src, body }) => {
        const reply = service.handle(src, body);
        if (reply !== undefined) this.#network.send(name, src, reply);
        else this.#environment.onRemark?.(`${name} knows no ${quote(body)}: ${src} gets no reply`);
      });
    }
  }

  /** One client a node stays open for this, whether the workload needs it or not, as in Maelstrom. */
  async #setUp(node: NodeId): Promise<void> {
    const client = this.#openClient();
    try {
      await this.#workload.setUp?.({ client, node });
    } catch (error) {
      const { message } = error instanceof Error ? error : new Error(String(error));
      throw new TestCrash(`${node} could not be set up: ${message}`, { cause: error });
    }
  }

  #onBadLine(badLine: BadLine): void {
    this.#diagnostics.addBadLine(badLine);
    if (this.#environment.isStrict) {
      const { node, line, reason } = badLine;
      this.#controller.abort(
        new TestCrash(`${node} printed a line that is no message: ${reason}\n  ${line}`),
      );
    }
    // Nothing more will be heard of the node, its answer to init neither; but one that has come just
    // before has to be noticed first.
    this.#environment.clock.after(0, () => {
      this.#starting.get(badLine.node)?.(new Error("it printed a bad line"));
    });
  }

  #detectBadReply(node: NodeId, error: unknown): void {
    if (error instanceof MalformedReply) this.#diagnostics.addMalformedReply(node, error);
    if (error instanceof NetTimeout) this.#noticeUnfinishedLine(node);
  }

  #noticeUnfinishedLine(node: NodeId): void {
    const text = this.#cluster.unfinishedLine(node);
    if (text !== "" && isMessage(text)) this.#diagnostics.addUnfinishedLine(node, text);
  }

  /** A crash, with what the node got and said last. */
  #describeCrash({ node, status, stdout, stderr }: Crash): string {
    const lines = (name: string, kept: readonly string[]) =>
      kept.length === 0 ? [`Its ${name} is empty`] : [`The last of its ${name}:`, ...kept];
    const received = this.#diagnostics.lastReceived(node);
    return [
      `Node ${node} crashed with ${status}: a node must run until it is killed`,
      ...(received === undefined ? [] : ["The last message that it got:", received]),
      ...lines("stderr", stderr),
      ...lines("stdout", stdout),
    ].join("\n");
  }

  async #startNode(node: NodeId): Promise<void> {
    const client = this.#openClient();
    const init = { type: "init", node_id: node, node_ids: this.#options.nodeIds };
    try {
      const ended = this.#cluster.start(node);
      const answered = client.rpc(node, init, InitOk, INIT_TIMEOUT_MS);
      // A node that ends will not answer: no need to wait for the timeout.
      const hasEnded = ended.then(() => Promise.reject(new Error("it ended")));
      const muted = Promise.withResolvers<never>();
      this.#starting.set(node, muted.reject);
      await Promise.race([answered, hasEnded, muted.promise]);
    } catch (error) {
      throw new TestCrash(await this.#describeFailedInit(node, error), { cause: error });
    } finally {
      this.#starting.delete(node);
      this.#closeClient(client);
    }
  }

  async #describeFailedInit(node: NodeId, error: unknown): Promise<string> {
    if (error instanceof StartError) return error.message;
    this.#noticeUnfinishedLine(node);
    const crash = (await this.#cluster.stop()).find((one) => one.node === node);
    if (crash !== undefined) return this.#describeCrash(crash);
    const badLine = this.#cluster.badLines.find((one) => one.node === node);
    if (badLine !== undefined) return `${node} printed a bad line, ${badLine.reason}`;
    if (error instanceof NetTimeout) {
      return `${node} did not answer init within ${INIT_TIMEOUT_MS / 1000} s: it must print {"src":"${node}","dest":"c0","body":{"type":"init_ok","in_reply_to":1}} and flush`;
    }
    const { message } = error instanceof Error ? error : new Error(String(error));
    if (error instanceof ErrorReply) return `${node} answered init with error: ${message}`;
    return `${node} did not answer init with init_ok: ${message}`;
  }

  #openClient(): Client {
    const { clock } = this.#environment;
    const client = new Client({ id: `c${this.#clientCount++}`, network: this.#network, clock });
    this.#clients.add(client);
    return client;
  }

  #closeClient(client: Client): void {
    this.#clients.delete(client);
    client.close();
  }

  #generator(): Generator {
    const { rate, timeLimitS, recoveryS, converge, seed } = this.#options;
    const operations =
      rate > 0
        ? stagger(1 / rate, randomStream(seed, "generator"), this.#workload.generator)
        : sleep(timeLimitS);
    const main = timeLimit(timeLimitS, any([operations, this.#nemesis.generator]));
    const { finalGenerator } = this.#workload;
    if (finalGenerator === undefined && !converge) return main;
    const recovery = [main, this.#nemesis.healing, sleep(recoveryS)];
    return phases(finalGenerator === undefined ? recovery : [...recovery, finalGenerator]);
  }

  /** Threads are bound to the nodes in turn. */
  #nodeOf(thread: number): NodeId {
    const { nodeIds } = this.#options;
    const node = nodeIds[thread % nodeIds.length];
    if (node === undefined) throw new Error("There are no nodes");
    return node;
  }

  /** Each thread's client opens with its first operation, and again after one that is lost. */
  #worker(): Invoke {
    const workload = this.#workload;
    const open = new Map<Thread, { readonly client: Client; readonly worker: WorkloadClient }>();

    const connect = (thread: number) => {
      const client = this.#openClient();
      const worker = workload.openClient({ client, node: this.#nodeOf(thread) });
      const connection = { client, worker };
      open.set(thread, connection);
      return connection;
    };

    return async (thread, _process, invocation): Promise<Completion> => {
      if (thread === "nemesis") {
        return { type: "info", value: await this.#nemesis.invoke(invocation) };
      }
      const { client, worker } = open.get(thread) ?? connect(thread);
      const completion = await worker.invoke(invocation).catch((error) => {
        this.#detectBadReply(this.#nodeOf(thread), error);
        return completionOf(error, invocation, workload);
      });
      if (completion.type === "info" && !workload.keepsClient) {
        this.#closeClient(client);
        open.delete(thread);
      }
      return completion;
    };
  }
}

function describeOverload(reason: string, nemesis: TestOptions["nemesis"]): string {
  const advice = nemesis.includes("pause") ? [OVERLOAD_ADVICE, PAUSE_ADVICE] : [OVERLOAD_ADVICE];
  return [reason, ...advice].join(". ");
}

function quote(body: AnyBody): string {
  return shorten(stringifyJson(body));
}
