/**
 * The data of a report: written by the recorder, read by the page.
 *
 * Operations and messages, which are many, are columns of numbers; the rest is a JSON header. Both
 * are encoded as one block of bytes, so nothing that a node sends can become markup.
 */
import { DROPS, IN_FLIGHT } from "../../network/drops.ts";

/** A time or a duration, in ticks of {@link RunHeader.tickNs}. */
export type Ticks = number;

export type Role = "node" | "service" | "client";

/** Outcomes of operations, in the order of their numbers in `operationOutcome`; open: never completed. */
export const OUTCOMES = ["ok", "fail", "info", "open"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Why messages never arrived, in the order of their numbers in `messageDrop`. */
export const LOSSES: readonly string[] = [IN_FLIGHT, ...Object.values(DROPS)];

/** A line of the space-time diagram: a node, a service, or a client thread. */
export interface Lane {
  readonly name: string;
  readonly role: Role;
}

/** A time during which a fault was active. */
export interface FaultSpan {
  readonly name: string;
  readonly from: Ticks;
  readonly to: Ticks;
  /** Its effect, in words: `"n0 n1 | n2"`. */
  readonly detail: string;
}

/** A figure of the run, with its target if it has one. */
export interface Gauge {
  readonly name: string;
  /** Absent if undefined, as the latency of a run without operations is. */
  readonly value?: number;
  readonly unit: string;
  /** Bound set by the stage or the options; `mustBe` says on which side of it the value must be. */
  readonly target?: number;
  /** Whether the target is Vortex's own: the stage asks for no more than `limit`. */
  readonly isOwn?: true;
  /** Fly.io's limit for the stage, below which the value must be. */
  readonly limit?: number;
  readonly mustBe: "at most" | "at least";
  readonly explanation: string;
}

/** Why one transaction of a cycle precedes the next. */
export interface CycleStep {
  /** Rows of operations. */
  readonly from: number;
  readonly to: number;
  /** `"ww"`, `"wr"`, `"rw"`, `"process"`, `"realtime"`. */
  readonly relation: string;
  readonly sentence: string;
}

/**
 * Orders in which a model accepts the operations of a history that is not linearizable.
 *
 * @see `LinearizationAttempt` of the checkers, which the page cannot import
 */
export interface PageLinearization {
  readonly part?: string;
  /** In order of invocation. The other fields refer to operations by their position here. */
  readonly operations: readonly PageBar[];
  readonly omittedCount: number;
  /** The longest first. */
  readonly partials: readonly PagePartial[];
  readonly stuck: number;
  readonly unplaced: readonly number[];
}

export interface PageBar {
  /** Row of the operation; absent if it was omitted. */
  readonly row?: number;
  /** History indexes, whose order is that of the events. */
  readonly invocation: number;
  readonly completion?: number;
  readonly process: number;
  readonly start: Ticks;
  /** Absent for an indefinite operation. */
  readonly end?: Ticks;
  readonly label: string;
}

export interface PagePartial {
  readonly initialState: string;
  readonly steps: readonly { readonly operation: number; readonly state: string }[];
  readonly refused: readonly number[];
}

export interface PageFinding {
  readonly anomaly: string;
  readonly sentence: string;
  /** Rows of the operations involved. */
  readonly operations: readonly number[];
  /** How many more findings of its kind there are, on the last of a kind. */
  readonly moreCount?: number;
  readonly cycle?: readonly CycleStep[];
  readonly linearization?: PageLinearization;
}

/** Propagation of broadcast values; describes the columns `arrival…`. */
export interface Propagation {
  /** The nodes, as lanes. */
  readonly lanes: readonly number[];
  /** JSON paths of message bodies at which values travel; empty if none was found. */
  readonly paths: readonly string[];
  readonly values: readonly PropagatedValue[];
  /** Number of values broadcast, including those omitted from `values`. */
  readonly valueCount: number;
}

export interface PropagatedValue {
  readonly value: number;
  /** Row of its operation. */
  readonly operation: number;
  /** First row and number of its arrivals. */
  readonly first: number;
  readonly count: number;
}

/** Sends and polls by key; describes the columns `log…`. */
export interface LogActivity {
  readonly keys: readonly LogKey[];
  readonly keyCount: number;
}

export interface LogKey {
  readonly name: string;
  readonly first: number;
  readonly count: number;
}

/** A send or a poll. */
export interface LogEvent {
  /** Row of its operation. */
  readonly operation: number;
  /** First and last offset. */
  readonly from: number;
  readonly to: number;
  readonly isPoll: boolean;
}

/** How often an assertion of the program counted in this run. */
export interface AssertionCount {
  readonly name: string;
  /** 0 for one that is in the program's source only. */
  readonly count: number;
}

/** The assertions of the program that the run reached. */
export interface PageCoverage {
  /** `node.sometimes`, and how often its condition held. */
  readonly sometimes: readonly AssertionCount[];
  /** `node.always`, and how often it was evaluated. */
  readonly always: readonly AssertionCount[];
}

/** Counts of what was omitted to keep the page small. */
export interface Omissions {
  readonly operations: number;
  readonly messages: number;
  /** Messages present without their bodies. */
  readonly bodies: number;
  readonly logEvents: number;
  /** Lines of the nodes' logs. */
  readonly logLines: number;
}

export interface RunHeader {
  readonly workload: string;
  readonly command: string;
  /** Command of the test that was reduced to this one. The page then shows the first finding. */
  readonly shrunkFrom?: string;
  /** Address that opens the run in the playground. */
  readonly playground?: string;
  /** ISO 8601; absent if unknown. */
  readonly startedAt?: string;
  readonly seed: number;
  /** The test's options, as names and texts. */
  readonly options: readonly (readonly [name: string, value: string])[];
  readonly valid: boolean | "unknown" | "crashed";
  readonly verdict: string;
  readonly gauges: readonly Gauge[];
  readonly findings: readonly PageFinding[];
  /** Observations that do not affect the verdict: harmless anomalies, exceptions, invalid lines. */
  readonly remarks: readonly PageFinding[];
  /** Absent if nothing is known of the program's assertions, as of a process. */
  readonly coverage?: PageCoverage;
  readonly tickNs: number;
  readonly lanes: readonly Lane[];
  readonly messageTypes: readonly string[];
  readonly functions: readonly string[];
  readonly faults: readonly FaultSpan[];
  readonly omissions: Omissions;
  /** Number of messages sent after storage was full; absent if all were stored. */
  readonly unstoredMessageCount?: number;
  readonly propagation?: Propagation;
  readonly log?: LogActivity;
}

/** The columns. Rows are messages, operations, arrivals, log lines, or log events, by the prefix. */
export interface RunColumns {
  /** Ticks, as deltas; the decoded times are negative while the nodes start. */
  readonly messageSent: Int32Array;
  /** Ticks from send to receipt; -1 if it never arrived. */
  readonly messageFlight: Int32Array;
  /** Index into {@link LOSSES}; 0 if it was not dropped. */
  readonly messageDrop: Uint8Array;
  /** Lanes. */
  readonly messageSource: Uint16Array;
  readonly messageDest: Uint16Array;
  readonly messageType: Uint16Array;
  /** Row of the client's operation that it belongs to, plus 1; 0 if none. */
  readonly messageOperation: Uint32Array;
  /** Lengths of the body texts, in UTF-16 units. */
  readonly bodyLength: Uint16Array;
  /** UTF-8. */
  readonly bodyText: Uint8Array;
  /** Repeated arrivals: the message's row, and the ticks from send to this arrival. */
  readonly duplicateOf: Uint32Array;
  readonly duplicateFlight: Int32Array;

  /** Ticks, as deltas. */
  readonly operationInvoked: Int32Array;
  /** Ticks; -1 if it never completed. */
  readonly operationDuration: Int32Array;
  readonly operationProcess: Int32Array;
  readonly operationThread: Uint16Array;
  readonly operationFunction: Uint16Array;
  /** Lane of the node, plus 1; 0 if unknown. */
  readonly operationNode: Uint16Array;
  /** Index into {@link OUTCOMES}. */
  readonly operationOutcome: Uint8Array;
  /** History indexes of its invocation and completion; the second is 0 if it never completed. */
  readonly operationIndex: Uint32Array;
  readonly operationEndIndex: Uint32Array;
  /** Lengths of two texts per row: the values at invocation and at completion. */
  readonly operationLength: Uint16Array;
  readonly operationText: Uint8Array;

  /** Arrivals of values at nodes: lane, ticks since the broadcast, row of the message plus 1. */
  readonly arrivalLane: Uint16Array;
  readonly arrivalAfter: Int32Array;
  readonly arrivalMessage: Uint32Array;

  /** Lines that nodes logged: ticks, as deltas; lanes; lengths of the texts; UTF-8. */
  readonly outputTime: Int32Array;
  readonly outputLane: Uint16Array;
  readonly outputLength: Uint16Array;
  readonly outputText: Uint8Array;

  /** Sends and polls: row of the operation, first and last offset, 1 for a poll. */
  readonly logOperation: Uint32Array;
  readonly logFrom: Float64Array;
  readonly logTo: Float64Array;
  readonly logIsPoll: Uint8Array;
}
