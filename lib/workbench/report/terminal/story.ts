/**
 * Describes how a failure came about: the events of a short trace, what matters marked with ">", and in
 * the end which messages were dropped and what reads then missed.
 */
import { shorten } from "../../../protocol/shorten.ts";
import { type Json, stringifyJson } from "../../../vortex/index.ts";
import type { Finding } from "../../checkers/checker.ts";
import { enumerate } from "../../checkers/wording.ts";
import type { Operation } from "../../history/history.ts";
import { describeFaultEntry } from "../../nemesis/describe-fault.ts";
import { isClientId } from "../../network/delivery.ts";
import { DROPS, IN_FLIGHT } from "../../network/drops.ts";
import type { JournalEvent } from "../../network/journal.ts";
import { sentencesOf } from "./findings.ts";
import { printable } from "./printable.ts";
import type { Trace, TraceEvent } from "./trace.ts";

/** Maximum number of events that are shown; those that matter least are omitted first. */
const MAX_EVENTS = 80;
const MAX_BODY_LENGTH = 120;

/** How much an event matters for the failure, the most important first. */
const RANKS = ["point", "related", "operation", "other"] as const;
type Rank = (typeof RANKS)[number];

interface Line {
  readonly rank: Rank;
  readonly text: string;
}

/** Describes a trace by its first finding, then lists all findings. */
export function describeStory({ events }: Trace, findings: readonly Finding[]): string {
  const plot = new Plot(events, findings[0]);
  const lines = events.flatMap((event) => plot.lineOf(event) ?? []);
  return [
    // Without a finding, the test crashed: what happened last matters most.
    ...selected(lines, findings.length > 0 ? lines : lines.toReversed()),
    "",
    ...plot.conclusion().map(printable),
    ...sentencesOf(findings),
  ].join("\n");
}

/**
 * Shows the lines that matter most, and counts those between them.
 *
 * @param byPreference The same lines; among those of one rank, the first are preferred.
 */
function selected(lines: readonly Line[], byPreference: readonly Line[]): string[] {
  const byRank = RANKS.flatMap((rank) => byPreference.filter((line) => line.rank === rank));
  const chosen = new Set(byRank.slice(0, MAX_EVENTS));
  const shown: string[] = [];
  let omittedCount = 0;
  const count = () => {
    if (omittedCount > 0) shown.push(`  ... ${omittedCount} other events`);
    omittedCount = 0;
  };
  for (const line of lines) {
    if (!chosen.has(line)) {
      omittedCount++;
      continue;
    }
    count();
    shown.push(printable(`${line.rank === "point" ? ">" : " "} ${line.text}`));
  }
  count();
  return shown;
}

/** Relates the events of a trace to a finding. */
class Plot {
  readonly #events: readonly TraceEvent[];
  /** History indexes of the finding's operations, both ends of each. */
  readonly #indexes: ReadonlySet<number>;
  /** The element that the finding is about, where one is added to a set. */
  readonly #element: Json | undefined;
  readonly #pattern: RegExp | undefined;
  /** Messages that were neither delivered nor dropped. */
  readonly #inFlight: ReadonlySet<number>;

  constructor(events: readonly TraceEvent[], finding: Finding | undefined) {
    this.#events = events;
    const operations = finding?.operations ?? [];
    this.#indexes = withOtherEnds(events, operations);
    this.#element = operations.find(({ f }) => f === "add" || f === "broadcast")?.value;
    const text = this.#element === undefined ? undefined : textOf(this.#element);
    this.#pattern = text === undefined ? undefined : wholeWord(text);
    this.#inFlight = inFlightOf(events);
  }

  lineOf(event: TraceEvent): Line | undefined {
    return event.kind === "message"
      ? this.#messageLine(event.event)
      : this.#operationLine(event.operation);
  }

  /** Sums up which messages were dropped, and what the finding's reads missed. */
  conclusion(): string[] {
    const drops = this.#events.flatMap((event) => {
      if (event.kind !== "message" || !isBetweenServers(event.event)) return [];
      const { event: entry } = event;
      if (this.#pattern !== undefined && !this.#carriesElement(entry)) return [];
      return entry.type === "drop" ? [entry] : [];
    });
    const what = this.#pattern === undefined ? "" : ` with value ${textOf(this.#element)}`;
    const byReason = Map.groupBy(drops, ({ reason }) => reason);
    const dropped = [...byReason].map(([reason, entries]) => {
      const routes = enumerate(
        entries,
        ({ time, message }) => `${message.src} → ${message.dest} at ${milliseconds(time)}`,
      );
      return `${DROPS[reason]}: ${entries.length === 1 ? "1 message" : `${entries.length} messages`}${what} (${routes})`;
    });
    const missing = this.#events.flatMap((event) => {
      if (event.kind !== "operation" || !this.#lacksElement(event.operation)) return [];
      const { process, f, node, time } = event.operation;
      const where = node === undefined ? "" : ` on ${node}`;
      return [`then missing from process ${process}'s ${f}${where} at ${milliseconds(time)}`];
    });
    return [...dropped, ...this.#unreached(drops.length), ...missing];
  }

  /** Names the nodes that no message with the element was sent to, if none was dropped. */
  #unreached(dropCount: number): string[] {
    if (this.#pattern === undefined || dropCount > 0) return [];
    const sent = this.#events.flatMap((event) =>
      event.kind === "message" &&
      event.event.type === "send" &&
      isBetweenServers(event.event) &&
      this.#carriesElement(event.event)
        ? [event.event.message.dest]
        : [],
    );
    const nodes = enumerate([...new Set(sent)].sort(), (node) => node);
    const value = textOf(this.#element);
    return [
      sent.length === 0
        ? `no node sent value ${value} to another`
        : `no message with value ${value} was dropped; it was sent to ${nodes} only`,
    ];
  }

  #operationLine(operation: Operation): Line {
    const { index, time, process, type, f, value, node, error } = operation;
    if (process === "nemesis") {
      const detail = describeFaultEntry(operation);
      const text = `${column(time)}  nemesis ${f}${detail === "" ? "" : `: ${detail}`}`;
      return { rank: "related", text };
    }
    const where = node === undefined ? "" : ` on ${node}`;
    const why = error === undefined ? "" : ` ${textOf(error)}`;
    const missing = this.#lacksElement(operation) ? `, without ${textOf(this.#element)}` : "";
    const text = `${column(time)}  process ${process} ${type} ${f}${value === null ? "" : ` ${abbreviated(value)}`}${where}${why}${missing}`;
    return { rank: this.#indexes.has(index) ? "point" : "operation", text };
  }

  /** Describes a message between servers. Operations cover the messages of clients. */
  #messageLine(event: JournalEvent): Line | undefined {
    if (!isBetweenServers(event)) return undefined;
    const { time, message } = event;
    const { src, dest, body } = message;
    const isLost = event.type === "send" && this.#inFlight.has(message.id);
    const what = {
      send: `${src} sends to ${dest}`,
      recv: `${src} reaches ${dest}`,
      drop: `${src} → ${dest} ${event.type === "drop" ? DROPS[event.reason] : ""}`,
    }[event.type];
    const text = `${column(time)}    ${what}: ${abbreviated(body)}${isLost ? ` (${IN_FLIGHT})` : ""}`;
    const isDrop = event.type === "drop" || isLost;
    const isRelated = this.#pattern === undefined ? isDrop : this.#carriesElement(event);
    return { rank: isRelated ? (isDrop ? "point" : "related") : "other", text };
  }

  #carriesElement({ message: { body } }: JournalEvent): boolean {
    const { type: _, msg_id: __, in_reply_to: ___, ...content } = body;
    return this.#pattern?.test(textOf(content)) === true;
  }

  /** Whether a read of the finding returned without the element. */
  #lacksElement({ index, type, f, value }: Operation): boolean {
    if (this.#pattern === undefined || type !== "ok" || f !== "read") return false;
    return this.#indexes.has(index) && !this.#pattern.test(textOf(value));
  }
}

function isBetweenServers({ message: { src, dest } }: JournalEvent): boolean {
  return !isClientId(src) && !isClientId(dest);
}

/** Findings name one end of an operation, or both. */
function withOtherEnds(
  events: readonly TraceEvent[],
  named: readonly Operation[],
): ReadonlySet<number> {
  const indexes = new Set(named.map(({ index }) => index));
  const open = new Map<unknown, number>();
  for (const event of events) {
    if (event.kind === "message") continue;
    const { index, process, type } = event.operation;
    if (type === "invoke") {
      open.set(process, index);
      continue;
    }
    const invocation = open.get(process);
    if (invocation === undefined) continue;
    open.delete(process);
    if (!indexes.has(index) && !indexes.has(invocation)) continue;
    indexes.add(index);
    indexes.add(invocation);
  }
  return indexes;
}

function inFlightOf(events: readonly TraceEvent[]): ReadonlySet<number> {
  const inFlight = new Set<number>();
  for (const event of events) {
    if (event.kind === "operation") continue;
    const { type, message } = event.event;
    if (type === "send") inFlight.add(message.id);
    else inFlight.delete(message.id);
  }
  return inFlight;
}

/** Matches a value in JSON as a whole: 1 does not match 12, nor 0.1. */
function wholeWord(text: string): RegExp {
  return new RegExp(`(?<![\\w.-])${text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?![\\w.])`);
}

function abbreviated(value: unknown): string {
  return shorten(textOf(value), MAX_BODY_LENGTH);
}

function textOf(value: unknown): string {
  try {
    return stringifyJson(value);
  } catch {
    return "(nested too deeply to show)";
  }
}

function milliseconds(ns: number): string {
  return `${(ns / 1e6).toFixed(2)} ms`;
}

/** A time as the first column of a line. */
function column(ns: number): string {
  return milliseconds(ns).padStart("100000.00 ms".length);
}
