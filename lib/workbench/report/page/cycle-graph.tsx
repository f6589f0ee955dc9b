/** A cycle of transactions, as a ring. */
import type { CycleStep } from "../run-data.ts";
import type { Run } from "./model.ts";
import type { Selection } from "./selection.ts";
import { shown } from "./shown.ts";

interface CycleProps {
  readonly run: Run;
  readonly steps: readonly CycleStep[];
  readonly onSelect: (selection: Selection) => void;
}

const MEANINGS: Readonly<Record<string, string>> = {
  ww: "overwrote",
  wr: "was read by",
  rw: "was overwritten by",
  process: "same process, before",
  realtime: "had ended before",
};

const NODE_WIDTH = 168;
const NODE_HEIGHT = 48;

export function CycleGraph({ run, steps, onSelect }: CycleProps) {
  const operations = [...new Set(steps.map(({ from }) => from))];
  const count = operations.length;
  const radiusX = count <= 2 ? 190 : 210;
  const radiusY = count <= 2 ? 0 : Math.max(92, 26 * count);
  const [centerX, centerY] = [radiusX + NODE_WIDTH / 2 + 10, radiusY + NODE_HEIGHT / 2 + 34];
  const place = (operation: number) => {
    // The first stands on top, or to the left of one other.
    const start = count <= 2 ? Math.PI : -Math.PI / 2;
    const angle = start + (2 * Math.PI * operations.indexOf(operation)) / count;
    return { x: centerX + radiusX * Math.cos(angle), y: centerY + radiusY * Math.sin(angle) };
  };
  const [width, height] = [2 * centerX, 2 * centerY];
  return (
    <figure class="cycle">
      <svg
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`A cycle of ${count} transactions`}
      >
        <defs>
          <marker
            id="head"
            viewBox="0 0 10 10"
            refX="9"
            refY="5"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0 10 5 0 10z" class="head" />
          </marker>
        </defs>
        {steps.map((step) => (
          <Edge
            key={`${step.from} ${step.to}`}
            step={step}
            from={place(step.from)}
            to={place(step.to)}
          />
        ))}
        {operations.map((operation, index) => {
          const { x, y } = place(operation);
          const pick = () => onSelect({ kind: "operation", row: operation });
          return (
            // biome-ignore lint/a11y/useSemanticElements: there are no buttons within a drawing
            <g
              key={operation}
              class="node"
              role="button"
              tabIndex={0}
              onClick={pick}
              onKeyDown={({ key }) => (key === "Enter" ? pick() : undefined)}
            >
              <title>{shown(run.describe(operation))}</title>
              <rect
                x={x - NODE_WIDTH / 2}
                y={y - NODE_HEIGHT / 2}
                width={NODE_WIDTH}
                height={NODE_HEIGHT}
                rx="8"
              />
              <text x={x} y={y - 6} class="name">
                T{index + 1} · process {run.columns.operationProcess[operation]}{" "}
                {run.nodeOf(operation) === "" ? "" : `on ${shown(run.nodeOf(operation))}`}
              </text>
              <text x={x} y={y + 13} class="small">
                {cut(shown(run.valuesOf(operation).answered || run.valuesOf(operation).asked))}
              </text>
            </g>
          );
        })}
      </svg>
      <ol class="steps">
        {steps.map(({ from, to, relation, sentence }) => (
          <li key={`${from} ${to}`}>
            <span class="badge">{relation}</span> {shown(sentence)}
          </li>
        ))}
      </ol>
    </figure>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

function Edge({
  step,
  from,
  to,
}: {
  readonly step: CycleStep;
  readonly from: Point;
  readonly to: Point;
}) {
  const start = borderOf(from, to);
  const end = borderOf(to, from);
  // Bent to one side, so that two edges between the same two do not meet.
  const [dx, dy] = [end.x - start.x, end.y - start.y];
  const middle = { x: (start.x + end.x) / 2 + dy * 0.22, y: (start.y + end.y) / 2 - dx * 0.22 };
  const label = { x: (start.x + end.x) / 2 + dy * 0.13, y: (start.y + end.y) / 2 - dx * 0.13 };
  return (
    <g class={`edge ${step.relation}`}>
      <title>{shown(step.sentence)}</title>
      <path
        d={`M${start.x} ${start.y} Q${middle.x} ${middle.y} ${end.x} ${end.y}`}
        marker-end="url(#head)"
      />
      <text x={label.x} y={label.y}>
        {step.relation}: {MEANINGS[step.relation] ?? ""}
      </text>
    </g>
  );
}

/** Where a line from the middle of a box towards a point leaves the box. */
function borderOf(box: Point, towards: Point): Point {
  const [dx, dy] = [towards.x - box.x, towards.y - box.y];
  const factor = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : (NODE_WIDTH / 2 + 3) / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : (NODE_HEIGHT / 2 + 3) / Math.abs(dy),
  );
  return { x: box.x + dx * factor, y: box.y + dy * factor };
}

function cut(text: string): string {
  return text.length <= 26 ? text : `${text.slice(0, 25)}…`;
}
