/** How a value of a broadcast went from node to node. */
import { useMemo, useState } from "preact/hooks";
import type { Spread, SpreadValue } from "../../recorder/run-data.ts";
import { fitted, niceStep } from "../diagram/geometry.ts";
import { visible } from "../parts/visible-text.ts";
import { milliseconds, type Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";

interface SpreadProps {
  readonly run: Run;
  readonly spread: Spread;
  readonly onSelect: (selection: Selection) => void;
}

interface Arrival {
  readonly lane: number;
  readonly after: number;
  /** Row of the message; -1 if a client brought it. */
  readonly message: number;
}

export function SpreadView({ run, spread, onSelect }: SpreadProps) {
  const bySlowness = useMemo(
    () =>
      spread.values
        .map((value) => ({ value, slowness: slownessOf(run, spread, value) }))
        .sort((one, other) => other.slowness - one.slowness),
    [run, spread],
  );
  const [picked, setPicked] = useState(bySlowness[0]?.value.value);
  const chosen = spread.values.find(({ value }) => value === picked);
  return (
    <section aria-labelledby="spread">
      <h2 id="spread">How values spread</h2>
      <p class="hint">
        {spread.paths.length === 0
          ? "No message between nodes was found to carry values as they are, so only what clients brought is shown."
          : `Values were found in messages at ${[...new Set(spread.paths.map(wholeList(spread.paths)))].map(visible).join(", ")}: places where no node ever sent what it had not received before.`}
        {spread.values.length < spread.valueCount
          ? ` Of ${spread.valueCount} values the first ${spread.values.length} are here.`
          : ""}
      </p>
      <div class="filter">
        <label>
          Value{" "}
          <select
            value={picked}
            onChange={({ currentTarget }) => setPicked(Number(currentTarget.value))}
          >
            {bySlowness.map(({ value: { value, count }, slowness }) => (
              <option key={value} value={value}>
                {value}:{" "}
                {count < spread.lanes.length
                  ? `reached ${count} of ${spread.lanes.length} nodes`
                  : `everywhere after ${milliseconds(slowness)}`}
              </option>
            ))}
          </select>
        </label>
        {chosen === undefined ? null : (
          <button
            type="button"
            onClick={() => onSelect({ kind: "operation", row: chosen.operation })}
          >
            Light up its messages
          </button>
        )}
      </div>
      {chosen === undefined ? null : (
        <SpreadGraph run={run} spread={spread} value={chosen} onSelect={onSelect} />
      )}
    </section>
  );
}

/** `.news[*]` for `.news[0]`, `.news[1]`, ... where the list holds values from its beginning. */
function wholeList(paths: readonly string[]): (path: string) => string {
  return (path) => {
    const [, list] = /^(.*)\[\d…?\]$/.exec(path) ?? [];
    return list !== undefined && paths.includes(`${list}[0]`) ? `${list}[*]` : path;
  };
}

/** In ms; infinite if it did not reach every node. */
function slownessOf(run: Run, { lanes }: Spread, value: SpreadValue): number {
  if (value.count < lanes.length) return Number.POSITIVE_INFINITY;
  const after = arrivalsOf(run, value).map((arrival) => arrival.after);
  return Math.max(0, ...after) * run.tickMs;
}

function arrivalsOf(run: Run, { first, count }: SpreadValue): Arrival[] {
  const { arrivalLane, arrivalAfter, arrivalMessage } = run.columns;
  return Array.from({ length: count }, (_, index) => ({
    lane: arrivalLane[first + index] ?? 0,
    after: arrivalAfter[first + index] ?? 0,
    message: (arrivalMessage[first + index] ?? 0) - 1,
  }));
}

const WIDTH = 860;
const TOP = 24;
/** How many characters of a node's name are told. */
const MAX_NAME_LENGTH = 18;

function SpreadGraph({
  run,
  spread,
  value,
  onSelect,
}: SpreadProps & { readonly value: SpreadValue }) {
  const arrivals = arrivalsOf(run, value);
  const laneHeight = spread.lanes.length > 16 ? 16 : 26;
  const height = TOP + spread.lanes.length * laneHeight + 8;
  const broadcastAt = run.invoked[value.operation] ?? 0;
  const names = spread.lanes.map((lane) => fitted(visible(run.lane(lane)), MAX_NAME_LENGTH));
  const left = Math.max(64, 14 + 8 * Math.max(...names.map(({ length }) => length)));
  const longest = Math.max(1, ...arrivals.map(({ after }) => after));
  const x = (ticks: number) => left + (Math.max(0, ticks) / longest) * (WIDTH - left - 24);
  const y = (lane: number) => TOP + (spread.lanes.indexOf(lane) + 0.5) * laneHeight;
  const span = longest * run.tickMs;
  const step = niceStep(span, 7);
  const marks = Array.from({ length: Math.floor(span / step) + 1 }, (_, index) => index * step);
  return (
    <div class="scroll">
      <svg
        class="spread"
        viewBox={`0 0 ${WIDTH} ${height}`}
        role="img"
        aria-label={`Value ${value.value}: when it reached each node, and from where`}
      >
        {marks.map((mark) => (
          <g key={mark} class="mark">
            <line x1={x(mark / run.tickMs)} x2={x(mark / run.tickMs)} y1={TOP - 4} y2={height} />
            <text x={x(mark / run.tickMs)} y={14}>
              {+mark.toPrecision(3)} ms
            </text>
          </g>
        ))}
        {spread.lanes.map((lane, index) => (
          <g key={lane} class="lane">
            <line x1={left} x2={WIDTH} y1={y(lane)} y2={y(lane)} />
            <text x={left - 8} y={y(lane) + 4}>
              {names[index]}
              <title>{visible(run.lane(lane))}</title>
            </text>
          </g>
        ))}
        {run.header.faults.map(({ name, from, to }) => {
          const [begin, end] = [x(from - broadcastAt), x(Math.min(to - broadcastAt, longest))];
          return end <= begin ? null : (
            <rect
              key={`${name} ${from}`}
              class="fault"
              x={begin}
              y={TOP}
              width={end - begin}
              height={height - TOP}
            >
              <title>{visible(name)}</title>
            </rect>
          );
        })}
        {arrivals.map(({ lane, message }) => {
          // How long the node had it before it passed it on.
          const source = message < 0 ? undefined : run.columns.messageSource[message];
          const had = arrivals.find((arrival) => arrival.lane === source);
          return had === undefined ? null : (
            <line
              key={lane}
              class="held"
              x1={x(had.after)}
              x2={x((run.sent[message] ?? 0) - broadcastAt)}
              y1={y(had.lane)}
              y2={y(had.lane)}
            />
          );
        })}
        {arrivals.map(({ lane, after, message }) => {
          if (message < 0) return null;
          const source = run.columns.messageSource[message] ?? 0;
          const sent = (run.sent[message] ?? 0) - broadcastAt;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the messages are listed as well
            <line
              key={lane}
              class="hop"
              x1={x(sent)}
              y1={y(source)}
              x2={x(after)}
              y2={y(lane)}
              onClick={() => onSelect({ kind: "message", row: message })}
            >
              <title>
                {`${run.lane(source)} → ${run.lane(lane)}: sent after ${run.span(sent)}, there after ${run.span(after)}`}
              </title>
            </line>
          );
        })}
        {arrivals.map(({ lane, after, message }) => (
          <circle
            key={lane}
            class={message < 0 ? "source" : "arrival"}
            cx={x(after)}
            cy={y(lane)}
            r={message < 0 ? 5 : 4}
          >
            <title>{`${run.lane(lane)}: after ${run.span(after)}`}</title>
          </circle>
        ))}
      </svg>
    </div>
  );
}
