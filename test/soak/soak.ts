/** A soak: a long test of a program on real processes that watches memory, latency and CPU time. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../lib/vortex/serve.ts";
import { ProcessCluster } from "../../lib/workbench/clusters/process-cluster.ts";
import { isClientOperation, type Operation } from "../../lib/workbench/history/history.ts";
import type { Fault } from "../../lib/workbench/nemesis/faults.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { findingsOf } from "../../lib/workbench/run/check-history.ts";
import { runTest } from "../../lib/workbench/run/test.ts";
import { DEFAULTS, nodeNames, type TestOptions } from "../../lib/workbench/run/test-options.ts";
import type { WorkloadName } from "../../lib/workbench/workloads/index.ts";
import { median } from "../support/statistics.ts";
import {
  type LatencyGrowth,
  latencyGrowth,
  type MemoryGrowth,
  memoryGrowth,
  type Sample,
  type WorkGrowth,
  workGrowth,
} from "./growth.ts";
import { directoryBytes, idleFractionSince, machineTimes, processUsage } from "./process-usage.ts";
import type { Subject } from "./subjects.ts";
import { atRate, calmMoment, inCycles, SOAK_FAULTS } from "./timing.ts";

export interface SoakOptions {
  readonly workload: WorkloadName;
  readonly subject: Subject;
  /** Absolute path of the executable. */
  readonly bin: string;
  readonly seconds: number;
  /** Requests and replies between clients and nodes, in messages per second. */
  readonly rate: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  /** Called with a line about the progress every 15 s. */
  readonly onProgress?: (text: string) => void;
}

export interface SoakResult {
  readonly valid: boolean | "unknown";
  /** The first findings of the checkers. */
  readonly findings: readonly string[];
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
  readonly operations: number;
  readonly okOperations: number;
  /** Average rate of messages from and to clients, until the time limit. */
  readonly clientMessagesPerS: number;
  /** Average rate of messages among nodes and services, until the time limit. */
  readonly serverMessagesPerS: number;
  /** By node, for nodes that were never killed. */
  readonly memory: Readonly<Record<string, MemoryGrowth>>;
  /** Peak memory of each node, in bytes. */
  readonly maxBytes: Readonly<Record<string, number>>;
  /** Most that the disk of each node held, in bytes; empty if the nodes have none. */
  readonly maxDiskBytes: Readonly<Record<string, number>>;
  /** By node, for nodes that were never killed. */
  readonly work: Readonly<Record<string, WorkGrowth>>;
  /** By operation, for clients of nodes that were never killed. */
  readonly latency: Readonly<Record<string, LatencyGrowth>>;
  /** Memory of the workbench, which holds the whole history, in bytes. */
  readonly workbenchBytes: number;
  /** Fraction of the machine's CPU time that was idle. A low value means that latencies are inflated. */
  readonly idleFraction: number;
  /** Reasons why the soak failed; empty if it passed. */
  readonly problems: readonly string[];
  readonly samples: Readonly<Record<string, readonly Sample[]>>;
}

export const NODE_COUNT = 5;
/** Nodes from this index on are never killed: their memory is measured over the whole soak. */
const KILLED_NODES = 3;
const CLIENTS_PER_NODE = 10;
const CYCLE_S = 60;
const SAMPLE_INTERVAL_S = 1;
const MIN_SAMPLES = 60;
const PROGRESS_INTERVAL_S = 15;
/** Fraction of the rate that must be reached. */
const MIN_RATE = 0.95;

/** Bytes that the disk of a node may hold besides the values: a log until it is compacted. */
const DISK_BYTES = 2e6;

/** Runs a soak. */
export async function soak(soakOptions: SoakOptions): Promise<SoakResult> {
  const { usesDisks = false, maxRate = soakOptions.rate } = soakOptions.subject;
  const rate = Math.min(soakOptions.rate, maxRate);
  const disks = usesDisks ? mkdtempSync(join(tmpdir(), "soak-disks-")) : undefined;
  try {
    return await soakOn(disks, { ...soakOptions, rate });
  } finally {
    if (disks !== undefined) rmSync(disks, { recursive: true });
  }
}

/** @param disks Directory of the disks of the nodes, if they have any. */
async function soakOn(disks: string | undefined, soakOptions: SoakOptions): Promise<SoakResult> {
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
    // `atRate` below sets the rate.
    rate: Number.POSITIVE_INFINITY,
    seed,
  };
  const intervalS = Math.min(SAMPLE_INTERVAL_S, seconds / MIN_SAMPLES);
  const cycleS = Math.min(CYCLE_S, seconds / 3);
  const made = subject.makeWorkload({ ...options, random: randomStream(seed, "workload") });
  const survivors = nodeIds.slice(KILLED_NODES);
  const monitor = new Monitor(soakOptions, cycleS, survivors);
  let cluster: ProcessCluster | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    const result = await runTest(
      options,
      {
        clock: systemClock,
        ...(signal === undefined ? {} : { signal }),
        makeCluster({ network, onBadLine }) {
          cluster = new ProcessCluster({
            ...{ bin, args: subject.args, network, onBadLine },
            ...(disks === undefined ? {} : { dataDirectory: disks }),
          });
          return cluster;
        },
        onOperation(operation) {
          timer ??= setInterval(() => {
            for (const node of nodeIds) {
              monitor.sample(node, cluster?.processId(node));
              if (disks !== undefined) monitor.sampleDisk(node, directoryBytes(join(disks, node)));
            }
          }, intervalS * 1000);
          monitor.operation(operation);
        },
        onMessage({ type, message }) {
          if (type === "recv") monitor.received(message.dest);
          if (type === "send") monitor.sent(message.src, message.dest);
        },
      },
      {
        workload: { ...made, generator: atRate(rate / 2, made.generator) },
        faults: { targets: { kill: nodeIds.slice(0, KILLED_NODES) }, timing: inCycles(cycleS) },
      },
    );
    const findings = findingsOf(result).map(({ sentence }) => sentence);
    return monitor.result({ ...result, findings });
  } finally {
    clearInterval(timer);
  }
}

interface Checked {
  readonly valid: boolean | "unknown";
  readonly findings: readonly string[];
  readonly faults: Readonly<Partial<Record<Fault, number>>>;
}

/** Collects the measurements of a soak. */
class Monitor {
  readonly #options: SoakOptions;
  readonly #cycleS: number;
  /** Nodes that are never killed. A restarted node would be as small and fast as at the start. */
  readonly #survivors: ReadonlySet<string>;
  readonly #invokedNs = new Map<Operation["process"], number>();
  /** Operation -> calm moment -> latencies in ms. */
  readonly #latencies = new Map<string, Map<number, number[]>>();
  readonly #received = new Map<string, number>();
  readonly #samples = new Map<string, Sample[]>();
  readonly #maxBytes = new Map<string, number>();
  readonly #maxDiskBytes = new Map<string, number>();
  readonly #pids = new Map<string, number>();
  #operations = 0;
  #okOperations = 0;
  #values = 0;
  #clientMessages = 0;
  #serverMessages = 0;
  /** Whether nodes send each other messages. If not, a partition has no effect. */
  #nodesTalk = false;
  #nowS = 0;
  #lastProgress = { s: 0, clients: 0, servers: 0 };
  readonly #timesAtStart = machineTimes();

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
      this.#invokedNs.set(process, time);
      return;
    }
    const invokedNs = this.#invokedNs.get(process) ?? time;
    this.#invokedNs.delete(process);
    if (type !== "ok") return;
    this.#okOperations++;
    const { timed, stores } = this.#options.subject;
    if (f === stores?.f) this.#values++;
    const moment = calmMoment(invokedNs / 1e9, this.#cycleS);
    if (!timed.includes(f) || moment === undefined || !this.#survivors.has(node)) return;
    const ofF = this.#latencies.getOrInsertComputed(f, () => new Map<number, number[]>());
    ofF.getOrInsertComputed(moment, () => []).push((time - invokedNs) / 1e6);
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
    const usage = pid === undefined ? undefined : processUsage(pid);
    if (usage === undefined || pid === undefined || this.#isOver) return;
    const { bytes, cpuMs } = usage;
    // The node was restarted: its samples start over.
    if (this.#pids.get(node) !== pid) this.#samples.set(node, []);
    this.#pids.set(node, pid);
    this.#maxBytes.set(node, Math.max(bytes, this.#maxBytes.get(node) ?? 0));
    const messages = this.#received.get(node) ?? 0;
    const sample = { s: this.#nowS, bytes, cpuMs, messages, values: this.#values };
    this.#samples.getOrInsertComputed(node, () => []).push(sample);
    if (this.#nowS - this.#lastProgress.s >= PROGRESS_INTERVAL_S) this.#reportProgress();
  }

  sampleDisk(node: string, bytes: number): void {
    if (this.#isOver) return;
    this.#maxDiskBytes.set(node, Math.max(bytes, this.#maxDiskBytes.get(node) ?? 0));
  }

  #reportProgress(): void {
    const { onProgress, seconds } = this.#options;
    const now = { s: this.#nowS, clients: this.#clientMessages, servers: this.#serverMessages };
    const perS = (what: "clients" | "servers") =>
      Math.round((now[what] - this.#lastProgress[what]) / (now.s - this.#lastProgress.s));
    const sizes = [...this.#samples].map(([node, samples]) => {
      return `${node} ${megabytes(samples.at(-1)?.bytes ?? 0)}`;
    });
    onProgress?.(
      `${Math.round(this.#nowS)} of ${seconds} s: ${perS("clients")} messages/s of clients, ` +
        `${perS("servers")} of nodes; MB: ${sizes.join(", ")}, ` +
        `workbench ${megabytes(process.memoryUsage.rss())}`,
    );
    this.#lastProgress = now;
  }

  result({ valid, findings, faults }: Checked): SoakResult {
    const survivors = [...this.#survivors];
    const { seconds, rate, subject } = this.#options;
    const memory = Object.fromEntries(
      survivors.map((node) => [
        node,
        memoryGrowth(this.#samples.get(node) ?? [], subject.stores?.bytesEach ?? 0),
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
    const allowedDiskBytes = DISK_BYTES + (subject.stores?.bytesEach ?? 0) * this.#values;
    const problems = [
      ...(valid === true ? [] : [`verdict ${valid}: ${findings[0] ?? "no finding"}`]),
      ...SOAK_FAULTS.filter((fault) => fault !== "partition" || this.#nodesTalk)
        .filter((fault) => !faults[fault])
        .map((fault) => `no ${fault} took effect`),
      ...(clientMessagesPerS < MIN_RATE * rate
        ? [`${Math.round(clientMessagesPerS)} of ${rate} messages/s were reached`]
        : []),
      ...Object.entries(memory).flatMap(([node, { bytes, allowedBytes, messages }]) =>
        bytes > allowedBytes
          ? [
              `memory of ${node} grew by ${megabytes(bytes)} MB over ${messages} messages; ` +
                `${megabytes(allowedBytes)} MB are allowed`,
            ]
          : [],
      ),
      ...[...this.#maxDiskBytes].flatMap(([node, bytes]) =>
        bytes > allowedDiskBytes
          ? [
              `the disk of ${node} held ${megabytes(bytes)} MB; ${megabytes(allowedDiskBytes)} MB are allowed`,
            ]
          : [],
      ),
      ...Object.entries(work).flatMap(([node, { firstUs, lastUs, allowedUs }]) =>
        lastUs > allowedUs
          ? [
              `CPU time per message of ${node} grew from ${firstUs.toFixed(0)} to ${lastUs.toFixed(0)} µs`,
            ]
          : [],
      ),
      ...Object.entries(latency).flatMap(([f, { firstMs, lastMs, allowedMs }]) =>
        lastMs > allowedMs
          ? [`latency of ${f} grew from ${firstMs.toFixed(2)} to ${lastMs.toFixed(2)} ms`]
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
      maxDiskBytes: Object.fromEntries(this.#maxDiskBytes),
      work,
      latency,
      workbenchBytes: process.memoryUsage.rss(),
      idleFraction: idleFractionSince(this.#timesAtStart),
      problems,
      samples: Object.fromEntries(this.#samples),
    };
  }
}

export function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
