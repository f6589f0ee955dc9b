/** Columns of a log's sends and polls, by key and offset. */
import { isObject } from "../../../../protocol/message.ts";
import { isRawNumber } from "../../../../vortex/index.ts";
import type { LogActivity, LogEvent, LogKey, RunColumns } from "../run-data.ts";
import { TypedColumn } from "./typed-columns.ts";

/** Maximum number of sends and polls over all keys. */
const MAX_EVENTS = 200_000;
const MAX_KEYS = 500;

export class LogColumns {
  readonly #keys = new Map<string, LogEvent[]>();
  #eventCount = 0;
  #omittedCount = 0;

  get omittedCount(): number {
    return this.#omittedCount;
  }

  /** Adds the completed value of an ok operation of the kafka workload. */
  add(value: unknown, operation: number): void {
    if (!Array.isArray(value)) return;
    for (const step of value) {
      if (!Array.isArray(step)) continue;
      const [name, ...rest] = step;
      if (name === "send") this.#addSend(rest, operation);
      if (name === "poll") this.#addPoll(rest[0], operation);
    }
  }

  result(): {
    readonly log: LogActivity;
    readonly columns: Pick<RunColumns, "logOperation" | "logFrom" | "logTo" | "logIsPoll">;
  } {
    const operation = new TypedColumn(Uint32Array);
    const from = new TypedColumn(Float64Array);
    const to = new TypedColumn(Float64Array);
    const isPoll = new TypedColumn(Uint8Array);
    const keys: LogKey[] = [];
    for (const [name, events] of this.#keys) {
      keys.push({ name, first: operation.length, count: events.length });
      for (const event of events) {
        operation.push(event.operation);
        from.push(event.from);
        to.push(event.to);
        isPoll.push(event.isPoll ? 1 : 0);
      }
    }
    return {
      log: { keys, keyCount: this.#keys.size },
      columns: {
        logOperation: operation.column(),
        logFrom: from.column(),
        logTo: to.column(),
        logIsPoll: isPoll.column(),
      },
    };
  }

  #addSend([key, sent]: readonly unknown[], operation: number): void {
    const offset = Array.isArray(sent) ? numberOf(sent[0]) : undefined;
    if (offset === undefined) return;
    this.#add(String(key), { operation, from: offset, to: offset, isPoll: false });
  }

  #addPoll(messages: unknown, operation: number): void {
    if (!isObject(messages)) return;
    for (const [key, pairs] of Object.entries(messages)) {
      const offsets = Array.isArray(pairs)
        ? pairs.flatMap((pair) => numberOf(Array.isArray(pair) ? pair[0] : undefined) ?? [])
        : [];
      const [first] = offsets;
      if (first === undefined) continue;
      this.#add(key, { operation, from: first, to: offsets.at(-1) ?? first, isPoll: true });
    }
  }

  #add(key: string, event: LogEvent): void {
    const events = this.#keys.get(key);
    const hasRoom =
      this.#eventCount < MAX_EVENTS && (events !== undefined || this.#keys.size < MAX_KEYS);
    if (!hasRoom) {
      this.#omittedCount++;
      return;
    }
    this.#eventCount++;
    if (events === undefined) this.#keys.set(key, [event]);
    else events.push(event);
  }
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  return isRawNumber(value) ? Number(value.rawJSON) : undefined;
}
