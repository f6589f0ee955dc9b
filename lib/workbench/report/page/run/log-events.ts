/** Sends and polls of a log's key. */
import type { LogEvent, LogKey } from "../../recorder/run-data.ts";
import type { Run } from "./run.ts";

export interface CompletedLogEvent extends LogEvent {
  /** Time of completion, in ticks. */
  readonly at: number;
}

export function logEventsOf(run: Run, { first, count }: LogKey): CompletedLogEvent[] {
  const { logOperation, logFrom, logTo, logIsPoll } = run.columns;
  return Array.from({ length: count }, (_, index) => {
    const operation = logOperation[first + index] ?? 0;
    return {
      operation,
      from: logFrom[first + index] ?? 0,
      to: logTo[first + index] ?? 0,
      isPoll: logIsPoll[first + index] === 1,
      at: run.endOf(operation) ?? 0,
    };
  });
}
