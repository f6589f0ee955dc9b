/** Draws how one value went from node to node. */
import type { PropagatedValue, Propagation } from "../../recorder/run-data.ts";
import { marksWithin, niceStep } from "../parts/axis.ts";
import { truncate, visible } from "../parts/visible-text.ts";
import { arrivalsOf } from "../run/arrivals.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";

interface PropagationGraphProps {
  readonly run: Run;
  readonly propagation: Propagation;
  readonly value: PropagatedValue;
  readonly onSelect: (selection: Selection) => void;
}

const WIDTH = 860;
const TOP = 24;
const MAX_NAME_LENGTH = 18;

export function PropagationGraph({ run, propagation, value, onSelect }: PropagationGraphProps) {
  const arrivals = arrivalsOf(run, value);
  const laneHeight = propagation.lanes.length > 16 ? 16 : 26;
  const height = TOP + propagation.lanes.length * laneHeight + 8;
  const broadcastAt = run.invoked[value.operation] ?? 0;
  const names = propagation.lanes.map((lane) => truncate(visible(run.lane(lane)), MAX_NAME_LENGTH));
  const left = Math.max(64, 14 + 8 * Math.max(...names.map(({ length }) => length)));
  const longest = Math.max(1, ...arrivals.map(({ after }) => after));
  const x = (ticks: number) => left + (Math.max(0, ticks) / longest) * (WIDTH - left - 24);
  const y = (lane: number) => TOP + (propagation.lanes.indexOf(lane) + 0.5) * laneHeight;
  const span = longest * run.tickMs;
  return (
    <div class="scroll">
      <svg
        class="propagation"
        viewBox={`0 0 ${WIDTH} ${height}`}
        role="img"
        aria-label={`When and from where value ${value.value} reached each node`}
      >
        {marksWithin(0, span, niceStep(span, 7)).map((mark) => (
          <g key={mark} class="mark">
            <line x1={x(mark / run.tickMs)} x2={x(mark / run.tickMs)} y1={TOP - 4} y2={height} />
            <text x={x(mark / run.tickMs)} y={14}>
              {+mark.toPrecision(3)} ms
            </text>
          </g>
        ))}
        {propagation.lanes.map((lane, index) => (
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
          // How long the sender held the value before it sent it on.
          const source = message < 0 ? undefined : run.columns.messageSource[message];
          const received = arrivals.find((arrival) => arrival.lane === source);
          return received === undefined ? null : (
            <line
              key={lane}
              class="held"
              x1={x(received.after)}
              x2={x((run.sent[message] ?? 0) - broadcastAt)}
              y1={y(received.lane)}
              y2={y(received.lane)}
            />
          );
        })}
        {arrivals.map(({ lane, after, message }) => {
          if (message < 0) return null;
          const source = run.columns.messageSource[message] ?? 0;
          const sent = (run.sent[message] ?? 0) - broadcastAt;
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: the selection's details list the same messages
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
                {`${run.lane(source)} → ${run.lane(lane)}: sent after ${run.span(sent)}, arrived after ${run.span(after)}`}
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
