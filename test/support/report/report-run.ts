/** Builds small runs and records them as a report does. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Json, stringifyJson } from "../../../lib/vortex/index.ts";
import type { Operation } from "../../../lib/workbench/history/history.ts";
import type { DropReason } from "../../../lib/workbench/network/drops.ts";
import type { JournalEvent } from "../../../lib/workbench/network/journal.ts";
import { Run } from "../../../lib/workbench/report/page/run/run.ts";
import {
  type FindingEntry,
  LIMITS,
  type Limits,
  type RecordedRun,
  RunRecorder,
} from "../../../lib/workbench/report/recorder/run-recorder.ts";
import type { LogLine } from "../../../lib/workbench/run/log-line.ts";
import { DEFAULTS } from "../../../lib/workbench/run/test-options.ts";

type Body = JournalEvent["message"]["body"];

/** Builds a run step by step. Times are in ms. */
export class RunBuilder {
  readonly nodes: readonly string[];
  readonly workload: string;
  readonly concurrency: number;
  readonly history: Operation[] = [];
  readonly events: JournalEvent[] = [];
  readonly logs: LogLine[] = [];
  #nextId = 0;

  constructor(workload: string, nodes: readonly string[], concurrency = nodes.length) {
    this.workload = workload;
    this.nodes = nodes;
    this.concurrency = concurrency;
  }

  /** Adds the nodes' start, on a clock of its own that stops where the run's begins. */
  start(): this {
    for (const [index, node] of this.nodes.entries()) {
      this.message(`c${index}`, node, 10 + index, 0, { type: "init", msg_id: 1 });
    }
    for (const [index, node] of this.nodes.entries()) {
      this.message(node, `c${index}`, 50 + index, 0, { type: "init_ok", in_reply_to: 1 });
    }
    return this;
  }

  operation(fields: Pick<Operation, "process" | "type" | "f"> & Partial<Operation>, ms: number) {
    const index = this.history.length;
    this.history.push({ index, time: ms * 1e6, value: null, ...fields });
    return index;
  }

  /** @param tookMs Time in flight; `undefined` if the message is lost. */
  message(src: string, dest: string, ms: number, tookMs: number | undefined, body: Body): void {
    const message = { id: this.#nextId++, src, dest, body };
    this.events.push({ type: "send", time: ms * 1e6, message });
    if (tookMs !== undefined) {
      this.events.push({ type: "recv", time: (ms + tookMs) * 1e6, message });
    }
  }

  /** Drops the message that was added last. */
  drop(ms: number, reason: DropReason): void {
    const last = this.events.at(-1);
    if (last === undefined) throw new Error("No message was added");
    this.events.push({ type: "drop", time: ms * 1e6, message: last.message, reason });
  }

  /** Adds a line of a node's log. */
  log(node: string, ms: number, line: string, starting?: true): void {
    this.logs.push({ node, line, time: ms * 1e6, ...(starting ? { starting } : {}) });
  }

  /** Returns the events in a journal's order: the start, then by time. */
  journal(): JournalEvent[] {
    const last = this.events.findLastIndex(({ message }) => message.body["type"] === "init_ok");
    const rest = this.events.slice(last + 1).sort((one, other) => one.time - other.time);
    return [...this.events.slice(0, last + 1), ...rest];
  }

  /** Returns the run as the page decodes it. */
  run(findings: readonly FindingEntry[] = [], limits: Partial<Limits> = {}): Run {
    const { workload, nodes: nodeIds, concurrency, history } = this;
    const recorded = { workload, nodeIds, concurrency };
    return runOf(recorded, history, this.journal(), findings, limits, this.logs);
  }

  /** Writes the run's files, as `RunStore` does. */
  store(directory: string, results: Json | undefined): void {
    mkdirSync(directory, { recursive: true });
    const { workload, nodes: nodeIds, concurrency } = this;
    const options = { ...DEFAULTS, workload, nodeIds, concurrency, seed: 1 };
    const write = (name: string, entries: readonly unknown[]) =>
      writeFileSync(
        join(directory, name),
        entries.map((entry) => `${stringifyJson(entry)}\n`).join(""),
      );
    write("test.json", [
      {
        command: "vortex test",
        bin: "/programs/echo-it",
        startedAt: "2026-05-01T08:30:00.000Z",
        options,
      },
    ]);
    write("history.jsonl", this.history);
    write("messages.jsonl", this.journal());
    write("logs.jsonl", this.logs);
    if (results !== undefined) write("results.json", [results]);
  }
}

/** Records a run and decodes it as the page does. */
export function runOf(
  recorded: RecordedRun,
  history: readonly Operation[],
  journal: readonly JournalEvent[],
  findings: readonly FindingEntry[] = [],
  limits: Partial<Limits> = {},
  logs: readonly LogLine[] = [],
): Run {
  const recorder = new RunRecorder(recorded, history, { ...LIMITS, ...limits });
  for (const event of journal) recorder.addMessage(event);
  for (const line of logs) recorder.addLog(line);
  return new Run(
    recorder.finish({
      workload: recorded.workload,
      command: "vortex test",
      seed: 1,
      options: [],
      valid: true,
      verdict: "Valid",
      gauges: [],
      findings,
      remarks: [],
    }),
  );
}

/** Results with only what a report needs. */
export function resultsOf(
  valid: boolean | "unknown",
  explanation: readonly FindingEntry[] = [],
  workload: { readonly [field: string]: Json } = {},
): { readonly [field: string]: Json } {
  return {
    valid,
    workload: { valid, explanation: explanation as unknown as Json, ...workload },
    stats: { valid: true, okCount: 2 },
    availability: { valid: true, okFraction: 1 },
    net: { servers: { msgsPerOp: 2.5 } },
    perf: { latencies: { all: { "0.5": 1, "1": 3 } } },
    badLines: [],
  };
}

/** A broadcast of one value, relayed from n0 to n1 to n2 and lost on the way to n3. */
export function gossipRun(): RunBuilder {
  const run = new RunBuilder("broadcast", ["n0", "n1", "n2", "n3"]).start();
  const value = { process: 0, node: "n0", f: "broadcast", value: 7 } as const;
  run.operation({ ...value, type: "invoke" }, 100);
  run.message("c8", "n0", 100, 0, { type: "broadcast", message: 7, msg_id: 1 });
  run.message("n0", "c8", 101, 0, { type: "broadcast_ok", in_reply_to: 1 });
  run.operation({ ...value, type: "ok" }, 102);
  run.message("n0", "n1", 103, 20, { type: "gossip", seen: 3, news: [["n0", 0, 7]] });
  run.message("n1", "n2", 130, 20, { type: "gossip", seen: 0, news: [["n0", 0, 7]] });
  run.message("n1", "n3", 131, undefined, { type: "gossip", seen: 0, news: [["n0", 0, 7]] });
  run.message("n2", "n3", 140, 20, { type: "gossip", seen: 9, news: [] });
  return run;
}
