/** Takes in a run as it was stored, entry by entry, and makes what its page holds. */
import { stringifyJson } from "../../../vortex/index.ts";
import type { History, Operation } from "../../history/history.ts";
import type { JournalEvent } from "../../network/journal.ts";
import { SpreadTracker } from "./columns/arrival-columns.ts";
import { encodeBlock, toDeltas } from "./columns/columnar-codec.ts";
import { LogTracker } from "./columns/log-columns.ts";
import {
  MessageColumns,
  type MessageLimits,
  type PendingOperation,
} from "./columns/message-columns.ts";
import { TextColumn, TypedColumn } from "./columns/typed-columns.ts";
import {
  type CycleStep,
  type FaultSpan,
  OUTCOMES,
  type PageFinding,
  type RunColumns,
  type RunHeader,
  type Ticks,
} from "./run-data.ts";

/** What was found, as verdicts have it. */
export interface FindingEntry {
  readonly anomaly: string;
  readonly sentence: string;
  readonly operations: readonly { readonly index: number }[];
  readonly cycle?: readonly CycleEntry[] | undefined;
}

export interface CycleEntry {
  readonly from: number;
  readonly to: number;
  readonly relation: string;
  readonly sentence: string;
}

export interface Limits extends MessageLimits {
  readonly operations: number;
  readonly valueLength: number;
  readonly valuesLength: number;
}

/** What a page holds at most. Beyond that, what came later is left out, and the page says so. */
export const LIMITS: Limits = {
  messages: 1_000_000,
  bodyLength: 240,
  bodiesLength: 64_000_000,
  operations: 500_000,
  valueLength: 240,
  valuesLength: 48_000_000,
};

/** What the recorder does not find out by itself. */
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
  | "spread"
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
/** A node that floods before it answers init must not fill memory. */
const MAX_START_EVENTS = 100_000;
const NS_PER_TICK = 1_000;

export class RunRecorder {
  readonly #run: RecordedRun;
  readonly #limits: Limits;
  readonly #history: History;
  readonly #tickNs: number;
  readonly #messages: MessageColumns;
  readonly #spread: SpreadTracker | undefined;
  readonly #log: LogTracker | undefined;
  /** How far the history has been gone through along with the messages. */
  #position = 0;
  /** Operations under way, by process. */
  readonly #open = new Map<number, PendingOperation>();
  readonly #rowByIndex = new Map<number, number>();

  readonly #functions: string[] = [];
  readonly #invoked = new TypedColumn(Int32Array);
  readonly #duration = new TypedColumn(Int32Array);
  readonly #process = new TypedColumn(Int32Array);
  readonly #thread = new TypedColumn(Uint16Array);
  readonly #function = new TypedColumn(Uint8Array);
  readonly #node = new TypedColumn(Uint16Array);
  readonly #end = new TypedColumn(Uint8Array);
  readonly #index = new TypedColumn(Uint32Array);
  readonly #endIndex = new TypedColumn(Uint32Array);
  readonly #invocation: string[] = [];
  readonly #completion: string[] = [];
  #omittedOperationCount = 0;

  readonly #faults: FaultSpan[] = [];
  readonly #activeFaults = new Map<string, { readonly from: Ticks; detail: string }>();

  /** The nodes' start is over with the last node's first answer to init; its length, in ns. */
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
    this.#spread = run.workload === "broadcast" ? new SpreadTracker(run.nodeIds) : undefined;
    this.#log = run.workload === "kafka" ? new LogTracker() : undefined;
  }

  /** Takes in the next event of the journal. */
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

  /** All that a page needs, as one block of bytes. */
  finish(summary: RunSummary): Uint8Array<ArrayBuffer> {
    this.#endStart(this.#startEvents.at(-1)?.time ?? 0);
    this.#advance(Number.POSITIVE_INFINITY);
    const lastTick = this.#ticks(this.#history.at(-1)?.time ?? 0);
    for (const [name, { from, detail }] of this.#activeFaults) {
      this.#faults.push({ name, from, to: lastTick, detail });
    }
    const spread = this.#spread?.result((node) => this.#messages.laneOfNode(node));
    const log = this.#log?.result();
    const texts = new TextColumn(this.#limits.valueLength, this.#limits.valuesLength);
    for (const [row, invocation] of this.#invocation.entries()) {
      texts.push(invocation);
      texts.push(this.#completion[row] ?? "");
    }
    const header: RunHeader = {
      ...summary,
      findings: summary.findings.map((finding) => this.#pageFinding(finding)),
      remarks: summary.remarks.map((finding) => this.#pageFinding(finding)),
      tickNs: this.#tickNs,
      lanes: this.#messages.lanes,
      messageTypes: this.#messages.types,
      functions: this.#functions,
      faults: this.#faults,
      omissions: {
        operations: this.#omittedOperationCount,
        messages: this.#messages.omittedCount,
        bodies: this.#messages.omittedBodyCount,
        logEvents: this.#log?.omittedCount ?? 0,
      },
      ...(spread === undefined ? {} : { spread: spread.spread }),
      ...(log === undefined ? {} : { log: log.log }),
    };
    const columns: RunColumns = {
      ...this.#messages.columns(),
      operationInvoked: toDeltas(this.#invoked.column(), this.#invoked.length),
      operationDuration: this.#duration.column(),
      operationProcess: this.#process.column(),
      operationThread: this.#thread.column(),
      operationFunction: this.#function.column(),
      operationNode: this.#node.column(),
      operationOutcome: this.#end.column(),
      operationIndex: this.#index.column(),
      operationEndIndex: this.#endIndex.column(),
      operationLength: texts.lengths(),
      operationText: texts.bytes(),
      ...(spread?.columns ?? {
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
    // What is invoked at this very moment may be what sends; what completes then is still under way.
    this.#advance(event.type === "send" ? timeNs + 1 : timeNs);
    const time = this.#ticks(timeNs);
    const row = this.#messages.add(event, time, this.#open.values());
    this.#spread?.add(event, time, row);
  }

  /** Goes through the history up to a time, in ns. */
  #advance(beforeNs: number): void {
    for (;;) {
      const operation = this.#history[this.#position];
      if (operation === undefined || operation.time >= beforeNs) return;
      this.#position++;
      const { process } = operation;
      if (process === "nemesis") this.#addFault(operation);
      else if (operation.type === "invoke") this.#invoke(operation, process);
      else this.#complete(operation, process);
    }
  }

  #invoke(operation: Operation, process: number): void {
    const { index, time, node, f, value } = operation;
    if (this.#invoked.length >= this.#limits.operations) {
      this.#omittedOperationCount++;
      return;
    }
    const row = this.#invoked.length;
    const thread = process % this.#run.concurrency;
    this.#rowByIndex.set(index, row);
    this.#invoked.push(this.#ticks(time));
    this.#duration.push(-1);
    this.#process.push(process);
    this.#thread.push(thread);
    this.#function.push(this.#functionNumber(f));
    const lane = node === undefined ? undefined : this.#messages.laneOfNode(node);
    this.#node.push((lane ?? -1) + 1);
    this.#end.push(OUTCOMES.indexOf("open"));
    this.#index.push(index);
    this.#endIndex.push(0);
    this.#invocation.push(this.#text(value));
    this.#completion.push("");
    this.#open.set(process, { row, thread, node, hasSent: false });
    if (f === "broadcast") this.#spread?.broadcast(value, row, this.#ticks(time));
  }

  #complete(operation: Operation, process: number): void {
    const { index, time, type, value, error, exception } = operation;
    const row = this.#open.get(process)?.row;
    if (row === undefined) return;
    this.#open.delete(process);
    this.#rowByIndex.set(index, row);
    this.#duration.set(row, Math.max(0, this.#ticks(time) - this.#invoked.at(row)));
    this.#end.set(row, OUTCOMES.indexOf(type === "invoke" ? "open" : type));
    this.#endIndex.set(row, index);
    const reason = exception === undefined ? error : `${exception.class}: ${exception.message}`;
    this.#completion[row] = this.#text(reason === undefined ? value : reason);
    if (type === "ok") this.#log?.add(value, row);
  }

  #addFault({ f, time, value }: Operation): void {
    const [, verb, name = f] = /^(start|stop)-(.*)$/.exec(f) ?? [];
    const active = this.#activeFaults.get(name);
    if (verb === "start") {
      // Its second entry says what came of it.
      if (active !== undefined) active.detail = this.#text(value);
      else this.#activeFaults.set(name, { from: this.#ticks(time), detail: this.#text(value) });
    } else if (active !== undefined) {
      this.#activeFaults.delete(name);
      this.#faults.push({ name, to: this.#ticks(time), ...active });
    }
  }

  #functionNumber(f: string): number {
    const known = this.#functions.indexOf(f);
    return known >= 0 ? known : this.#functions.push(f) - 1;
  }

  #pageFinding({ anomaly, sentence, operations, cycle }: FindingEntry): PageFinding {
    const rows = operations.flatMap(({ index }) => this.#rowByIndex.get(index) ?? []);
    const steps = cycle?.flatMap((step): CycleStep[] => {
      const from = this.#rowByIndex.get(step.from);
      const to = this.#rowByIndex.get(step.to);
      if (from === undefined || to === undefined) return [];
      return [{ from, to, relation: step.relation, sentence: step.sentence }];
    });
    return {
      anomaly,
      sentence,
      operations: [...new Set(rows)],
      // One of which a transaction is left out would be drawn with an end in nowhere.
      ...(steps?.length && steps.length === cycle?.length ? { cycle: steps } : {}),
    };
  }

  #ticks(ns: number): Ticks {
    return Math.round(ns / this.#tickNs);
  }

  /** JSON, or a little more of it than will be shown. */
  #text(value: unknown): string {
    if (value === null || value === undefined) return "";
    let text: string;
    try {
      text = stringifyJson(value);
    } catch {
      return "(nested too deep to be shown)";
    }
    return text.slice(0, this.#limits.valueLength + 1);
  }
}
