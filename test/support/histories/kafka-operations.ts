/** Builders for handwritten histories of the kafka workload. */
import type { Json } from "../../../lib/vortex/index.ts";
import type { Operation, OperationType } from "../../../lib/workbench/history/history.ts";

type Event = Omit<Operation, "index" | "time">;

/** An operation's invocation and completion. */
export type Written = readonly [invocation: Event, completion: Event];

function write(
  process: number,
  f: string,
  type: OperationType,
  invoked: Json,
  completed: Json,
): Written {
  return [
    { process, f, type: "invoke", value: invoked },
    { process, f, type, value: completed },
  ];
}

/** A send: `end` is the offset of an acknowledged one, or how it ended otherwise. */
export function send(
  process: number,
  key: string,
  message: Json,
  end: number | "fail" | "info",
): Written {
  const invoked = [["send", key, message]];
  if (typeof end === "string") return write(process, "send", end, invoked, invoked);
  return write(process, "send", "ok", invoked, [["send", key, [end, message]]]);
}

/** A poll and the messages it returned. `null` is an empty list. */
export function poll(
  process: number,
  returned: {
    readonly [key: string]: readonly (readonly [offset: number, message: Json])[] | null;
  },
  type: OperationType = "ok",
): Written {
  return write(process, "poll", type, [["poll"]], [["poll", returned]]);
}

export function assign(
  process: number,
  keys: readonly string[],
  type: OperationType = "ok",
): Written {
  return write(process, "assign", type, keys, keys);
}

/** The operations one after another, 1 ms between events. */
export function sequence(...operations: readonly Written[]): Operation[] {
  return events(operations.flat());
}

/** The events in the given order, 1 ms apart. */
export function events(inOrder: readonly Event[]): Operation[] {
  return inOrder.map((event, index) => ({ index, time: index * 1e6, ...event }));
}
