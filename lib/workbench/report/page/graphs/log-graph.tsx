/** Draws the offsets of a log's key over time: dots are sends, bars are polls. */
import { marksWithin, niceStep } from "../parts/axis.ts";
import type { Colors } from "../parts/colors.ts";
import { visible } from "../parts/visible-text.ts";
import type { CompletedLogEvent } from "../run/log-events.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";

interface LogGraphProps {
  readonly run: Run;
  readonly events: readonly CompletedLogEvent[];
  readonly colors: Colors;
  readonly onSelect: (selection: Selection) => void;
}

const WIDTH = 860;
const HEIGHT = 320;
const LEFT = 64;
const BOTTOM = 26;

export function LogGraph({ run, events, colors, onSelect }: LogGraphProps) {
  const low = events.reduce((least, { from }) => Math.min(least, from), Number.POSITIVE_INFINITY);
  const high = events.reduce((most, { to }) => Math.max(most, to), 0);
  const begin = events.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
  const last = events.reduce((most, { at }) => Math.max(most, at), 1);
  const lastSend = events.reduce((most, { at, isPoll }) => (isPoll ? most : Math.max(most, at)), 0);
  // The final polls come long after the sends: drawn to scale, they would squeeze everything else.
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
  if (events.length === 0) return <p class="hint">No sends or polls.</p>;
  return (
    <div class="scroll">
      <ul class="legend">
        {nodes.map((lane) => (
          <li key={lane}>
            <span class="swatch" style={{ background: colorOf(lane) }} />
            {lane === 0 ? "unknown node" : visible(run.lane(lane - 1))}
          </li>
        ))}
        {end < last ? <li>right edge: later polls</li> : null}
      </ul>
      <svg class="log" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label="Offsets over time">
        {marksWithin(begin * seconds, end * seconds, timeStep).map((mark) => (
          <g key={`t${mark}`} class="mark">
            <line x1={x(mark / seconds)} x2={x(mark / seconds)} y1={8} y2={HEIGHT - BOTTOM} />
            <text x={x(mark / seconds)} y={HEIGHT - 8}>
              {+mark.toPrecision(4)} s
            </text>
          </g>
        ))}
        <text class="axis" x={LEFT - 8} y={10}>
          offset
        </text>
        {marksWithin(low, high, offsetStep).map((mark) => (
          <g key={`o${mark}`} class="lane">
            <line x1={LEFT} x2={WIDTH} y1={y(mark)} y2={y(mark)} />
            <text x={LEFT - 8} y={y(mark) + 4}>
              {mark}
            </text>
          </g>
        ))}
        {events.map((event, index) => {
          const { operation, from, to, isPoll, at } = event;
          const select = () => onSelect({ kind: "operation", row: operation });
          const client = `process ${run.columns.operationProcess[operation]} on ${run.nodeOf(operation)}`;
          const action = isPoll ? `polled offsets ${from} to ${to}` : `sent, offset ${from}`;
          const title = <title>{visible(`${run.time(at)}: ${client} ${action}`)}</title>;
          return isPoll ? (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table offers the same
            <line
              key={index}
              class="poll"
              x1={x(at)}
              x2={x(at)}
              y1={y(from) + 2}
              y2={y(to) - 2}
              stroke={color(operation)}
              onClick={select}
            >
              {title}
            </line>
          ) : (
            // biome-ignore lint/a11y/noStaticElementInteractions: the table offers the same
            <circle
              key={index}
              class="send"
              cx={x(at)}
              cy={y(from)}
              r={3.5}
              fill={color(operation)}
              onClick={select}
            >
              {title}
            </circle>
          );
        })}
      </svg>
    </div>
  );
}
