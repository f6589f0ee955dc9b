/** Lines that nodes logged. */
import { lowerBound, type Run } from "./run.ts";

export interface LineFilter {
  /** A node's name; `""` for all. */
  readonly node: string;
  /** Text in the line, in any case. */
  readonly text: string;
  /** Time range in ticks, both ends included. */
  readonly from: number;
  readonly to: number;
}

/** Returns the rows of the lines that match, in the order of time. */
export function filterLines(run: Run, { node, text, from, to }: LineFilter): number[] {
  const lane = run.header.lanes.findIndex(({ name }) => name === node);
  const wanted = text.toLowerCase();
  const rows: number[] = [];
  const last = lowerBound(run.logged, Math.floor(to) + 1);
  for (let row = lowerBound(run.logged, Math.ceil(from)); row < last; row++) {
    if (node !== "" && run.columns.outputLane[row] !== lane) continue;
    if (wanted !== "" && !run.lineOf(row).toLowerCase().includes(wanted)) continue;
    rows.push(row);
  }
  return rows;
}

/** Returns the lines that the senders and receivers of messages logged from the first to the last one. */
export function linesBeside(run: Run, messages: readonly number[]): number[] {
  const { messageSource, messageDest, messageFlight, outputLane } = run.columns;
  const lanes = new Set<number>();
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of messages) {
    const sent = run.sent[row] ?? 0;
    from = Math.min(from, sent);
    to = Math.max(to, sent + Math.max(0, messageFlight[row] ?? 0));
    lanes.add(messageSource[row] ?? 0);
    lanes.add(messageDest[row] ?? 0);
  }
  return filterLines(run, { node: "", text: "", from, to }).filter((row) =>
    lanes.has(outputLane[row] ?? 0),
  );
}
