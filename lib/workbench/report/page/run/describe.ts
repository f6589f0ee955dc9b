/** Text for operations, messages and faults. */
import { visible } from "../parts/visible-text.ts";
import type { Run } from "./run.ts";

/** Describes an operation in two lines: its client, time and outcome; its values. */
export function operationText(run: Run, row: number): string {
  const invoked = run.invoked[row] ?? 0;
  const end = run.endOf(row);
  const outcome =
    end === undefined
      ? "never completed"
      : `${run.outcomeOf(row)} after ${run.span(end - invoked)}`;
  const client = `process ${run.columns.operationProcess[row]} on ${run.nodeOf(row)}`;
  return visible(`${client} at ${run.time(invoked)} · ${outcome}\n${run.describe(row)}`);
}

/** Describes a message in two lines: its route, type, time and flight; its body. */
export function messageText(run: Run, row: number): string {
  return visible(`${messageLine(run, row)}\n${run.bodyOf(row)}`);
}

/** Describes a message without its body. */
export function messageLine(run: Run, row: number): string {
  const { messageSource, messageDest, messageFlight } = run.columns;
  const flight = messageFlight[row] ?? -1;
  const route = `${run.lane(messageSource[row] ?? 0)} → ${run.lane(messageDest[row] ?? 0)}`;
  const arrival = flight < 0 ? run.lossOf(row) : `took ${run.span(flight)}`;
  return `${route} ${run.messageTypeOf(row)} at ${run.time(run.sent[row] ?? 0)} · ${arrival}`;
}

/** Describes the faults that were active at a time; `undefined` if none was. */
export function faultText(run: Run, ticks: number): string | undefined {
  const active = run.header.faults.filter(({ from, to }) => from <= ticks && ticks <= to);
  if (active.length === 0) return undefined;
  return active
    .map(({ name, detail, from, to }) =>
      visible(`${name}: ${detail}, ${run.time(from)} to ${run.time(to)}`),
    )
    .join("\n");
}
