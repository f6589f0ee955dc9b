/**
 * Records a stored run, entry by entry, as the data of its report.
 *
 * A new column goes into a file of `columns/` and into `run-data.ts`, which documents it; the page
 * then finds it in `Run.columns`.
 */
import { shorten } from "../../../protocol/shorten.ts";
import { stringifyJson } from "../../../vortex/index.ts";
import type { LinearizationAttempt } from "../../checkers/checker.ts";
import type { History, Operation } from "../../history/history.ts";
import { describeFaultEntry } from "../../nemesis/describe-fault.ts";
import type { JournalEvent } from "../../network/journal.ts";
import type { LogLine } from "../../run/log-line.ts";
import { ArrivalColumns } from "./columns/arrival-columns.ts";
import { encodeBlock } from "./columns/columnar-codec.ts";
import { LogColumns } from "./columns/log-columns.ts";
import { MessageColumns, type MessageLimits } from "./columns/message-columns.ts";
import { OperationColumns, type OperationLimits } from "./columns/operation-columns.ts";
import { OutputColumns, type OutputLimits } from "./columns/output-columns.ts";
import { FaultSpans } from "./fault-spans.ts";
import type {
  CycleStep,
  PageFinding,
  PageLinearization,
  RunColumns,
  RunHeader,
  Ticks,
} from "./run-data.ts";

/** A finding, as stored with the results. */
export interface FindingEntry {
  readonly anomaly: string;
  readonly sentence: string;
  readonly operations: readonly { readonly index: number }[];
  readonly cycle?: readonly CycleEntry[] | undefined;
  readonly linearization?: LinearizationAttempt | undefined;
  readonly moreCount?: number | undefined;
}

/** A step of a cycle, between operations by their history indexes. */
export interface CycleEntry {
  readonly from: number;
  readonly to: number;
  readonly relation: string;
  readonly sentence: string;
}

export interface Limits extends MessageLimits, OperationLimits, OutputLimits {}

/** Bounds on the size of a report. What comes later in the run is omitted, and counted. */
export const LIMITS: Limits = {
  messages: 1_000_000,
  bodyLength: 240,
  bodiesLength: 64_000_000,
  operations: 500_000,
  valueLength: 240,
  valuesLength: 48_000_000,
  lines: 100_000,
  lineLength: 400,
  linesLength: 16_000_000,
};

/** The part of the header that does not follow from history and messages. */
export type RunSummary = Omit<
  RunHeader,
  | "findings"
  | "remarks"
  | "tickNs"
  | "lanes"
  | "messageTypes"
  | "functions"
  | "faults"
  | "omissions"
  | "propagation"
  | "log"
> & {
  readonly findings: readonly FindingEntry[];
  readonly remarks: readonly FindingEntry[];
};

export interface RecordedRun {
  readonly workload: string;
  readonly nodeIds: readonly string[];
  readonly concurrency: number;
}

const MAX_TICKS = 2 ** 30;
/** Bounds what a node that floods before `init_ok` can buffer. */
const MAX_START_EVENTS = 100_000;
/** Maximum length of a fault's description: a ring of 25 nodes has 150 cut links. */
const MAX_DETAIL_LENGTH = 400;
const NS_PER_TICK = 1_000;

export class RunRecorder {
  readonly #run: RecordedRun;
  readonly #limits: Limits;
  readonly #history: History;
  readonly #tickNs: number;
  readonly #messages: MessageColumns;
  readonly #operations: OperationColumns;
  readonly #arrivals: ArrivalColumns | undefined;
  readonly #log: LogColumns | undefined;
  readonly #output: OutputColumns;
  readonly #faults = new FaultSpans();
  /** Position in the history, which is read in step with the messages. */
  #position = 0;

  /** Duration of the nodes' start, which ends with the last node's first `init_ok`, in ns. */
  #startLengthNs = 0;
  #isStarting = true;
  readonly #initialized = new Set<string>();
  readonly #startEvents: JournalEvent[] = [];

  constructor(run: RecordedRun, history: History, limits: Limits = LIMITS) {
    this.#run = run;
    this.#history = history;
    this.#limits = limits;
    const lengthNs = history.at(-1)?.time ?? 0;
    this.#tickNs = Math.max(NS_PER_TICK, Math.ceil(lengthNs / MAX_TICKS));
    this.#messages = new MessageColumns(run.nodeIds, limits);
    this.#output = new OutputColumns(limits);
    this.#operations = new OperationColumns(run.concurrency, limits);
    this.#arrivals = run.workload === "broadcast" ? new ArrivalColumns(run.nodeIds) : undefined;
    this.#log = run.workload === "kafka" ? new LogColumns() : undefined;
  }

  /** Adds the next event of the journal. */
  addMessage(event: JournalEvent): void {
    if (!this.#isStarting) {
      this.#addMessage(event, event.time);
      return;
    }
    this.#startEvents.push(event);
    if (this.#startEvents.length === MAX_START_EVENTS) this.#endStart(event.time);
    const { type, message } = event;
    if (type === "recv" && message.body["type"] === "init_ok") {
      this.#initialized.add(message.src);
      if (this.#initialized.size === this.#run.nodeIds.length) this.#endStart(event.time);
    }
  }

  /** Adds the next line of a node's log. The messages come before. */
  addLog(line: LogLine): void {
    this.#endStart(this.#startEvents.at(-1)?.time ?? 0);
    const lane = this.#messages.laneOfNode(line.node);
    if (lane === undefined) return;
    const timeNs = line.starting ? line.time - this.#startLengthNs : line.time;
    this.#output.add(line, this.#ticks(timeNs), lane);
  }

  /** Encodes the header and the columns as one block of bytes. */
  finish(summary: RunSummary): Uint8Array<ArrayBuffer> {
    this.#endStart(this.#startEvents.at(-1)?.time ?? 0);
    this.#advance(Number.POSITIVE_INFINITY);
    const arrivals = this.#arrivals?.result((node) => this.#messages.laneOfNode(node));
    const log = this.#log?.result();
    const header: RunHeader = {
      ...summary,
      findings: summary.findings.map((finding) => this.#pageFinding(finding)),
      remarks: summary.remarks.map((finding) => this.#pageFinding(finding)),
      tickNs: this.#tickNs,
      lanes: this.#messages.lanes,
      messageTypes: this.#messages.types,
      functions: this.#operations.functions,
      faults: this.#faults.result(this.#ticks(this.#history.at(-1)?.time ?? 0)),
      omissions: {
        operations: this.#operations.omittedCount,
        messages: this.#messages.omittedCount,
        bodies: this.#messages.omittedBodyCount,
        logLines: this.#output.omittedCount,
        logEvents: this.#log?.omittedCount ?? 0,
      },
      ...(arrivals === undefined ? {} : { propagation: arrivals.propagation }),
      ...(log === undefined ? {} : { log: log.log }),
    };
    const columns: RunColumns = {
      ...this.#messages.columns(),
      ...this.#operations.columns(),
      ...this.#output.columns(),
      ...(arrivals?.columns ?? {
        arrivalLane: new Uint16Array(),
        arrivalAfter: new Int32Array(),
        arrivalMessage: new Uint32Array(),
      }),
      ...(log?.columns ?? {
        logOperation: new Uint32Array(),
        logFrom: new Float64Array(),
        logTo: new Float64Array(),
        logIsPoll: new Uint8Array(),
      }),
    };
    return encodeBlock(header, { ...columns });
  }

  #endStart(timeNs: number): void {
    if (!this.#isStarting) return;
    this.#isStarting = false;
    this.#startLengthNs = timeNs;
    for (const event of this.#startEvents) {
      this.#addMessage(event, event.time - this.#startLengthNs);
    }
    this.#startEvents.length = 0;
  }

  #addMessage(event: JournalEvent, timeNs: number): void {
    // An operation invoked at this instant may be the sender; one completed at it still receives.
    this.#advance(event.type === "send" ? timeNs + 1 : timeNs);
    const time = this.#ticks(timeNs);
    const row = this.#messages.add(event, time, this.#operations.pending);
    this.#arrivals?.add(event, time, row);
  }

  /** Reads the history up to the given time, in ns. */
  #advance(beforeNs: number): void {
    for (;;) {
      const operation = this.#history[this.#position];
      if (operation === undefined || operation.time >= beforeNs) return;
      this.#position++;
      const { process, f, time, error } = operation;
      if (process === "nemesis") {
        const detail = shorten(describeFaultEntry(operation), MAX_DETAIL_LENGTH);
        this.#faults.add(f, this.#ticks(time), detail, error !== undefined);
      } else if (operation.type === "invoke") this.#invoke(operation, process);
      else this.#complete(operation, process);
    }
  }

  #invoke(operation: Operation, process: number): void {
    const { node, f, value } = operation;
    const time = this.#ticks(operation.time);
    const lane = node === undefined ? undefined : this.#messages.laneOfNode(node);
    const row = this.#operations.invoke(operation, process, time, lane, this.#text(value));
    if (row !== undefined && f === "broadcast") this.#arrivals?.broadcast(value, row, time);
  }

  #complete(operation: Operation, process: number): void {
    const { type, value, error, exception } = operation;
    const reason = exception === undefined ? error : `${exception.class}: ${exception.message}`;
    const text = this.#text(reason === undefined ? value : reason);
    const row = this.#operations.complete(operation, process, this.#ticks(operation.time), text);
    if (row !== undefined && type === "ok") this.#log?.add(value, row);
  }

  #pageFinding(finding: FindingEntry): PageFinding {
    const { anomaly, sentence, operations, cycle, linearization, moreCount } = finding;
    const rows = operations.flatMap(({ index }) => this.#operations.rowOf(index) ?? []);
    const steps = cycle?.flatMap((step): CycleStep[] => {
      const from = this.#operations.rowOf(step.from);
      const to = this.#operations.rowOf(step.to);
      if (from === undefined || to === undefined) return [];
      return [{ from, to, relation: step.relation, sentence: step.sentence }];
    });
    return {
      anomaly,
      sentence,
      operations: [...new Set(rows)],
      ...(moreCount === undefined ? {} : { moreCount }),
      // A cycle with an omitted transaction would have a dangling edge.
      ...(steps?.length && steps.length === cycle?.length ? { cycle: steps } : {}),
      ...(linearization === undefined
        ? {}
        : { linearization: this.#pageLinearization(linearization) }),
    };
  }

  #pageLinearization({ operations, ...rest }: LinearizationAttempt): PageLinearization {
    return {
      ...rest,
      operations: operations.map((bar) => {
        const row = this.#operations.rowOf(bar.invocation);
        return {
          ...bar,
          start: this.#ticks(bar.start),
          ...(bar.end === undefined ? {} : { end: this.#ticks(bar.end) }),
          ...(row === undefined ? {} : { row }),
        };
      }),
    };
  }

  #ticks(ns: number): Ticks {
    return Math.round(ns / this.#tickNs);
  }

  /** Formats as JSON, cut one character beyond the limit so that `TextColumn` marks the cut. */
  #text(value: unknown): string {
    if (value === null || value === undefined) return "";
    let text: string;
    try {
      text = stringifyJson(value);
    } catch {
      return "(nested too deeply to show)";
    }
    return text.slice(0, this.#limits.valueLength + 1);
  }
}
