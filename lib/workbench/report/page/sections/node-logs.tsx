/** The lines that nodes logged during the diagrams' visible time. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Viewport } from "../diagram/viewport.ts";
import { Choice, LinkButton } from "../parts/controls.tsx";
import { Table } from "../parts/table.tsx";
import { visibleLine } from "../parts/visible-text.ts";
import { filterLines } from "../run/log-lines.ts";
import type { Run } from "../run/run.ts";

interface NodeLogsProps {
  readonly run: Run;
  readonly viewport: Viewport;
}

/** Number of lines that are listed. */
const MAX_LISTED = 300;

export function NodeLogs({ run, viewport }: NodeLogsProps) {
  if (run.logged.length === 0) return null;
  return <LogLines run={run} viewport={viewport} />;
}

function LogLines({ run, viewport }: NodeLogsProps) {
  const [node, setNode] = useState("");
  const [text, setText] = useState("");
  const { from, to } = useVisibleTime(viewport);
  const rows = useMemo(
    () => filterLines(run, { node, text, from, to }),
    [run, node, text, from, to],
  );
  const nodes = run.header.lanes.flatMap(({ name, role }) => (role === "node" ? [name] : []));
  const { logLines: omittedCount } = run.header.omissions;
  const all = run.logged.length.toLocaleString("en");
  return (
    <section aria-labelledby="node-logs">
      <h2 id="node-logs">Node logs</h2>
      <p class="hint" aria-live="polite">
        {rows.length.toLocaleString("en")} of {all} lines: what the nodes printed to stderr during
        the diagrams' visible time. Select a time to show the messages around it.
        {omittedCount > 0 ? ` ${omittedCount.toLocaleString("en")} later lines are omitted.` : ""}
      </p>
      <form class="filter" onSubmit={(event) => event.preventDefault()}>
        <Choice label="Node" value={node} choices={nodes} onChoose={setNode} />
        <label>
          Text{" "}
          <input
            type="search"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value.trim())}
          />
        </label>
      </form>
      <div class="log-lines">
        <Table columns={["time", "node", "line"]} more={rows.length - MAX_LISTED}>
          {rows.slice(0, MAX_LISTED).map((row) => (
            <tr key={row}>
              <td class="number">
                <LinkButton onClick={() => showAround(run, viewport, row)}>
                  {run.time(run.logged[row] ?? 0)}
                </LinkButton>
              </td>
              <td>{visibleLine(run.lane(run.columns.outputLane[row] ?? 0))}</td>
              <td class="code">{visibleLine(run.lineOf(row))}</td>
            </tr>
          ))}
        </Table>
      </div>
    </section>
  );
}

/** Time shown on each side of a line, in ms. */
const AROUND_MS = 100;

function showAround(run: Run, viewport: Viewport, row: number): void {
  const time = run.logged[row] ?? 0;
  const around = AROUND_MS / run.tickMs;
  viewport.show(time - around, time + around);
  document.getElementById("messages")?.scrollIntoView();
}

/** Pause after the last move of the diagrams, in ms: a list is too slow to follow each frame. */
const PAUSE_MS = 120;

function useVisibleTime(viewport: Viewport): { readonly from: number; readonly to: number } {
  const [time, setTime] = useState({ from: viewport.from, to: viewport.to });
  useEffect(() => {
    let timer = 0;
    const update = () => setTime({ from: viewport.from, to: viewport.to });
    const unsubscribe = viewport.subscribe(() => {
      window.clearTimeout(timer);
      timer = window.setTimeout(update, PAUSE_MS);
    });
    return () => {
      unsubscribe();
      window.clearTimeout(timer);
    };
  }, [viewport]);
  return time;
}
