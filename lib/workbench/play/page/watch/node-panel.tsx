/** The selected node or service: its log until the moment that is shown, and what can be done to it. */
import type { ComponentChildren } from "preact";
import { visible, visibleLine } from "../../../report/page/parts/visible-text.ts";
import { lowerBound, type Run } from "../../../report/page/run/run.ts";

interface NodeProps {
  readonly run: Run;
  readonly node: string;
  /** Ticks. */
  readonly time: number;
  readonly children?: ComponentChildren;
}

/** Number of lines that are listed: the last ones. */
const MAX_LINES = 30;

export function NodePanel({ run, node, time, children }: NodeProps) {
  const rows = lastLines(run, node, time);
  return (
    <section class="panel" tabIndex={-1} aria-label={`Selected: ${visible(node)}`}>
      <h3>{visible(node)}</h3>
      {children}
      <h4>Log</h4>
      {rows.length === 0 ? (
        <p class="hint">It has logged nothing so far.</p>
      ) : (
        <ol class="log">
          {rows.map((row) => (
            <li key={row}>
              <span class="number">{run.time(run.logged[row] ?? 0)}</span>{" "}
              <code>{visibleLine(run.lineOf(row))}</code>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

/** Rows of the last lines that a node has logged until a time. */
export function lastLines(run: Run, node: string, time: number): readonly number[] {
  const lane = run.header.lanes.findIndex(({ name }) => name === node);
  const rows: number[] = [];
  let row = lowerBound(run.logged, Math.floor(time) + 1) - 1;
  for (; row >= 0 && rows.length < MAX_LINES; row--) {
    if (run.columns.outputLane[row] === lane) rows.push(row);
  }
  return rows.reverse();
}
