/** Draws operations as bars, and steps through the orders in which the model accepts them. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PageBar, PageLinearization, PagePartial } from "../../recorder/run-data.ts";
import { LinkButton } from "../parts/controls.tsx";
import { Table } from "../parts/table.tsx";
import { truncate, visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";
import type { Point } from "./cycle-layout.ts";
import {
  type Bar,
  type LinearizationLayout,
  layOutLinearization,
  type OrderLayout,
  POINT_RADIUS,
  STATE_HEIGHT,
} from "./linearization-layout.ts";

interface LinearizationProps {
  readonly run: Run;
  readonly attempt: PageLinearization;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection) => void;
}

/** Width of the column of lane names, which does not scroll. */
const NAMES_WIDTH = 64;
const BAR_HEIGHT = 12;
/** Distance from a label's top to the middle of its bar. */
const LABEL_RISE = 22;
/** Number of operations that a sentence lists. */
const MAX_LISTED = 4;
const NO_ORDER: PagePartial = { initialState: "", steps: [], refused: [] };
const EMPTY_ORDER: OrderLayout = { points: [], refusals: [], states: [] };

export function LinearizationGraph({ run, attempt, selection, onSelect }: LinearizationProps) {
  const { operations, partials, omittedCount, part } = attempt;
  const layout = useMemo(() => layOutLinearization(run, attempt), [run, attempt]);
  const [chosen, setChosen] = useState(0);
  const [step, setStep] = useState(partials[0]?.steps.length ?? 0);
  const partial = partials[chosen] ?? NO_ORDER;
  const order = layout.orders[chosen] ?? EMPTY_ORDER;
  const last = partial.steps.length;
  // The operation that has to be placed next comes first.
  const refused = partial.refused.toSorted(
    (one, other) => Number(other === attempt.stuck) - Number(one === attempt.stuck),
  );
  const scroller = useFollowing(focusOf(order, step));

  const moveTo = (next: number) => setStep(Math.max(0, Math.min(next, last)));
  const choose = (index: number) => {
    const next = Math.max(0, Math.min(index, partials.length - 1));
    setChosen(next);
    setStep(partials[next]?.steps.length ?? 0);
  };
  const select = (operation: number) => {
    // An operation without a place in this order may have one in another.
    const candidates = [chosen, ...partials.keys()];
    const found = candidates.find((index) => stepOf(partials[index], operation) > 0);
    if (found !== undefined) {
      setChosen(found);
      setStep(stepOf(partials[found], operation));
    }
    const row = operations[operation]?.row;
    if (row !== undefined) onSelect({ kind: "operation", row });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const current = partial.steps[step - 1];
    const actions = new Map([
      ["ArrowLeft", () => moveTo(step - 1)],
      ["ArrowRight", () => moveTo(step + 1)],
      ["Home", () => moveTo(0)],
      ["End", () => moveTo(last)],
      ["ArrowUp", () => choose(chosen - 1)],
      ["ArrowDown", () => choose(chosen + 1)],
      ["Enter", () => current && select(current.operation)],
    ]);
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    const action = isPlain ? actions.get(event.key) : undefined;
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  return (
    <figure class="linearization">
      <Controls
        attempt={attempt}
        chosen={chosen}
        step={step}
        last={last}
        onChoose={choose}
        onMove={moveTo}
      />
      <output class="step" aria-live="polite">
        {stepText(attempt, partial, step)}
        {step === last && refused.length > 0 ? (
          <strong>The model then refuses {listed(operations, refused)}.</strong>
        ) : null}
      </output>
      <div
        class="scroll"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the drawing handles keys itself
        tabIndex={0}
        role="application"
        aria-label={`Orders of ${operations.length} operations${part === undefined ? "" : ` on ${visible(part)}`}. Left and right arrow keys step, up and down choose another order, Enter highlights the operation.`}
        onKeyDown={onKeyDown}
      >
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
          {operations.map((operation, index) => (
            <Operation
              key={operation.invocation}
              run={run}
              operation={operation}
              bar={layout.bars[index]}
              partial={partial}
              position={index}
              step={step}
              isSelected={selection?.kind === "operation" && selection.row === operation.row}
              onSelect={() => select(index)}
            />
          ))}
          <OrderPoints order={order} step={step} />
          <States order={order} step={step} y={layout.stateY} />
        </svg>
      </div>
      <figcaption class="hint">
        Bars last from invocation to completion, along the order of events, not to scale; a dashed
        bar may take effect later still, or never. Numbers are the order in which the model accepts
        the operations, ✕ what it refuses next.
        {omittedCount > 0
          ? ` ${omittedCount.toLocaleString("en")} earlier operations are left out.`
          : ""}{" "}
        Select an operation to highlight its messages.
      </figcaption>
      <OrderTable attempt={attempt} partial={partial} onSelect={select} />
    </figure>
  );
}

interface ControlProps {
  readonly attempt: PageLinearization;
  readonly chosen: number;
  readonly step: number;
  readonly last: number;
  readonly onChoose: (index: number) => void;
  readonly onMove: (step: number) => void;
}

function Controls({ attempt, chosen, step, last, onChoose, onMove }: ControlProps) {
  const { operations, partials } = attempt;
  return (
    <div class="toolbar">
      {partials.length > 1 ? (
        <label>
          Order{" "}
          <select
            value={chosen}
            onChange={({ currentTarget }) => onChoose(Number(currentTarget.value))}
          >
            {partials.map(({ steps }, index) => (
              <option key={index} value={index}>
                {index + 1} of {partials.length}: {steps.length} of {operations.length} operations
              </option>
            ))}
          </select>
        </label>
      ) : null}
      <button
        type="button"
        aria-label="Previous step"
        disabled={step === 0}
        onClick={() => onMove(step - 1)}
      >
        ◀
      </button>
      <input
        type="range"
        min={0}
        max={last}
        value={step}
        aria-label="Step of the order"
        aria-valuetext={`step ${step} of ${last}`}
        onInput={({ currentTarget }) => onMove(Number(currentTarget.value))}
      />
      <button
        type="button"
        aria-label="Next step"
        disabled={step === last}
        onClick={() => onMove(step + 1)}
      >
        ▶
      </button>
    </div>
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

/** Number of the step that places an operation; 0 if none does. */
function stepOf(partial: PagePartial | undefined, operation: number): number {
  return 1 + (partial?.steps.findIndex((step) => step.operation === operation) ?? -1);
}

/** Describes an operation's place in an order. */
function placeText(partial: PagePartial, operation: number): string {
  const step = stepOf(partial, operation);
  if (step > 0) return `step ${step}, then the state is ${partial.steps[step - 1]?.state}`;
  return partial.refused.includes(operation) ? "refused after the last step" : "not in this order";
}

/** The x of what a step is about: its point, or what is refused in the end. */
function focusOf({ points, refusals }: OrderLayout, step: number): number {
  const [refused] = step === points.length ? refusals.slice(-1) : [];
  return (refused ?? points[step - 1])?.x ?? 0;
}

/** Scrolls an element so that the given place is visible. */
function useFollowing(x: number) {
  const scroller = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const room = element.clientWidth - NAMES_WIDTH;
    const margin = Math.min(60, room / 4);
    const from = element.scrollLeft;
    if (x < from + margin || x > from + room - margin) element.scrollLeft = x - room / 2;
  }, [x]);
  return scroller;
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

interface OrderTableProps {
  readonly attempt: PageLinearization;
  readonly partial: PagePartial;
  readonly onSelect: (operation: number) => void;
}

/** The same as text: the steps, what the model then refuses, and what has a place in no order. */
function OrderTable({ attempt, partial, onSelect }: OrderTableProps) {
  const { operations, unplaced } = attempt;
  const { steps, refused, initialState } = partial;
  const end = steps.at(-1)?.state ?? initialState;
  const entry = (step: string, operation: number, state: string) => (
    <tr key={`${step} ${operation}`}>
      <td class="number">{step}</td>
      <td class="number">{operations[operation]?.process}</td>
      <td class="code">
        <LinkButton onClick={() => onSelect(operation)}>
          {visible(operations[operation]?.label ?? "?")}
        </LinkButton>
      </td>
      <td class="code">{visible(state)}</td>
    </tr>
  );
  return (
    <details>
      <summary>The order as a table</summary>
      <Table columns={["step", "process", "operation", "state after it"]}>
        {steps.map(({ operation, state }, index) => entry(`${index + 1}`, operation, state))}
        {refused.map((operation) => entry("refused", operation, `refused in state ${end}`))}
        {unplaced
          .filter((operation) => !refused.includes(operation))
          .map((operation) => entry("none", operation, "has a place in no order"))}
      </Table>
    </details>
  );
}

/** Describes a step: `"Step 3 of 12: process 2, write 5. State: 5"`. */
function stepText(
  { operations }: PageLinearization,
  { steps, initialState }: PagePartial,
  step: number,
): string {
  const current = steps[step - 1];
  if (current === undefined) return visible(`Before step 1. State: ${initialState}`);
  const { process, label } = operations[current.operation] ?? {};
  return visible(
    `Step ${step} of ${steps.length}: process ${process}, ${label}. State: ${current.state}`,
  );
}

/** Lists the first of some operations. */
function listed(operations: readonly PageBar[], positions: readonly number[]): string {
  const texts = positions.slice(0, MAX_LISTED).map((position) => {
    const { process, label = "?" } = operations[position] ?? {};
    return `process ${process}'s ${truncate(label, 40)}`;
  });
  const more = positions.length - texts.length;
  return visible([...texts, ...(more > 0 ? [`${more} more`] : [])].join(" and "));
}

function barText(run: Run, { process, row, start, end, label }: PageBar): string {
  const node = row === undefined ? "" : run.nodeOf(row);
  const until = end === undefined ? "without a known completion" : `to ${run.time(end)}`;
  return `process ${process}${node === "" ? "" : ` on ${node}`}, ${run.time(start)} ${until}, ${label}`;
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
