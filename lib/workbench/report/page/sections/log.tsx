/** A log's key: its offsets, against who sent there and who polled. */
import { useState } from "preact/hooks";
import type { LogActivity, LogEvent, LogKey } from "../../recorder/run-data.ts";
import { niceStep } from "../diagram/geometry.ts";
import type { Colors } from "../parts/colors.ts";
import { Link, Table } from "../parts/parts.tsx";
import { visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";

interface LogProps {
  readonly run: Run;
  readonly log: LogActivity;
  readonly colors: Colors;
  readonly onSelect: (selection: Selection) => void;
}

interface ShownEvent extends LogEvent {
  /** When it ended, in ticks. */
  readonly at: number;
}

/** How many sends and polls of a key are drawn. */
const MAX_DRAWN = 4_000;
const MAX_LISTED = 200;

export function LogView({ run, log, colors, onSelect }: LogProps) {
  const [name, setName] = useState(log.keys[0]?.name ?? "");
  const key = log.keys.find((candidate) => candidate.name === name);
  const events = key === undefined ? [] : eventsOf(run, key);
  return (
    <section aria-labelledby="log">
      <h2 id="log">Offsets of each key</h2>
      <p class="hint">
        A dot is a send, at the offset it was given when it was acknowledged; a bar is a poll, over
        the offsets it returned. Colours are nodes.
        {run.header.omissions.logEvents > 0
          ? ` ${run.header.omissions.logEvents} later sends and polls are left out.`
          : ""}
        {events.length > MAX_DRAWN ? ` Of ${events.length}, the first ${MAX_DRAWN} are drawn.` : ""}
      </p>
      <div class="filter">
        <label>
          Key{" "}
          <select value={name} onChange={({ currentTarget }) => setName(currentTarget.value)}>
            {log.keys.map((candidate) => (
              <option key={candidate.name} value={candidate.name}>
                {visible(candidate.name)} ({candidate.count})
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

function eventsOf(run: Run, { first, count }: LogKey): ShownEvent[] {
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

const WIDTH = 860;
const HEIGHT = 320;
const LEFT = 64;
const BOTTOM = 26;

function LogGraph({
  run,
  events,
  colors,
  onSelect,
}: {
  readonly run: Run;
  readonly events: readonly ShownEvent[];
  readonly colors: Colors;
  readonly onSelect: (selection: Selection) => void;
}) {
  const low = events.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY);
  const high = events.reduce((most, { to }) => Math.max(most, to), 0);
  const begin = events.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const last = events.reduce((most, { at }) => Math.max(most, at), 1);
  const lastSend = events.reduce((most, { at, isPoll }) => (isPoll ? most : Math.max(most, at)), 0);
  // The final polls come long after all else: they share the right edge.
  const end = lastSend === 0 ? last : Math.min(last, begin + (lastSend - begin) * 1.25 + 1);
  const x = (ticks: number) =>
    LEFT + (Math.min(ticks - begin, end - begin) / Math.max(1, end - begin)) * (WIDTH - LEFT - 16);
  const y = (offset: number) =>
    HEIGHT - BOTTOM - 8 - ((offset - low) / Math.max(1, high - low)) * (HEIGHT - BOTTOM - 24);
  const laneOf = (operation: number) => run.columns.operationNode[operation] ?? 0;
  const colorOf = (lane: number) => colors.series[lane % colors.series.length] ?? colors.accent;
  const color = (operation: number) => colorOf(laneOf(operation));
  const nodes = [...new Set(events.map(({ operation }) => laneOf(operation)))].sort(
    (one, other) => one - other,
  );
  const seconds = run.tickMs / 1000;
  const timeStep = niceStep(Math.max(0.001, (end - begin) * seconds), 8);
  const offsetStep = Math.max(1, niceStep(Math.max(1, high - low), 6));
  const marks = (from: number, to: number, step: number) =>
    Array.from(
      { length: Math.max(0, Math.floor(to / step) - Math.ceil(from / step) + 1) },
      (_, i) => (Math.ceil(from / step) + i) * step,
    );
  if (events.length === 0) return <p class="hint">Nothing was sent or polled.</p>;
  return (
    <div class="scroll">
      <ul class="legend">
        {nodes.map((lane) => (
          <li key={lane}>
            <span class="swatch" style={{ background: colorOf(lane) }} />
            {lane === 0 ? "unknown node" : visible(run.lane(lane - 1))}
          </li>
        ))}
        {end < last ? <li>at the right edge: later polls</li> : null}
      </ul>
      <svg class="log" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label="Offsets over time">
        {marks(begin * seconds, end * seconds, timeStep).map((mark) => (
          <g key={`t${mark}`} class="mark">
            <line x1={x(mark / seconds)} x2={x(mark / seconds)} y1={8} y2={HEIGHT - BOTTOM} />
            <text x={x(mark / seconds)} y={HEIGHT - 8}>
              {+mark.toPrecision(4)} s
            </text>
          </g>
        ))}
        {marks(low, high, offsetStep).map((mark) => (
          <g key={`o${mark}`} class="lane">
            <line x1={LEFT} x2={WIDTH} y1={y(mark)} y2={y(mark)} />
            <text x={LEFT - 8} y={y(mark) + 4}>
              {mark}
            </text>
          </g>
        ))}
        {events.map((event, index) => {
          const { operation, from, to, isPoll, at } = event;
          const pick = () => onSelect({ kind: "operation", row: operation });
          const title = `${run.time(at)} process ${run.columns.operationProcess[operation]} on ${run.nodeOf(operation)} ${isPoll ? `polled ${from} to ${to}` : `sent to ${from}`}`;
          return isPoll ? (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table has the same
            <line
              key={index}
              class="poll"
              x1={x(at)}
              x2={x(at)}
              y1={y(from) + 2}
              y2={y(to) - 2}
              stroke={color(operation)}
              onClick={pick}
            >
              <title>{visible(title)}</title>
            </line>
          ) : (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table has the same
            <circle
              key={index}
              class="send"
              cx={x(at)}
              cy={y(from)}
              r={3.5}
              fill={color(operation)}
              onClick={pick}
            >
              <title>{visible(title)}</title>
            </circle>
          );
        })}
      </svg>
    </div>
  );
}

function OffsetTable({
  run,
  events,
  onSelect,
}: {
  readonly run: Run;
  readonly events: readonly ShownEvent[];
  readonly onSelect: (selection: Selection) => void;
}) {
  const sends = events.filter(({ isPoll }) => !isPoll).sort((one, other) => one.from - other.from);
  const polls = events.filter(({ isPoll }) => isPoll);
  return (
    <details>
      <summary>Who sent and who polled each offset</summary>
      <Table
        columns={[
          "offset",
          "sent by process",
          "acknowledged",
          "first polled",
          "polled by processes",
        ]}
        more={sends.length - MAX_LISTED}
      >
        {sends.slice(0, MAX_LISTED).map((send) => {
          const by = polls.filter(({ from, to }) => from <= send.from && send.from <= to);
          const [first] = by;
          const who = new Set(by.map(({ operation }) => run.columns.operationProcess[operation]));
          return (
            <tr key={`${send.from} ${send.operation}`}>
              <td class="number">{send.from}</td>
              <td>
                <Link onClick={() => onSelect({ kind: "operation", row: send.operation })}>
                  {run.columns.operationProcess[send.operation]} on{" "}
                  {visible(run.nodeOf(send.operation))}
                </Link>
              </td>
              <td class="number">{run.time(send.at)}</td>
              <td class="number">{first === undefined ? "never" : run.time(first.at)}</td>
              <td>{[...who].slice(0, 12).join(", ")}</td>
            </tr>
          );
        })}
      </Table>
    </details>
  );
}
