/** The drawing of partial linearizations: lanes, bars, and the points of an order. */
import type { PageBar, PageLinearization, PagePartial } from "../../recorder/run-data.ts";
import { visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";
import type { Point } from "./cycle-layout.ts";
import {
  type Bar,
  type LinearizationLayout,
  type OrderLayout,
  POINT_RADIUS,
  STATE_HEIGHT,
} from "./linearization-layout.ts";
import { barText, NO_ORDER, placeText, stepOf } from "./linearization-text.ts";

interface DrawingProps {
  readonly run: Run;
  readonly attempt: PageLinearization;
  readonly layout: LinearizationLayout;
  /** Number of the order that is shown. */
  readonly chosen: number;
  readonly step: number;
  readonly selectedRow: number | undefined;
  /** @param operation Its position. */
  readonly onSelect: (operation: number) => void;
}

/** Width of the column of lane names, which does not scroll. */
export const NAMES_WIDTH = 64;
const BAR_HEIGHT = 12;
/** Distance from a label's top to the middle of its bar. */
const LABEL_RISE = 22;
const EMPTY_ORDER: OrderLayout = { points: [], refusals: [], states: [] };

export function LinearizationDrawing(props: DrawingProps) {
  const { run, attempt, layout, chosen, step, selectedRow, onSelect } = props;
  const order = layout.orders[chosen] ?? EMPTY_ORDER;
  return (
    <>
      <LaneNames layout={layout} />
      <svg width={layout.width} height={layout.height} aria-hidden="true">
        {layout.times.map(({ x, text }) => (
          <g key={x} class="mark">
            <line x1={x} x2={x} y1={17} y2={layout.height} />
            <text x={x} y={12}>
              {text}
            </text>
          </g>
        ))}
        <OrderLines order={order} step={step} />
        {attempt.operations.map((operation, position) => (
          <Operation
            key={operation.invocation}
            run={run}
            operation={operation}
            bar={layout.bars[position]}
            partial={attempt.partials[chosen] ?? NO_ORDER}
            position={position}
            step={step}
            isSelected={selectedRow !== undefined && selectedRow === operation.row}
            onSelect={() => onSelect(position)}
          />
        ))}
        <OrderPoints order={order} step={step} />
        <States order={order} step={step} y={layout.stateY} />
      </svg>
    </>
  );
}

interface OperationProps {
  readonly run: Run;
  readonly operation: PageBar;
  readonly bar: Bar | undefined;
  readonly partial: PagePartial;
  /** Position of the operation. */
  readonly position: number;
  readonly step: number;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function Operation(props: OperationProps) {
  const { run, operation, bar, partial, position, step, isSelected, onSelect } = props;
  if (bar === undefined) return null;
  const { x, y, width, label, labelWidth, isOpen } = bar;
  const at = stepOf(partial, position);
  const isRefused = partial.refused.includes(position) && step === partial.steps.length;
  const classes = {
    "operation-bar": true,
    placed: at > 0 && at <= step,
    refused: isRefused,
    open: isOpen,
    selected: isSelected,
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the table offers the same
    <g class={namesOf(classes)} onClick={onSelect}>
      <title>{visible(`${barText(run, operation)}: ${placeText(partial, position)}`)}</title>
      <rect
        class="target"
        x={x}
        y={y - LABEL_RISE}
        width={Math.max(width, labelWidth)}
        height={LABEL_RISE + BAR_HEIGHT}
      />
      {/* Clips characters that are wider than assumed. */}
      <svg x={x} y={y - LABEL_RISE} width={labelWidth} height={16} aria-hidden="true">
        <text y={12}>{label}</text>
      </svg>
      <path d={outline(bar)} />
    </g>
  );
}

function LaneNames({ layout }: { readonly layout: LinearizationLayout }) {
  return (
    <svg class="names" width={NAMES_WIDTH} height={layout.height} aria-hidden="true">
      <text class="axis" x={NAMES_WIDTH - 8} y={12}>
        process
      </text>
      {layout.lanes.map(({ process, y }) => (
        <text key={process} x={NAMES_WIDTH - 8} y={y + 31}>
          {process}
        </text>
      ))}
      <text class="axis" x={NAMES_WIDTH - 8} y={layout.stateY + 14}>
        state
      </text>
    </svg>
  );
}

interface OrderProps {
  readonly order: OrderLayout;
  readonly step: number;
}

/** Lines between the points of an order, and to what the model refuses next. */
function OrderLines({ order: { points, refusals }, step }: OrderProps) {
  const last = points.at(-1);
  return (
    <g class="order-lines">
      <path d={lines(points.slice(0, step))} />
      <path class="later" d={lines(points.slice(Math.max(0, step - 1)))} />
      {last === undefined
        ? null
        : refusals.map((refusal) => (
            <path
              key={refusal.operation}
              class={namesOf({ refusal: true, later: step < points.length })}
              d={lines([last, refusal])}
            />
          ))}
    </g>
  );
}

function OrderPoints({ order: { points, refusals }, step }: OrderProps) {
  return (
    <g class="order-points">
      {refusals.map(({ operation, ...point }) => (
        <Mark
          key={operation}
          {...point}
          text="✕"
          classes={{ refusal: true, later: step < points.length }}
        />
      ))}
      {points.map(({ operation, ...point }, index) => (
        <Mark
          key={operation}
          {...point}
          text={`${index + 1}`}
          classes={{ later: index >= step, current: index === step - 1 }}
        />
      ))}
    </g>
  );
}

interface MarkProps extends Point {
  readonly text: string;
  readonly classes: Readonly<Record<string, boolean>>;
}

function Mark({ x, y, text, classes }: MarkProps) {
  return (
    <g class={namesOf(classes)}>
      <circle cx={x} cy={y} r={POINT_RADIUS} />
      <text x={x} y={y + 3.5}>
        {text}
      </text>
    </g>
  );
}

function States({ order: { states }, step, y }: OrderProps & { readonly y: number }) {
  const current = states.findLast((span) => span.step <= step);
  return states.map((span) => (
    <svg
      key={span.step}
      class={namesOf({ state: true, later: span.step > step, current: span === current })}
      x={span.x}
      y={y}
      width={span.width}
      height={STATE_HEIGHT}
    >
      <title>{visible(span.state)}</title>
      <rect width={span.width} height={STATE_HEIGHT} />
      <text x={5} y={14}>
        {span.label}
      </text>
    </svg>
  ));
}

/** An outline of a bar; that of an open one has no end. */
function outline({ x, y, width, isOpen }: Point & { width: number; isOpen: boolean }): string {
  const [top, bottom, right] = [y - BAR_HEIGHT / 2, y + BAR_HEIGHT / 2, x + width];
  return `M${right} ${top}H${x}V${bottom}H${right}${isOpen ? "" : "z"}`;
}

function lines(points: readonly Point[]): string {
  return points.length < 2 ? "" : `M${points.map(({ x, y }) => `${x} ${y}`).join("L")}`;
}

/** Returns the names whose values are true. */
function namesOf(classes: Readonly<Record<string, boolean>>): string {
  return Object.keys(classes)
    .filter((name) => classes[name])
    .join(" ");
}
