/** Draws a cycle of transactions: boxes are transactions, arrows the reasons for their order. */
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
  ww: "ww: one overwrote the other's write",
  wr: "wr: one read the other's write",
  rw: "rw: one read a version that the other overwrote",
  process: "process: one process ran both, in this order",
  realtime: "realtime: one completed before the other was invoked",
};

export function CycleGraph({ run, steps, selection, onSelect }: CycleProps) {
  const { width, height, nodes, edges } = useMemo(() => layOutCycle(run, steps), [run, steps]);
  const relations = [...new Set(steps.map(({ relation }) => relation))];
  return (
    <figure class="cycle">
      <div class="scroll">
        {/* biome-ignore lint/a11y/useSemanticElements: SVG has no fieldset */}
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
              isSelected={selection?.kind === "operation" && selection.row === node.operation}
              onSelect={() => onSelect({ kind: "operation", row: node.operation })}
            />
          ))}
        </svg>
      </div>
      <figcaption class="hint">
        {relations.map((relation) => RELATIONS[relation] ?? relation).join("; ")}. Select a
        transaction to highlight only its messages.
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
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function Transaction({ node, title, isSelected, onSelect }: TransactionProps) {
  const { x, y, width, height, lines } = node;
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      class={isSelected ? "node selected" : "node"}
      role="button"
      // SVG attributes are case-sensitive.
      tabindex={0}
      aria-pressed={isSelected}
      onClick={onSelect}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        onSelect();
      }}
    >
      <title>{title}</title>
      <rect x={x - width / 2} y={y - height / 2} width={width} height={height} rx="8" />
      <Lines lines={lines} x={x} y={y} />
    </g>
  );
}

/** Lines of text, centred on a point; the first is the title. */
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

/** Builds a curve through the midpoints between points, with the points as control points. */
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
