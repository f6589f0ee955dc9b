/** The reader's selection, and what it highlights. */
import { causesOf } from "./causality.ts";
import type { Run } from "./run.ts";

export type Selection =
  | { readonly kind: "operation"; readonly row: number }
  | { readonly kind: "message"; readonly row: number }
  | { readonly kind: "finding"; readonly list: "findings" | "remarks"; readonly index: number };

/** Returns the first finding of a reduced test, which exists to show it. */
export function firstSelection({ header }: Run): Selection | undefined {
  const isFocused = header.shrunkFrom !== undefined && header.findings.length > 0;
  return isFocused ? { kind: "finding", list: "findings", index: 0 } : undefined;
}

/** Rows that are highlighted, while the rest is dimmed. */
export interface Highlight {
  readonly messages: ReadonlySet<number>;
  readonly operations: ReadonlySet<number>;
}

/** Returns the rows of the selected operations. */
export function operationsOf(run: Run, selection: Selection): readonly number[] {
  switch (selection.kind) {
    case "operation":
      return [selection.row];
    case "message": {
      const operation = (run.columns.messageOperation[selection.row] ?? 0) - 1;
      return operation < 0 ? [] : [operation];
    }
    case "finding":
      return run.header[selection.list][selection.index]?.operations ?? [];
    default:
      throw new Error("Unexpected selection", { cause: selection satisfies never });
  }
}

/** Returns the rows of the highlighted messages, in the order of sending. */
export function messagesOf(run: Run, selection: Selection): readonly number[] {
  if (selection.kind === "message") return [selection.row];
  const rows = new Set(operationsOf(run, selection).flatMap((row) => causesOf(run, row)));
  return [...rows].sort((one, other) => one - other);
}

export function highlightOf(
  run: Run,
  selection: Selection,
  messages: readonly number[],
): Highlight {
  return { messages: new Set(messages), operations: new Set(operationsOf(run, selection)) };
}

/** A wait that takes this fraction of the selected events' time splits them. */
const LONG_WAIT = 0.8;

/**
 * Returns the times of the first and the last selected event, in ticks; without what follows a long
 * wait, such as final reads after a recovery, beside which the rest would not be visible.
 */
export function focusOf(
  run: Run,
  selection: Selection,
  messages: readonly number[],
): readonly [number, number] {
  const [from, to] = extentOf(run, selection, messages);
  const times = [
    ...operationsOf(run, selection).map((row) => run.invoked[row] ?? from),
    ...messages.map((row) => run.sent[row] ?? from),
  ].sort((one, other) => one - other);
  const after = times.findIndex((time, index) => {
    const before = times[index - 1] ?? time;
    return time - before > LONG_WAIT * (to - from);
  });
  return after < 1 ? [from, to] : [from, times[after - 1] ?? to];
}

/** Returns the times of the first and the last selected event, in ticks. */
export function extentOf(
  run: Run,
  selection: Selection,
  messages: readonly number[],
): readonly [number, number] {
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of operationsOf(run, selection)) {
    from = Math.min(from, run.invoked[row] ?? from);
    to = Math.max(to, run.endOf(row) ?? run.invoked[row] ?? to);
  }
  for (const row of messages) {
    const sent = run.sent[row] ?? 0;
    from = Math.min(from, sent);
    to = Math.max(to, sent + Math.max(0, run.columns.messageFlight[row] ?? 0));
  }
  return from <= to ? [from, to] : [run.begin, run.end];
}
