/** One soak: a long test of one program on real processes, with an eye on memory and latency. */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { systemClock } from "../../lib/vortex/serve.ts";
import { ProcessCluster } from "../../lib/workbench/clusters/process-cluster.ts";
import { isClientOperation, type Operation } from "../../lib/workbench/history/history.ts";
import type { Fault } from "../../lib/workbench/nemesis/faults.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { findingsOf } from "../../lib/workbench/run/check-history.ts";
import { runTest } from "../../lib/workbench/run/test.ts";
import { DEFAULTS, nodeNames, type TestOptions } from "../../lib/workbench/run/test-options.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import {
  type LatencyGrowth,
  latencyGrowth,
  type MemoryGrowth,
  median,
  memoryGrowth,
  type Sample,
  type WorkGrowth,
  workGrowth,
} from "./judge.ts";
import type { Subject } from "./subjects.ts";
import { atRate, calmMoment, inCycles, SOAK_FAULTS } from "./timing.ts";

export interface SoakOptions {
  readonly workload: WorkloadName;
  readonly subject: Subject;
  /** Absolute path of the program. */
  readonly bin: string;
  readonly seconds: number;
  /** Requests and replies between clients and nodes, in messages a second. */
  readonly rate: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Hears how it goes, from time to time. */
  readonly onProgress?: (text: string) => void;
}

export interface SoakResult {
  readonly valid: boolean | "unknown";
  /** What the checkers found, the first of it. */
  readonly findings: readonly string[];
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly operations: number;
  readonly okOperations: number;
  /** Of clients, and of nodes and services among themselves, on average while operations came. */
  readonly clientMessagesPerS: number;
  readonly serverMessagesPerS: number;
  /** By node, of those that were never killed. */
  readonly memory: Readonly<Record<string, MemoryGrowth>>;
  /** The most that each node had at any time, in bytes. */
  readonly maxBytes: Readonly<Record<string, number>>;
  /** By node, of the same. */
  readonly work: Readonly<Record<string, WorkGrowth>>;
  /** By operation, of clients of the same. */
  readonly latency: Readonly<Record<string, LatencyGrowth>>;
  /** The workbench's own memory, in bytes: the history of it all. */
  readonly workbenchBytes: number;
  /** Which part of the time the machine's processors had nothing to do: a busy one slows all down. */
  readonly idlePart: number;
  /** What does not hold; empty if all does. */
  readonly wrongs: readonly string[];
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

export const NODE_COUNT = 5;
/** The others are never killed, so that their memory tells of the whole time. */
const KILLED_NODES = 3;
const CLIENTS_PER_NODE = 10;
const CYCLE_S = 60;
const SAMPLE_INTERVAL_S = 1;
const LEAST_SAMPLES = 60;
const PROGRESS_INTERVAL_S = 15;
/** Which part of the rate must be reached. */
const LEAST_RATE = 0.95;

export async function soak(soakOptions: SoakOptions): Promise<SoakResult> {
  const { workload, subject, bin, seconds, rate, seed, signal } = soakOptions;
  const nodeIds = nodeNames(NODE_COUNT);
  const options: TestOptions = {
    ...DEFAULTS,
    nodeIds,
    concurrency: CLIENTS_PER_NODE * NODE_COUNT,
    timeLimitS: seconds,
    ...subject.options,
    workload,
    nemesis: SOAK_FAULTS,
    // As fast as its generator goes, which has the rate.
    rate: Number.POSITIVE_INFINITY,
    seed,
  };
  const intervalS = Math.min(SAMPLE_INTERVAL_S, seconds / LEAST_SAMPLES);
  const cycleS = Math.min(CYCLE_S, seconds / 3);
  const made = subject.makeWorkload({ ...options, random: randomStream(seed, "workload") });
  const survivors = nodeIds.slice(KILLED_NODES);
  const watch = new Watch(soakOptions, cycleS, survivors);
  let cluster: ProcessCluster | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    const result = await runTest(
      options,
      {
        clock: systemClock,
        ...(signal === undefined ? {} : { signal }),
        makeCluster(network, onBadLine) {
          cluster = new ProcessCluster({ bin, args: subject.args, network, onBadLine });
          return cluster;
        },
        onOperation(operation) {
          timer ??= setInterval(() => {
            for (const node of nodeIds) watch.sample(node, cluster?.processId(node));
          }, intervalS * 1000);
          watch.operation(operation);
        },
        onMessage({ type, message }) {
          if (type === "recv") watch.received(message.dest);
          else watch.sent(message.src, message.dest);
        },
      },
      {
        workload: { ...made, generator: atRate(rate / 2, made.generator) },
        faults: { targets: { kill: nodeIds.slice(0, KILLED_NODES) }, timing: inCycles(cycleS) },
      },
    );
    const findings = findingsOf(result).map(({ sentence }) => sentence);
    return watch.result({ ...result, findings });
  } finally {
    clearInterval(timer);
  }
}

interface Judged {
  readonly valid: boolean | "unknown";
  readonly findings: readonly string[];
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

class Watch {
  readonly #options: SoakOptions;
  readonly #cycleS: number;
  /** The nodes that are never killed. Others begin anew, and are as fast again as at first. */
  readonly #survivors: ReadonlySet<string>;
  readonly #begunNs = new Map<Operation["process"], number>();
  /** By operation, by calm moment: latencies in ms. */
  readonly #latencies = new Map<string, Map<number, number[]>>();
  readonly #received = new Map<string, number>();
  readonly #samples = new Map<string, Sample[]>();
  readonly #maxBytes = new Map<string, number>();
  readonly #pids = new Map<string, number>();
  #operations = 0;
  #okOperations = 0;
  #values = 0;
  #clientMessages = 0;
  #serverMessages = 0;
  /** Whether nodes send each other anything: if not, there is nothing that a partition could cut. */
  #nodesTalk = false;
  #nowS = 0;
  #told = { s: 0, clients: 0, servers: 0 };
  readonly #idleAtFirst = idleTimes();

  constructor(options: SoakOptions, cycleS: number, survivors: readonly string[]) {
    this.#options = options;
    this.#cycleS = cycleS;
    this.#survivors = new Set(survivors);
  }

  get #isOver(): boolean {
    return this.#nowS >= this.#options.seconds;
  }

  operation(operation: Operation): void {
    const { time, type, process, f, node = "" } = operation;
    this.#nowS = time / 1e9;
    if (!isClientOperation(operation) || this.#isOver) return;
    if (type === "invoke") {
      this.#operations++;
      this.#begunNs.set(process, time);
      return;
    }
    const begunNs = this.#begunNs.get(process) ?? time;
    this.#begunNs.delete(process);
    if (type !== "ok") return;
    this.#okOperations++;
    const { timed, keeps } = this.#options.subject;
    if (f === keeps?.f) this.#values++;
    const moment = calmMoment(begunNs / 1e9, this.#cycleS);
    if (!timed.includes(f) || moment === undefined || !this.#survivors.has(node)) return;
    const ofF = this.#latencies.getOrInsertComputed(f, () => new Map<number, number[]>());
    ofF.getOrInsertComputed(moment, () => []).push((time - begunNs) / 1e6);
  }

  sent(src: string, dest: string): void {
    if (this.#isOver) return;
    if (src.startsWith("n") && dest.startsWith("n")) this.#nodesTalk = true;
    if (src.startsWith("c") || dest.startsWith("c")) this.#clientMessages++;
    else this.#serverMessages++;
  }

  received(dest: string): void {
    this.#received.set(dest, (this.#received.get(dest) ?? 0) + 1);
  }

  sample(node: string, pid: number | undefined): void {
    const usage = pid === undefined ? undefined : usageOf(pid);
    if (usage === undefined || pid === undefined || this.#isOver) return;
    const { bytes, cpuMs } = usage;
    // A new process begins anew.
    if (this.#pids.get(node) !== pid) this.#samples.set(node, []);
    this.#pids.set(node, pid);
    this.#maxBytes.set(node, Math.max(bytes, this.#maxBytes.get(node) ?? 0));
    const messages = this.#received.get(node) ?? 0;
    const sample = { s: this.#nowS, bytes, cpuMs, messages, values: this.#values };
    this.#samples.getOrInsertComputed(node, () => []).push(sample);
    if (this.#nowS - this.#told.s >= PROGRESS_INTERVAL_S) this.#tell();
  }

  #tell(): void {
    const { onProgress, seconds } = this.#options;
    const now = { s: this.#nowS, clients: this.#clientMessages, servers: this.#serverMessages };
    const perS = (what: "clients" | "servers") =>
      Math.round((now[what] - this.#told[what]) / (now.s - this.#told.s));
    const sizes = [...this.#samples].map(([node, samples]) => {
      return `${node} ${megabytes(samples.at(-1)?.bytes ?? 0)}`;
    });
    onProgress?.(
      `${Math.round(this.#nowS)} of ${seconds} s: ${perS("clients")} messages/s of clients and ` +
        `${perS("servers")} of nodes; MB: ${sizes.join(", ")}, ` +
        `workbench ${megabytes(process.memoryUsage.rss())}`,
    );
    this.#told = now;
  }

  result({ valid, findings, faults }: Judged): SoakResult {
    const survivors = [...this.#survivors];
    const { seconds, rate, subject } = this.#options;
    const memory = Object.fromEntries(
      survivors.map((node) => [
        node,
        memoryGrowth(this.#samples.get(node) ?? [], subject.keeps?.bytesEach ?? 0),
      ]),
    );
    const latency = Object.fromEntries(
      subject.timed.map((f) => {
        const moments = [...(this.#latencies.get(f) ?? [])].toSorted(
          ([one], [other]) => one - other,
        );
        return [f, latencyGrowth(moments.map(([, latencies]) => median(latencies)))];
      }),
    );
    const work = Object.fromEntries(
      survivors.map((node) => [node, workGrowth(this.#samples.get(node) ?? [])]),
    );
    const clientMessagesPerS = this.#clientMessages / seconds;
    const wrongs = [
      ...(valid === true ? [] : [`the verdict is ${valid}: ${findings[0] ?? "no finding"}`]),
      ...SOAK_FAULTS.filter((fault) => fault !== "partition" || this.#nodesTalk)
        .filter((fault) => !faults[fault])
        .map((fault) => `no ${fault} took effect`),
      ...(clientMessagesPerS < LEAST_RATE * rate
        ? [`${Math.round(clientMessagesPerS)} messages/s are less than ${rate}`]
        : []),
      ...Object.entries(memory).flatMap(([node, { bytes, allowedBytes, messages }]) =>
        bytes > allowedBytes
          ? [
              `the memory of ${node} grew by ${megabytes(bytes)} MB in ${messages} messages, ` +
                `and ${megabytes(allowedBytes)} are allowed`,
            ]
          : [],
      ),
      ...Object.entries(work).flatMap(([node, { firstUs, lastUs, allowedUs }]) =>
        lastUs > allowedUs
          ? [
              `a message cost ${node} ${firstUs.toFixed(0)} µs at first, and ${lastUs.toFixed(0)} in the end`,
            ]
          : [],
      ),
      ...Object.entries(latency).flatMap(([f, { firstMs, lastMs, allowedMs }]) =>
        lastMs > allowedMs
          ? [`${f} took ${firstMs.toFixed(2)} ms at first, and ${lastMs.toFixed(2)} in the end`]
          : [],
      ),
    ];
    return {
      valid,
      findings: findings.slice(0, 10),
      faults,
      operations: this.#operations,
      okOperations: this.#okOperations,
      clientMessagesPerS,
      serverMessagesPerS: this.#serverMessages / seconds,
      memory,
      maxBytes: Object.fromEntries(this.#maxBytes),
      work,
      latency,
      workbenchBytes: process.memoryUsage.rss(),
      idlePart: idlePart(this.#idleAtFirst),
      wrongs,
      samples: Object.fromEntries(this.#samples),
    };
  }
}

/** How long all processors together have been idle, and have been there, in ms. */
function idleTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((cpu) => cpu.times);
  const sum = (values: readonly number[]) => values.reduce((one, other) => one + other, 0);
  return {
    idle: sum(times.map(({ idle }) => idle)),
    all: sum(times.flatMap((one) => Object.values(one))),
  };
}

function idlePart(since: ReturnType<typeof idleTimes>): number {
  const now = idleTimes();
  return (now.idle - since.idle) / (now.all - since.all);
}

/** How many of these the kernel counts processor time in, in ms. */
const TICK_MS = 10;

interface Usage {
  /** Memory that a process has to itself. */
  readonly bytes: number;
  readonly cpuMs: number;
}

/** What a process uses; `undefined` if it has just ended. */
function usageOf(pid: number): Usage | undefined {
  try {
    const [, kB] = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    // Behind the name, which may hold anything, the 12th and 13th fields are user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    return kB === undefined ? undefined : { bytes: Number(kB) * 1024, cpuMs };
  } catch (error) {
    if (error instanceof Error && "code" in error) {
      if (error.code === "ENOENT" || error.code === "ESRCH") return undefined;
    }
    throw error;
  }
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
