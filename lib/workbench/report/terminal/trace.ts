/** Records the operations and messages of a test, in order. */
import type { Operation } from "../../history/history.ts";
import type { JournalEvent } from "../../network/journal.ts";
import type { LogLine } from "../../run/log-line.ts";

export type TraceEvent =
  | { readonly kind: "operation"; readonly operation: Operation }
  | { readonly kind: "message"; readonly event: JournalEvent };

export class Trace {
  readonly events: TraceEvent[] = [];
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
}

/** Compares a second run with a trace, event by event: nothing of it is stored or printed. */
export class TraceComparison {
  readonly #events: readonly TraceEvent[];
  #count = 0;
  #isEqual = true;

  constructor({ events }: Trace) {
    this.#events = events;
  }

  addOperation(operation: Operation): void {
    this.#compare(operation, (event) => event.kind === "operation" && event.operation);
  }

  addMessage(message: JournalEvent): void {
    this.#compare(message, (event) => event.kind === "message" && event.event);
  }

  /** Whether the runs are the same, to the byte of their JSON. Only at the end of the second. */
  get isSame(): boolean {
    return this.#isEqual && this.#count === this.#events.length;
  }

  #compare(seen: unknown, expected: (event: TraceEvent) => unknown): void {
    const event = this.#events[this.#count++];
    this.#isEqual &&= event !== undefined && isIdentical(seen, expected(event));
  }
}

/** Whether two values of JSON are equal, with their keys in the same order. */
function isIdentical(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return false;
  }
  if (Array.isArray(one)) return Array.isArray(other) && areIdentical(one, other);
  if (Array.isArray(other)) return false;
  const [keys, otherKeys] = [Object.keys(one), Object.keys(other)];
  if (keys.length !== otherKeys.length) return false;
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as keyof typeof one;
    if (key !== otherKeys[index] || !isIdentical(one[key], other[key])) return false;
  }
  return true;
}

function areIdentical(some: readonly unknown[], others: readonly unknown[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index++) {
    if (!isIdentical(some[index], others[index])) return false;
  }
  return true;
}
