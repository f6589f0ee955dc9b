/** A cycle of transactions, drawn: each a box with what it did, each reason for their order a line. */
import { useMemo } from "preact/hooks";
import type { CycleStep } from "../../recorder/run-data.ts";
import { visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";
import {
  type CycleEdge,
  type CycleNode,
  LINE_HEIGHT,
  layOutCycle,
  type Point,
} from "./cycle-layout.ts";

interface CycleProps {
  readonly run: Run;
  readonly steps: readonly CycleStep[];
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection) => void;
}

const RELATIONS: Readonly<Record<string, string>> = {
  ww: "ww: one overwrote what the other had written",
  wr: "wr: one read what the other had written",
  rw: "rw: one read what the other overwrote later",
  process: "process: the same process did one before the other",
  realtime: "realtime: one had ended before the other began",
};

export function CycleGraph({ run, steps, selection, onSelect }: CycleProps) {
  const { width, height, nodes, edges } = useMemo(() => layOutCycle(run, steps), [run, steps]);
  const relations = [...new Set(steps.map(({ relation }) => relation))];
  return (
    <figure class="cycle">
      <div class="scroll">
        {/* biome-ignore lint/a11y/useSemanticElements: there are no fields within a drawing */}
        <svg
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          role="group"
          aria-label={`A cycle of ${nodes.length} transactions`}
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
              <path d="M0 0 10 5 0 10z" />
            </marker>
          </defs>
          {edges.map((edge, index) => (
            <Edge key={index} edge={edge} />
          ))}
          {nodes.map((node) => (
            <Transaction
              key={node.operation}
              node={node}
              title={visible(run.describe(node.operation))}
              isPicked={selection?.kind === "operation" && selection.row === node.operation}
              onPick={() => onSelect({ kind: "operation", row: node.operation })}
            />
          ))}
        </svg>
      </div>
      <figcaption class="hint">
        {relations.map((relation) => RELATIONS[relation] ?? relation).join("; ")}. Pick a
        transaction to light up its messages alone.
      </figcaption>
    </figure>
  );
}

function Edge({ edge }: { readonly edge: CycleEdge }) {
  const { step, lines, points, x, y, width, height } = edge;
  return (
    <g class={`edge ${step.relation}`}>
      <path d={smooth(points)} marker-end="url(#head)" />
      <rect x={x - width / 2} y={y - height / 2} width={width} height={height} />
      <Lines lines={lines} x={x} y={y} />
    </g>
  );
}

interface TransactionProps {
  readonly node: CycleNode;
  readonly title: string;
  readonly isPicked: boolean;
  readonly onPick: () => void;
}

function Transaction({ node, title, isPicked, onPick }: TransactionProps) {
  const { x, y, width, height, lines } = node;
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons within a drawing
    <g
      class={isPicked ? "node picked" : "node"}
      role="button"
      // Within a drawing, attributes are told apart by case.
      tabindex={0}
      aria-pressed={isPicked}
      onClick={onPick}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onPick();
      }}
    >
      <title>{title}</title>
      <rect x={x - width / 2} y={y - height / 2} width={width} height={height} rx="8" />
      <Lines lines={lines} x={x} y={y} />
    </g>
  );
}

/** Lines of text around a middle; the first is what they are about. */
function Lines({ lines, x, y }: Point & { readonly lines: readonly string[] }) {
  return (
    <text y={y - ((lines.length - 1) / 2) * LINE_HEIGHT + 4}>
      {lines.map((line, index) => (
        <tspan key={index} x={x} dy={index === 0 ? 0 : LINE_HEIGHT}>
          {line}
        </tspan>
      ))}
    </text>
  );
}

/** A line through the middles between points, bent towards the points themselves. */
function smooth(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const bends = rest.map((point, index) => {
    const next = rest[index + 1];
    if (next === undefined) return `L${point.x} ${point.y}`;
    return `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`;
  });
  return `M${first.x} ${first.y}${bends.join("")}`;
}
