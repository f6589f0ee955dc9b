/**
 * What a run's page holds: the part that the recorder writes and the page reads.
 *
 * What there is much of, operations and messages, is kept in columns of numbers; what there is
 * little of, as JSON. Both travel as one block of bytes, which holds no markup whatever a node says.
 */

/** A time in ticks of {@link RunHeader.tickNs}, or a number of them. */
export type Ticks = number;

export type Role = "node" | "service" | "client";

/** How an operation ended, by its number in the column `operationOutcome`. */
export const OUTCOMES = ["ok", "fail", "info", "open"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A line of the space-time diagram: who sends and receives. */
export interface Lane {
  readonly name: string;
  readonly role: Role;
}

/** A time during which a fault was active. */
export interface FaultSpan {
  readonly name: string;
  readonly from: Ticks;
  readonly to: Ticks;
  /** What the nemesis said of it, as JSON. */
  readonly detail: string;
}

/** One number that a test is judged by. */
export interface Gauge {
  readonly name: string;
  /** Absent where there is none: no operation, no latency. */
  readonly value?: number;
  readonly unit: string;
  /** The bound that the stage of this command sets, and on which side of it the value must be. */
  readonly target?: number;
  readonly mustBe: "at most" | "at least";
  readonly explanation: string;
}

/** Why one transaction of a cycle comes before the next. */
export interface CycleStep {
  /** Rows of operations. */
  readonly from: number;
  readonly to: number;
  /** `"ww"`, `"wr"`, `"rw"`, `"process"`, `"realtime"`. */
  readonly relation: string;
  readonly sentence: string;
}

export interface PageFinding {
  readonly anomaly: string;
  readonly sentence: string;
  /** Rows of the operations it consists of. */
  readonly operations: readonly number[];
  readonly cycle?: readonly CycleStep[];
}

/** How values of a broadcast reached the nodes; rows of the columns `arrival…`. */
export interface Spread {
  /** The nodes, as lanes. */
  readonly lanes: readonly number[];
  /** Where in messages the values were found; none if no place fits what the nodes knew. */
  readonly paths: readonly string[];
  /** Values that were broadcast, with the rows of their operations. */
  readonly values: readonly SpreadValue[];
  /** How many values there were. */
  readonly valueCount: number;
}

export interface SpreadValue {
  readonly value: number;
  /** The row of its operation. */
  readonly operation: number;
  /** Its arrivals: from this row of the columns, as many as there are. */
  readonly first: number;
  readonly count: number;
}

/** What happened to the keys of a log; rows of the columns `log…`. */
export interface LogActivity {
  readonly keys: readonly LogKey[];
  readonly keyCount: number;
}

export interface LogKey {
  readonly name: string;
  readonly first: number;
  readonly count: number;
}

/** A send or a poll, with the row of its operation, and the offsets from and to. */
export interface LogEvent {
  readonly operation: number;
  readonly from: number;
  readonly to: number;
  readonly isPoll: boolean;
}

/** What was left out to keep the page small. */
export interface Omissions {
  readonly operations: number;
  readonly messages: number;
  /** Messages whose bodies are not shown, though the messages are. */
  readonly bodies: number;
  readonly logEvents: number;
}

export interface RunHeader {
  readonly workload: string;
  readonly command: string;
  /** ISO 8601; absent if unknown. */
  readonly startedAt?: string;
  readonly seed: number;
  /** What was asked for, as names and texts. */
  readonly options: readonly (readonly [name: string, value: string])[];
  readonly valid: boolean | "unknown" | "crashed";
  readonly verdict: string;
  readonly gauges: readonly Gauge[];
  readonly findings: readonly PageFinding[];
  /** Remarks that are no findings: exceptions, lines that were no messages. */
  readonly remarks: readonly PageFinding[];
  readonly tickNs: number;
  readonly lanes: readonly Lane[];
  readonly messageTypes: readonly string[];
  readonly functions: readonly string[];
  readonly faults: readonly FaultSpan[];
  readonly omissions: Omissions;
  /** How many messages were sent when no more of them was stored; absent if all are there. */
  readonly unstoredMessageCount?: number;
  readonly spread?: Spread;
  readonly log?: LogActivity;
}

/** The columns, with what is in them. */
export interface RunColumns {
  /** Ticks, as differences from the row before; negative while the nodes start. */
  readonly messageSent: Int32Array;
  /** Ticks from sending to receipt; -1 if it never arrived. */
  readonly messageFlight: Int32Array;
  /** Lanes. */
  readonly messageSource: Uint16Array;
  readonly messageDest: Uint16Array;
  readonly messageType: Uint16Array;
  /** Row of the client's operation that it belongs to, plus 1; 0 if there is none. */
  readonly messageOperation: Uint32Array;
  /** Lengths of the bodies' texts, in UTF-16 units. */
  readonly bodyLength: Uint16Array;
  /** UTF-8. */
  readonly bodyText: Uint8Array;
  /** Messages that arrived once more: their rows, and the ticks from sending to that. */
  readonly duplicateOf: Uint32Array;
  readonly duplicateFlight: Int32Array;

  /** Ticks, as differences from the row before. */
  readonly operationInvoked: Int32Array;
  /** Ticks; -1 if it never ended. */
  readonly operationDuration: Int32Array;
  readonly operationProcess: Int32Array;
  readonly operationThread: Uint16Array;
  readonly operationFunction: Uint8Array;
  /** Lane of the node, plus 1; 0 if unknown. */
  readonly operationNode: Uint16Array;
  /** Place in {@link OUTCOMES}. */
  readonly operationOutcome: Uint8Array;
  /** Positions of its entries in the history; the second is 0 if it never ended. */
  readonly operationIndex: Uint32Array;
  readonly operationEndIndex: Uint32Array;
  /** Lengths of two texts each: the values at invocation and at completion. */
  readonly operationLength: Uint16Array;
  readonly operationText: Uint8Array;

  /** Arrivals of values at nodes: lane, ticks from the broadcast, the message (row plus 1). */
  readonly arrivalLane: Uint16Array;
  readonly arrivalAfter: Int32Array;
  readonly arrivalMessage: Uint32Array;

  /** Sends and polls of a log: the operation's row, the offsets from and to, whether it is a poll. */
  readonly logOperation: Uint32Array;
  readonly logFrom: Float64Array;
  readonly logTo: Float64Array;
  readonly logIsPoll: Uint8Array;
}
