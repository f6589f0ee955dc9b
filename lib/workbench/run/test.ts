/**
 * Runs one test: nodes, network, clients, faults and checkers.
 *
 * The order is Maelstrom's: nodes start and get `init`; clock zero; clients are set up; the main
 * phase; faults heal, nodes recover, final operations; nodes are killed; the history is checked.
 *
 * @see Maelstrom, `core.clj`; Jepsen, `core.clj` (`run!`)
 */
import type { AssertionObserver, Cancel, Clock, NodeId } from "../../vortex/index.ts";
import type { ConvergenceVerdict, Replica } from "../checkers/convergence/index.ts";
import { describeFailedAssertion } from "../checkers/every-test/assertions.ts";
import { checkLiveness, type LivenessVerdict } from "../checkers/every-test/liveness.ts";
import { MalformedReply, NetTimeout } from "../clients/client-errors.ts";
import { any, type Generator, phases, sleep, stagger, timeLimit } from "../clients/generator.ts";
import { type Invoke, interpret, type RecordIntervention } from "../clients/interpreter.ts";
import type { BadLine, Cluster, Crash } from "../clusters/cluster.ts";
import { type FaultIntervention, linkName } from "../decisions.ts";
import { DiagnosticDetector } from "../diagnostics/detector.ts";
import type { Diagnostic } from "../diagnostics/kinds.ts";
import type { Operation } from "../history/history.ts";
import { operationOf } from "../nemesis/interventions.ts";
import { makeNemesis, type NemesesOptions, type Nemesis } from "../nemesis/nemesis.ts";
import { NemesisError } from "../nemesis/scheduled-fault.ts";
import { type OwnNemeses, selectNemeses } from "../nemesis/select.ts";
import type { FaultControl } from "../network/carrier.ts";
import { Journal, type JournalEvent } from "../network/journal.ts";
import { type Elsewhere, Network, type NetworkOptions } from "../network/network.ts";
import { programPlaceIn } from "../program-place.ts";
import { randomStream } from "../random.ts";
import { connect } from "../workloads/defined-client.ts";
import { makeWorkload } from "../workloads/index.ts";
import type { Workload } from "../workloads/workload.ts";
import { inWorkload, WorkloadError } from "../workloads/workload-error.ts";
import { type AssertionCatalog, AssertionRecord } from "./assertions.ts";
import type { Chance } from "./chance.ts";
import { ClientPool } from "./client-pool.ts";
import { locationOf } from "./error-location.ts";
import type { Exploration } from "./exploration.ts";
import type { HostsSummary } from "./hosts-summary.ts";
import { probeNodes } from "./liveness.ts";
import type { LogLine } from "./log-line.ts";
import { NodeActivity } from "./node-activity.ts";
import { NodeStarter } from "./node-starter.ts";
import { RequestErrorCounts, type RequestErrors } from "./request-errors.ts";
import { checkTest, type TestResult } from "./results.ts";
import { connectServices } from "./services.ts";
import { describeCrash, TestCrash } from "./test-crash.ts";
import { isDrawn, type TestOptions } from "./test-options.ts";
import { withTimeoutFaults } from "./timeout-faults.ts";
import { Workers } from "./workers.ts";

/** The surroundings of a test: real time and processes, or virtual time and a simulation. */
export interface Environment {
  readonly clock: Clock;
  /** Records or replays what is left to chance. */
  readonly chance?: Chance | undefined;
  /** The clock of a part of the tester; of none, if its delays are not recorded. */
  readonly clockOf?: (part?: string) => Clock;
  makeCluster(parts: ClusterParts): Cluster;
  /** Takes the place of the simulated network between nodes, and of its services and faults. */
  readonly hosts?: Hosts | undefined;
  /** Assertions of the program that are known before it runs. */
  readonly catalog?: AssertionCatalog | undefined;
  /** The changes of a search. */
  readonly exploration?: Exploration | undefined;
  readonly onOperation?: (operation: Operation) => void;
  readonly onMessage?: (event: JournalEvent) => void;
  readonly onLog?: (line: LogLine) => void;
  /** Called for the first diagnostic of each kind and node. */
  readonly onDiagnostic?: (diagnostic: Diagnostic) => void;
  /** Called with text that the user should read at once. */
  readonly onRemark?: (text: string) => void;
  /**
   * Whether what only explains a result is recorded: diagnostics, the errors of requests, and the last
   * messages of each node. No verdict depends on it. True by default.
   */
  readonly isExplained?: boolean;
  /** Whether an invalid line on a node's stdout ends the test with a crash. */
  readonly isStrict?: boolean;
  /** Ends the test early: the nodes are killed, and the test rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Nodes on other hosts, each with a network of its own for what it receives. */
export interface Hosts {
  readonly elsewhere: Elsewhere;
  /** The ids of the messages that are sent here. */
  readonly ids: NetworkOptions["ids"];
  readonly faults: FaultControl;
  /** How long a node may take to reply to `init`, in ms. */
  readonly initTimeoutMs: number;
  /** Puts what happens here in the order of what the hosts report. */
  ordered(journal: Journal, zeroMs: () => number): Pick<Journal, "record">;
  /** Resolves when all that has happened so far is on record. */
  settled(): Promise<void>;
  /** In what the test differed from one on a single machine. */
  summary(): HostsSummary;
}

/** The parts of a test that its cluster uses. */
export interface ClusterParts {
  readonly network: Network;
  /** Ends the test with a crash. */
  readonly onFailure: (reason: string) => void;
  readonly onBadLine: (badLine: BadLine) => void;
  readonly onStderr: (node: NodeId, line: string) => void;
  /** Observes the assertions of the program, if it runs in this process. */
  readonly assertions: AssertionObserver;
}

/** Replacements for parts of a test that its options select. */
export interface TestParts {
  /** The clients' operations, in place of those of Maelstrom's workload. */
  readonly workload?: Workload;
  /** The targets and times of faults. Defaults to all nodes, at random times. */
  readonly faults?: Pick<NemesesOptions, "targets" | "timing">;
  /** Nemeses that are not built in, by their names in the options. */
  readonly nemeses?: OwnNemeses;
  /**
   * Makes the changes of a search that are not options, for one simulation.
   *
   * @param clock Exact time.
   */
  readonly exploration?: (clock: Clock) => Exploration;
}

/** Maximum lateness of a timer on either clock, in ms: both count whole milliseconds. */
const TIMER_SLACK_MS = 2;
/** Number of lines of a node's stderr that the result has for requests without an answer. */
const LOGGED_LINES = 4;
/** Number of failed assertions to show beside a crash. */
const MAX_FAILURES_SHOWN = 3;
/** How long a node may take to end a line, in ms. */
const LINE_BREAK_MS = 50;
const OVERLOAD_HINT =
  "A node must read its stdin all the time, and send no more than its peers can process";
const PAUSE_HINT =
  "Messages for a paused node wait for it too: a shorter --nemesis-interval or a lower --rate leaves fewer of them";

/**
 * Runs a test.
 *
 * @throws {TestCrash} when a node does not start, does not reply to `init`, or exits by itself, and when
 *   the code of a nemesis fails.
 */
export async function runTest(
  options: TestOptions,
  environment: Environment,
  parts: TestParts = {},
): Promise<TestResult> {
  const check = await carryOutTest(options, environment, parts);
  return check();
}

/**
 * Runs a test without checking its history.
 *
 * @returns The check, which may take long.
 * @throws {TestCrash} as `runTest` does.
 */
export async function carryOutTest(
  options: TestOptions,
  environment: Environment,
  parts: TestParts = {},
): Promise<() => TestResult> {
  try {
    const test = new Test(options, environment, parts);
    try {
      await test.start();
      await test.run();
    } catch (error) {
      throw test.withFailedAssertions(error);
    } finally {
      await test.stop();
    }
    return () => test.check();
  } catch (error) {
    if (error instanceof WorkloadError) throw new TestCrash(error.message, { cause: error });
    throw error instanceof NemesisError ? crashOf(error) : error;
  }
}

class Test {
  readonly #options: TestOptions;
  readonly #environment: Environment;
  readonly #diagnostics: DiagnosticDetector;
  readonly #activity: NodeActivity;
  readonly #requestErrors = new RequestErrorCounts();
  readonly #journal: Journal;
  readonly #network: Network;
  readonly #assertions: AssertionRecord;
  readonly #cluster: Cluster;
  readonly #clients: ClientPool;
  readonly #starter: NodeStarter;
  readonly #workload: Workload;
  readonly #nemesis: Nemesis;
  /** Aborts when the test must end early. */
  readonly #signal: AbortSignal;
  readonly #controller = new AbortController();
  #zeroMs: number;
  #hasStarted = false;
  #history: readonly Operation[] = [];
  #convergence: ConvergenceVerdict | undefined;
  #liveness: LivenessVerdict | undefined;
  #crashes: readonly Crash[] = [];

  constructor(options: TestOptions, environment: Environment, parts: TestParts) {
    const { clock, onMessage, exploration, chance, clockOf, isExplained = true } = environment;
    const { seed, nodeIds, latency, nemesis, nemesisIntervalS } = options;
    this.#options = options;
    this.#environment = environment;
    this.#zeroMs = clock.nowMs();
    this.#diagnostics = new DiagnosticDetector(
      (diagnostic) => environment.onDiagnostic?.(diagnostic),
      (type) => this.#workload.handles(type),
    );
    this.#activity = new NodeActivity(nodeIds);
    const explain = (event: JournalEvent) => {
      this.#diagnostics.observe(event);
      this.#activity.observe(event);
    };
    const count = (event: JournalEvent) => this.#activity.count(event);
    const listeners = [isExplained ? explain : count, exploration?.onMessage, onMessage];
    this.#journal = new Journal(listeners.filter((listener) => listener !== undefined));
    this.#network = new Network({
      elsewhere: environment.hosts?.elsewhere,
      ids: environment.hosts?.ids,
      clock,
      latency,
      random: randomStream(seed, "network"),
      order: exploration?.order,
      nodeIds,
      dropLateReplies: () =>
        nemesis.includes("pause") ||
        this.#nemesis.hasPaused() ||
        this.#workload.handlesAny ||
        isDrawn(options) ||
        chance?.hasIntervened === true,
      journal: environment.hosts?.ordered(this.#journal, () => this.#zeroMs) ?? this.#journal,
      zeroMs: () => this.#zeroMs,
      fates: chance,
      clockOf: clockOf && ((src, dest) => clockOf(`wait ${linkName(src, dest)}`)),
      onOverload: (reason) =>
        this.#controller.abort(new TestCrash(describeOverload(reason, this.#nemesis.hasPaused()))),
    });
    const { signal } = this.#controller;
    this.#signal =
      environment.signal === undefined ? signal : AbortSignal.any([environment.signal, signal]);
    this.#assertions = new AssertionRecord(
      () => (this.#hasStarted ? this.#nowNs() : -1),
      environment.catalog,
    );
    this.#cluster = environment.makeCluster({
      network: this.#network,
      onFailure: (reason) => this.#controller.abort(new TestCrash(reason)),
      onBadLine: (badLine) => this.#onBadLine(badLine),
      onStderr: (node, line) => this.#onStderr(node, line),
      assertions: this.#assertions,
    });
    this.#clients = new ClientPool(this.#network, (id) => clockOf?.(`timers ${id}`) ?? clock);
    this.#starter = new NodeStarter({
      nodeIds,
      cluster: this.#cluster,
      clients: this.#clients,
      diagnostics: this.#diagnostics,
      activity: this.#activity,
      clock,
      initTimeoutMs: environment.hosts?.initTimeoutMs,
    });
    this.#workload = parts.workload ?? makeWorkload(options);
    this.#nemesis = makeNemesis({
      ...parts.faults,
      faults: selectNemeses(nemesis, parts.nemeses).map(
        (nemesis) => exploration?.nemesis?.(nemesis) ?? nemesis,
      ),
      network: environment.hosts?.faults ?? this.#network,
      cluster: this.#cluster,
      clock,
      zeroMs: () => this.#zeroMs,
      nodeIds,
      randomOf: (fault) => randomStream(seed, `nemesis ${fault}`),
      intervalS: nemesisIntervalS,
      restart: (node) => this.#starter.start(node),
      openClient: () => this.#clients.open(),
      choices: chance?.faults,
    });
  }

  async start(): Promise<void> {
    const { nodeIds, seed } = this.#options;
    const { clock, hosts, onRemark } = this.#environment;
    if (hosts === undefined) connectServices(this.#network, seed, (text) => onRemark?.(text));
    await this.#unlessAborted(nodeIds.map((node) => this.#starter.start(node)));
    this.#zeroMs = clock.nowMs();
    this.#hasStarted = true;
    await this.#unlessAborted(nodeIds.map((node) => this.#setUp(node)));
  }

  async run(): Promise<void> {
    const { clock, onOperation, chance, clockOf } = this.#environment;
    const { router } = this.#workload;
    let isIntervention = false;
    let cancelInterventions: Cancel | undefined;
    this.#history = await interpret(this.#generator(), {
      clock: (clockOf && chance?.generatorClock(clockOf)) ?? clock,
      timerSlackMs: TIMER_SLACK_MS,
      zeroMs: this.#zeroMs,
      concurrency: this.#options.concurrency,
      nodeOf: (thread, invocation) =>
        chance?.nodeOf(thread) ?? inWorkload('"nodes"', () => router.nodeOf(thread, invocation)),
      invoke: this.#makeInvoke(),
      onOperation: (operation) => {
        router.update?.(operation);
        if (!isIntervention) chance?.observe(operation);
        onOperation?.(operation);
      },
      onStart: (record) => {
        cancelInterventions = chance?.scheduleInterventions(this.#zeroMs, (intervention) =>
          this.#intervene(intervention, (invocation, value) => {
            isIntervention = true;
            record(invocation, value);
            isIntervention = false;
          }),
        );
      },
      signal: this.#signal,
    });
    cancelInterventions?.();
    if (this.#options.converge) await this.#unlessAborted([this.#readReplicas()]);
    await this.#unlessAborted([this.#probeNodes()]);
  }

  /** Carries out an intervention, with an entry of the history for its beginning and its end. */
  #intervene(intervention: FaultIntervention, record: RecordIntervention): void {
    const invocation = operationOf(intervention);
    record(invocation, invocation.value);
    this.#nemesis.intervene(intervention).then(
      (did) => record(invocation, did),
      (error) => this.#controller.abort(error),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#options.nodeIds.map((node) => this.#detectUnfinishedLine(node)));
    this.#crashes = await this.#cluster.stop();
    // Only now, because the last messages of the nodes may be for these clients.
    this.#clients.closeAll();
  }

  /** Adds the assertions that failed before a crash: they may explain it. */
  withFailedAssertions(error: unknown): unknown {
    const { failures } = this.#assertions;
    if (!(error instanceof TestCrash) || failures.length === 0) return error;
    const sentences = failures.slice(0, MAX_FAILURES_SHOWN).map(describeFailedAssertion);
    return new TestCrash([...sentences, error.message].join("\n"), { cause: error });
  }

  check(): TestResult {
    if (this.#crashes.length > 0) {
      const crashes = this.#crashes.map((crash) =>
        describeCrash(crash, this.#activity.lastReceived(crash.node)),
      );
      throw this.withFailedAssertions(new TestCrash(crashes.join("\n\n")));
    }
    const { all: diagnostics } = this.#diagnostics;
    const requestErrors = this.#locatedErrors();
    const hosts = this.#environment.hosts?.summary();
    return checkTest({
      options: this.#options,
      history: this.#history,
      journal: this.#journal,
      ...(this.#convergence === undefined ? {} : { convergence: this.#convergence }),
      ...(this.#liveness === undefined ? {} : { liveness: this.#liveness }),
      failedAssertions: this.#assertions.failures,
      coverage: this.#assertions.coverage,
      loggedAssertions: this.#assertions.logged,
      badLines: this.#cluster.badLines,
      ...(diagnostics.length === 0 ? {} : { diagnostics }),
      faults: this.#nemesis.effects(),
      unhealed: this.#nemesis.unhealed(),
      ...(requestErrors.length === 0 ? {} : { requestErrors }),
      messagesBetweenNodes: this.#activity.messagesBetweenNodes,
      ...(hosts === undefined ? {} : { hosts }),
    });
  }

  /** The requests that ended with an error, with the source lines that the nodes have logged. */
  #locatedErrors(): RequestErrors[] {
    return withTimeoutFaults(this.#requestErrors.groups, this.#history).map((group) => {
      const [node = ""] = Object.keys(group.nodes);
      const log = this.#cluster.logOf(node);
      if (group.kind === "timeout") {
        const lastLog = log.last.slice(-LOGGED_LINES);
        return lastLog.length === 0 ? group : { ...group, lastLog };
      }
      const location = group.kind === "error" ? locationOf(group.text, log.first) : undefined;
      return location === undefined ? group : { ...group, location };
    });
  }

  /** Sets up a node. Its client stays open even if the workload needs none, as in Maelstrom. */
  async #setUp(node: NodeId): Promise<void> {
    const client = this.#clients.open();
    try {
      await this.#starter.unlessExited(node, this.#workload.setUp?.(client, node));
    } catch (error) {
      if (error instanceof WorkloadError) throw error;
      throw await this.#starter.crashOf(node, client, error);
    }
  }

  #generator(): Generator {
    const { rate, timeLimitS, recoveryS, converge, livenessLimitS, seed } = this.#options;
    const { pace = stagger } = this.#environment.exploration ?? {};
    const operations =
      rate > 0
        ? pace(1 / rate, randomStream(seed, "generator"), this.#workload.generator)
        : sleep(timeLimitS);
    const main = timeLimit(timeLimitS, any([operations, this.#nemesis.generator]));
    const { initialGenerator, finalGenerator } = this.#workload;
    const first = initialGenerator === undefined ? [] : [initialGenerator];
    const last = finalGenerator === undefined ? [] : [finalGenerator];
    const needsRecovery = finalGenerator !== undefined || converge || livenessLimitS !== undefined;
    const { chance } = this.#environment;
    const isFault = (f: string) => this.#nemesis.has(f);
    const { generator: faults, healing } = this.#nemesis;
    const before = chance?.mainPhase([...first, main], faults, isFault) ?? [...first, main];
    if (!needsRecovery) return phases(before);
    const after = [sleep(recoveryS), ...last];
    return phases([...before, healing, ...(chance?.finalPhase(after) ?? after)]);
  }

  #makeInvoke(): Invoke {
    const workers = new Workers({
      workload: this.#workload,
      clients: this.#clients,
      onFailure: (error) => this.#controller.abort(error),
      onMalformed: (delivery, reason) => this.#diagnostics.addMalformedRequest(delivery, reason),
      onError: (node, { f }, error) => {
        if (this.#environment.isExplained !== false) this.#requestErrors.add(node, f, error);
        if (error instanceof MalformedReply) this.#diagnostics.addMalformedReply(node, error);
        if (error instanceof NetTimeout) void this.#detectUnfinishedLine(node);
      },
    });
    return (thread, invocation, node = "") =>
      thread === "nemesis"
        ? this.#nemesis.invoke(invocation).then((did) => ({ type: "info", ...did }))
        : workers.invoke(thread, invocation, node);
  }

  /** Reads the final state of all nodes at once. Its messages are not counted. */
  async #readReplicas(): Promise<void> {
    const { convergence } = this.#workload;
    if (convergence === undefined) return;
    await this.#environment.hosts?.settled();
    this.#journal.close();
    const isForeign = this.#options.definition !== undefined;
    const read = async (node: NodeId): Promise<Replica> => {
      try {
        const connection = connect(this.#clients.open(), node, this.#options, isForeign);
        return { node, registers: await convergence.read(connection, this.#history) };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { node, registers: { error: message } };
      }
    };
    const replicas = await Promise.all(this.#options.nodeIds.map(read));
    this.#convergence = convergence.check(this.#history, replicas);
  }

  /** Asks for every type of operation. Its messages are not counted. */
  async #probeNodes(): Promise<void> {
    const { livenessLimitS, nodeIds } = this.#options;
    if (livenessLimitS === undefined) return;
    await this.#environment.hosts?.settled();
    this.#journal.close();
    const host = {
      onFailure: (error: WorkloadError) => this.#controller.abort(error),
      onMalformed: () => {},
    };
    const probes = await probeNodes({
      workload: this.#workload,
      openClient: () => this.#workload.openClient(this.#clients.open(), host),
      nodeIds,
      history: this.#history,
      clock: this.#environment.clock,
      limitMs: livenessLimitS * 1000,
    });
    const isHealed = this.#nemesis.unhealed().length === 0;
    this.#liveness = checkLiveness(probes, {
      history: this.#history,
      limitS: livenessLimitS,
      isHealed,
    });
  }

  #onStderr(node: NodeId, line: string): void {
    const time = this.#nowNs();
    this.#assertions.addLogLine(node, line);
    const { onLog } = this.#environment;
    onLog?.({ node, line, time, ...(this.#hasStarted ? {} : { starting: true }) });
  }

  /** Nanoseconds since clock zero; while nodes start, since the start of the test. */
  #nowNs(): number {
    return Math.round((this.#environment.clock.nowMs() - this.#zeroMs) * 1e6);
  }

  #onBadLine(badLine: BadLine): void {
    const { node, line, reason } = badLine;
    this.#diagnostics.addBadLine(badLine);
    if (this.#environment.isStrict) {
      this.#controller.abort(
        new TestCrash(`${node} printed a line that is not a message: ${reason}\n  ${line}`),
      );
    }
    // The node's later output is ignored, so it can no longer reply to init. A reply that arrived
    // just before is processed first.
    this.#environment.clock.after(0, () => this.#starter.giveUp(node, "it printed a bad line"));
  }

  /** Detects a forgotten line break, not one that the node prints a moment later. */
  async #detectUnfinishedLine(node: NodeId): Promise<void> {
    const text = this.#cluster.unfinishedLine(node);
    if (text === "") return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#environment.clock.after(LINE_BREAK_MS, resolve);
    await promise;
    const isSame = this.#cluster.unfinishedLine(node) === text;
    if (isSame) this.#diagnostics.addUnfinishedLine(node, text);
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
}

/** Names the line of the user's file that made a nemesis fail. */
function crashOf(error: NemesisError): TestCrash {
  const { message, cause } = error;
  // A node did not start again: what it says concerns the node, not the nemesis.
  if (cause instanceof TestCrash) return cause;
  const place = cause instanceof Error ? programPlaceIn(cause.stack) : undefined;
  return new TestCrash(place === undefined ? message : `${message}, at ${place}`, { cause: error });
}

function describeOverload(reason: string, hasPaused: boolean): string {
  const hints = hasPaused ? [OVERLOAD_HINT, PAUSE_HINT] : [OVERLOAD_HINT];
  return [reason, ...hints].join(". ");
}
