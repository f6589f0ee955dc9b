/** Builders for short handwritten histories. */
import type { Json } from "../../../lib/vortex/index.ts";
import type { History, Operation, Process } from "../../../lib/workbench/history/history.ts";

/** An operation without the fields that `history` fills in. */
export type Entry = Pick<Operation, "type" | "process"> &
  Partial<Omit<Operation, "index" | "type" | "process">>;

export function invoke(process: number, f: string, value: Json = null): Entry {
  return { type: "invoke", process, f, value };
}

/** Completes the process's operation. The value defaults to the invocation's. */
export function ok(process: number, value?: Json): Entry {
  return { type: "ok", process, ...(value !== undefined && { value }) };
}

export function fail(process: number, error: Json = ["abort", null]): Entry {
  return { type: "fail", process, error };
}

export function info(process: number, error: Json = "net-timeout"): Entry {
  return { type: "info", process, error };
}

/** An invocation and its completion, with nothing in between. */
export function whole(process: number, f: string, invoked: Json, completed?: Json): Entry[] {
  return [invoke(process, f, invoked), ok(process, completed)];
}

/** Sets an entry's time, in milliseconds. */
export function at(milliseconds: number, entry: Entry): Entry {
  return { ...entry, time: milliseconds * 1e6 };
}

/** Flags entries as final reads. */
export function final(...entries: readonly Entry[]): Entry[] {
  return entries.map((entry) => ({ ...entry, final: true }));
}

/** Makes a history of the entries. An entry without a time comes 1 ms after the one before it. */
export function history(...entries: readonly (Entry | readonly Entry[])[]): History {
  const operations: Operation[] = [];
  const open = new Map<Process, Operation>();
  let time = 0;
  for (const entry of entries.flat()) {
    time = entry.time ?? time + 1e6;
    const invocation = open.get(entry.process);
    const { f = invocation?.f ?? "", value = invocation?.value ?? null } = entry;
    const operation = { ...entry, f, value, time, index: operations.length };
    operations.push(operation);
    if (entry.type === "invoke") open.set(entry.process, operation);
  }
  return operations;
}
