/** Writes histories of the kafka workload by hand. */
import type { Json } from "../../../lib/vortex/index.ts";
import type { Operation, OperationType } from "../../../lib/workbench/history/history.ts";

type Event = Omit<Operation, "index" | "time">;

/** An operation from its invocation to its completion. */
export type Written = readonly [invocation: Event, completion: Event];

function write(
  process: number,
  f: string,
  type: OperationType,
  asked: Json,
  answer: Json,
): Written {
  return [
    { process, f, type: "invoke", value: asked },
    { process, f, type, value: answer },
  ];
}

/** A send that was acknowledged with an offset, or one that ended otherwise, without. */
export function send(
  process: number,
  key: string,
  message: Json,
  end: number | "fail" | "info",
): Written {
  const asked = [["send", key, message]];
  if (typeof end === "string") return write(process, "send", end, asked, asked);
  return write(process, "send", "ok", asked, [["send", key, [end, message]]]);
}

/** A poll and what it returned. */
export function poll(
  process: number,
  returned: { readonly [key: string]: readonly (readonly [offset: number, message: Json])[] },
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

/** The operations one after another, a millisecond between all events. */
export function sequence(...operations: readonly Written[]): Operation[] {
  return events(operations.flat());
}

/** The events in the order given, a millisecond between them. */
export function events(inOrder: readonly Event[]): Operation[] {
  return inOrder.map((event, index) => ({ index, time: index * 1e6, ...event }));
}
