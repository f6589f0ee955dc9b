/** The run that a page shows: columns, and queries on them. Does not depend on the DOM. */
import { decodeBlock, fromDeltas } from "../../recorder/columns/columnar-codec.ts";
import {
  LOSSES,
  OUTCOMES,
  type Outcome,
  type RunColumns,
  type RunHeader,
} from "../../recorder/run-data.ts";

/** Texts of all rows, concatenated. */
interface Texts {
  readonly text: string;
  /** Start of each row's text, and the total length. */
  readonly starts: Uint32Array;
}

export class Run {
  readonly header: RunHeader;
  readonly columns: RunColumns;
  /** Times of sends and invocations, in ticks. */
  readonly sent: Int32Array;
  readonly invoked: Int32Array;
  /** Times of the lines that nodes logged, in ticks. */
  readonly logged: Int32Array;
  /** Longest time that a message was in flight, in ticks. */
  readonly longestFlight: number;
  /** Longest operation, in ticks; an open operation lasts until the end of the run. */
  readonly longestOperation: number;
  /** Times of the first and the last event, in ticks. */
  readonly begin: number;
  readonly end: number;
  /** Rows of messages that never arrived. */
  readonly lost: Uint32Array;
  /** Milliseconds per tick. */
  readonly tickMs: number;
  #bodies: Texts | undefined;
  #values: Texts | undefined;
  #lines: Texts | undefined;
  #messagesOf: ReadonlyMap<number, readonly number[]> | undefined;

  constructor(block: Uint8Array<ArrayBuffer>) {
    const { header, columns } = decodeBlock(block);
    // Not validated: the recorder of the same version wrote both.
    this.header = header as RunHeader;
    this.columns = columns as unknown as RunColumns;
    this.sent = fromDeltas(this.columns.messageSent);
    this.invoked = fromDeltas(this.columns.operationInvoked);
    this.logged = fromDeltas(this.columns.outputTime);
    this.tickMs = this.header.tickNs / 1e6;
    const { messageFlight, operationDuration } = this.columns;
    let [longest, lostCount] = [0, 0];
    let [begin, end] = [0, 1];
    for (let row = 0; row < messageFlight.length; row++) {
      const flight = messageFlight[row] ?? 0;
      const sent = this.sent[row] ?? 0;
      if (flight < 0) lostCount++;
      if (flight > longest) longest = flight;
      if (sent < begin) begin = sent;
      if (sent + flight > end) end = sent + flight;
    }
    for (let row = 0; row < operationDuration.length; row++) {
      end = Math.max(end, (this.invoked[row] ?? 0) + Math.max(0, operationDuration[row] ?? 0));
    }
    begin = Math.min(begin, this.logged[0] ?? begin);
    end = Math.max(end, this.logged.at(-1) ?? end);
    this.longestFlight = longest;
    this.begin = begin;
    this.end = end;
    this.longestOperation = operationDuration.reduce(
      (most, duration, row) =>
        Math.max(most, duration < 0 ? end - (this.invoked[row] ?? 0) : duration),
      0,
    );
    this.lost = new Uint32Array(lostCount);
    let next = 0;
    for (let row = 0; row < messageFlight.length; row++) {
      if ((messageFlight[row] ?? 0) < 0) this.lost[next++] = row;
    }
  }

  get messageCount(): number {
    return this.sent.length;
  }

  get operationCount(): number {
    return this.invoked.length;
  }

  /** Formats a time: `"4.210 s"`. */
  time(ticks: number): string {
    // Rounds first: toFixed() alone formats a slightly negative time as "-0.000".
    return `${(Math.round(ticks * this.tickMs) / 1000).toFixed(3)} s`;
  }

  /** Formats a duration: `"3.2 ms"`. */
  span(ticks: number): string {
    return milliseconds(ticks * this.tickMs);
  }

  lane(number: number): string {
    return this.header.lanes[number]?.name ?? "?";
  }

  bodyOf(row: number): string {
    return textAt(this.bodies, row);
  }

  messageTypeOf(row: number): string {
    return this.header.messageTypes[this.columns.messageType[row] ?? 0] ?? "?";
  }

  functionOf(row: number): string {
    // A user's workload may give an operation an empty name.
    return (this.header.functions[this.columns.operationFunction[row] ?? 0] ?? "?") || '""';
  }

  outcomeOf(row: number): Outcome {
    return OUTCOMES[this.columns.operationOutcome[row] ?? 3] ?? "open";
  }

  nodeOf(row: number): string {
    const lane = this.columns.operationNode[row] ?? 0;
    return lane === 0 ? "" : this.lane(lane - 1);
  }

  /** Why a message that never arrived was lost. */
  lossOf(row: number): string {
    const number = this.columns.messageDrop[row] ?? 0;
    // Its arrival may be among the entries that were not stored.
    const isUnknown = number === 0 && this.header.unstoredMessageCount !== undefined;
    return isUnknown ? "no record of its arrival" : (LOSSES[number] ?? "lost");
  }

  /** Time of an operation's completion, in ticks; `undefined` if it never did. */
  endOf(row: number): number | undefined {
    const duration = this.columns.operationDuration[row] ?? -1;
    return duration < 0 ? undefined : (this.invoked[row] ?? 0) + duration;
  }

  /** An operation's values at its invocation and at its completion, as JSON. */
  valuesOf(row: number): { readonly invocation: string; readonly completion: string } {
    this.#values ??= texts(this.columns.operationText, this.columns.operationLength);
    return {
      invocation: textAt(this.#values, 2 * row),
      completion: textAt(this.#values, 2 * row + 1),
    };
  }

  /** Formats an operation's function and values. */
  describe(row: number): string {
    const { invocation, completion } = this.valuesOf(row);
    const outcome = this.outcomeOf(row);
    const isKnown = completion === "" || (completion === invocation && outcome === "ok");
    const result = isKnown ? "" : `→ ${completion}`;
    return [this.functionOf(row), invocation, result].filter((part) => part !== "").join(" ");
  }

  /** A line that a node logged. */
  lineOf(row: number): string {
    this.#lines ??= texts(this.columns.outputText, this.columns.outputLength);
    return textAt(this.#lines, row);
  }

  get bodies(): Texts {
    this.#bodies ??= texts(this.columns.bodyText, this.columns.bodyLength);
    return this.#bodies;
  }

  /** Rows of an operation's messages to and from its client. */
  messagesOf(operation: number): readonly number[] {
    this.#messagesOf ??= this.#groupMessages();
    return this.#messagesOf.get(operation) ?? [];
  }

  #groupMessages(): ReadonlyMap<number, readonly number[]> {
    const groups = new Map<number, number[]>();
    const { messageOperation } = this.columns;
    for (let row = 0; row < messageOperation.length; row++) {
      const operation = (messageOperation[row] ?? 0) - 1;
      if (operation < 0) continue;
      const group = groups.get(operation);
      if (group === undefined) groups.set(operation, [row]);
      else group.push(row);
    }
    return groups;
  }
}

/** Formats a duration with three digits or so: `"0.250 ms"`, `"3.2 ms"`, `"12.5 s"`. */
export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  if (ms >= 1) return `${ms.toFixed(1)} ms`;
  return `${ms.toFixed(3)} ms`;
}

/** Returns the index of the first of ascending values that is not below the given value. */
export function lowerBound(values: Int32Array | Uint32Array, value: number): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function texts(bytes: Uint8Array, lengths: Uint16Array): Texts {
  const starts = new Uint32Array(lengths.length + 1);
  let start = 0;
  for (let row = 0; row < lengths.length; row++) {
    starts[row] = start;
    start += lengths[row] ?? 0;
  }
  starts[lengths.length] = start;
  return { text: new TextDecoder().decode(bytes), starts };
}

function textAt({ text, starts }: Texts, row: number): string {
  return text.slice(starts[row] ?? 0, starts[row + 1] ?? 0);
}
