/** Records the operations and messages of a test, in order. */

import { shorten } from "../../../protocol/shorten.ts";
import { stringifyJson } from "../../../vortex/index.ts";
import type { Finding } from "../../checkers/checker.ts";
import type { Operation } from "../../history/history.ts";
import { isClientId } from "../../network/delivery.ts";
import type { JournalEvent } from "../../network/journal.ts";
import type { LogLine } from "../../run/log-line.ts";
import { printable, sentencesOf } from "./text.ts";

type Event =
  | { readonly kind: "operation"; readonly operation: Operation }
  | { readonly kind: "message"; readonly event: JournalEvent };

export class Trace {
  readonly events: Event[] = [];
  readonly logs: LogLine[] = [];

  addOperation(operation: Operation): void {
    this.events.push({ kind: "operation", operation });
  }

  addMessage(event: JournalEvent): void {
    this.events.push({ kind: "message", event });
  }

  addLog(line: LogLine): void {
    this.logs.push(line);
  }

  /** Returns equal fingerprints only for identical traces. */
  fingerprint(): string {
    const hash = new Bun.CryptoHasher("sha256");
    for (const event of this.events) hash.update(stringifyJson(event));
    return hash.digest("hex");
  }
}

const MAX_LINES = 300;
const MAX_BODY_LENGTH = 120;

/** Formats the last events of a trace, then the findings. */
export function describeTrace(trace: Trace, findings: readonly Finding[]): string {
  const lines = trace.events.flatMap((event) => describeEvent(event) ?? []);
  const skipped = Math.max(0, lines.length - MAX_LINES);
  const head = skipped > 0 ? [`... ${skipped} earlier lines`] : [];
  const printed = lines.slice(skipped).map(printable);
  return [...head, ...printed, "", ...sentencesOf(findings)].join("\n");
}

function describeEvent(event: Event): string | undefined {
  if (event.kind === "message") return describeMessage(event.event);
  const { time, process, type, f, value, error } = event.operation;
  const who = process === "nemesis" ? "nemesis" : `process ${process}`;
  const why = error === undefined ? "" : ` ${stringifyJson(error)}`;
  return `${seconds(time)}  ${who} ${type} ${f} ${abbreviated(value)}${why}`;
}

/** Formats a message between servers. Messages of clients are covered by their operations. */
function describeMessage({ type, time, message }: JournalEvent): string | undefined {
  const { src, dest, body } = message;
  if (isClientId(src) || isClientId(dest)) return undefined;
  const arrow = type === "send" ? "sends to" : "reaches";
  return `${seconds(time)}    ${src} ${arrow} ${dest}: ${abbreviated(body)}`;
}

function abbreviated(value: unknown): string {
  return shorten(stringifyJson(value), MAX_BODY_LENGTH);
}

function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(4).padStart(9)} s`;
}
