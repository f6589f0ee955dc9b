/** Draws operations as bars, and steps through the orders in which the model accepts them. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { PageLinearization, PagePartial } from "../../recorder/run-data.ts";
import { LinkButton } from "../parts/controls.tsx";
import { Table } from "../parts/table.tsx";
import { visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";
import type { Selection } from "../run/selection.ts";
import { LinearizationDrawing, NAMES_WIDTH } from "./linearization-drawing.tsx";
import { layOutLinearization, type OrderLayout } from "./linearization-layout.ts";
import { listed, NO_ORDER, stepOf, stepText } from "./linearization-text.ts";

interface LinearizationProps {
  readonly run: Run;
  readonly attempt: PageLinearization;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection) => void;
}

export function LinearizationGraph({ run, attempt, selection, onSelect }: LinearizationProps) {
  const { operations, partials, omittedCount, part } = attempt;
  const layout = useMemo(() => layOutLinearization(run, attempt), [run, attempt]);
  const [chosen, setChosen] = useState(0);
  const [step, setStep] = useState(partials[0]?.steps.length ?? 0);
  const partial = partials[chosen] ?? NO_ORDER;
  const last = partial.steps.length;
  // The operation that has to be placed next comes first.
  const refused = partial.refused.toSorted(
    (one, other) => Number(other === attempt.stuck) - Number(one === attempt.stuck),
  );
  const scroller = useFollowing(focusOf(layout.orders[chosen], step));

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
        <LinearizationDrawing
          run={run}
          attempt={attempt}
          layout={layout}
          chosen={chosen}
          step={step}
          selectedRow={selection?.kind === "operation" ? selection.row : undefined}
          onSelect={select}
        />
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

/** The x of what a step is about: its point, or what is refused in the end. */
function focusOf(order: OrderLayout | undefined, step: number): number {
  const { points = [], refusals = [] } = order ?? {};
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
