/** The sends and polls of a log, by key. */
import { useState } from "preact/hooks";
import type { LogActivity } from "../../recorder/run-data.ts";
import { LogGraph } from "../graphs/log-graph.tsx";
import type { Colors } from "../parts/colors.ts";
import { LinkButton } from "../parts/controls.tsx";
import { Table } from "../parts/table.tsx";
import { visible } from "../parts/visible-text.ts";
import { type CompletedLogEvent, logEventsOf } from "../run/log-events.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";

interface SectionProps {
  readonly run: Run;
  readonly colors: Colors;
  readonly onSelect: (selection: Selection) => void;
}

/** Number of sends and polls of a key that are drawn. */
const MAX_DRAWN = 4_000;
/** Number of offsets that are listed. */
const MAX_LISTED = 200;

export function LogSection(props: SectionProps) {
  const { log } = props.run.header;
  if (log === undefined || log.keys.length === 0) return null;
  return <LogView {...props} log={log} />;
}

function LogView({ run, log, colors, onSelect }: SectionProps & { readonly log: LogActivity }) {
  const [name, setName] = useState(log.keys[0]?.name ?? "");
  const key = log.keys.find((candidate) => candidate.name === name);
  const events = key === undefined ? [] : logEventsOf(run, key);
  const { logEvents: omittedCount } = run.header.omissions;
  return (
    <section aria-labelledby="log">
      <h2 id="log">Log offsets</h2>
      <p class="hint">
        A dot is an acknowledged send, at its offset. A bar is a poll, across the offsets that it
        returned. Colours show nodes.
        {omittedCount > 0 ? ` ${omittedCount} later sends and polls are omitted.` : ""}
        {events.length > MAX_DRAWN ? ` Drawing the first ${MAX_DRAWN} of ${events.length}.` : ""}
      </p>
      <div class="filter">
        <label>
          Key{" "}
          <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {log.keys.map((candidate) => (
              <option key={candidate.name} value={candidate.name}>
                {visible(candidate.name)} ({candidate.count} sends and polls)
              </option>
            ))}
          </select>
        </label>
      </div>
      <LogGraph run={run} events={events.slice(0, MAX_DRAWN)} colors={colors} onSelect={onSelect} />
      <OffsetTable run={run} events={events} onSelect={onSelect} />
    </section>
  );
}

interface OffsetTableProps {
  readonly run: Run;
  readonly events: readonly CompletedLogEvent[];
  readonly onSelect: (selection: Selection) => void;
}

function OffsetTable({ run, events, onSelect }: OffsetTableProps) {
  const sends = events.filter(({ isPoll }) => !isPoll).sort((one, other) => one.from - other.from);
  const polls = events.filter(({ isPoll }) => isPoll);
  return (
    <details>
      <summary>Sends and polls by offset</summary>
      <Table
        columns={["offset", "sent by", "acknowledged", "first polled", "polled by processes"]}
        more={sends.length - MAX_LISTED}
      >
        {sends.slice(0, MAX_LISTED).map((send) => {
          const covering = polls.filter(({ from, to }) => from <= send.from && send.from <= to);
          const [first] = covering;
          const processes = new Set(
            covering.map(({ operation }) => run.columns.operationProcess[operation]),
          );
          return (
            <tr key={`${send.from} ${send.operation}`}>
              <td class="number">{send.from}</td>
              <td>
                <LinkButton onClick={() => onSelect({ kind: "operation", row: send.operation })}>
                  process {run.columns.operationProcess[send.operation]} on{" "}
                  {visible(run.nodeOf(send.operation))}
                </LinkButton>
              </td>
              <td class="number">{run.time(send.at)}</td>
              <td class="number">{first === undefined ? "never" : run.time(first.at)}</td>
              <td>{[...processes].slice(0, 12).join(", ")}</td>
            </tr>
          );
        })}
      </Table>
    </details>
  );
}
