/** Sentences about partial linearizations. */
import type { PageBar, PageLinearization, PagePartial } from "../../recorder/run-data.ts";
import { truncate, visible } from "../parts/visible-text.ts";
import type { Run } from "../run/run.ts";

/** Stands for the orders of an attempt without any. */
export const NO_ORDER: PagePartial = { initialState: "", steps: [], refused: [] };

/** Number of operations that a sentence lists. */
const MAX_LISTED = 4;

/** Number of the step that places an operation; 0 if none does. */
export function stepOf(partial: PagePartial | undefined, operation: number): number {
  return 1 + (partial?.steps.findIndex((step) => step.operation === operation) ?? -1);
}

/** Describes an operation's place in an order. */
export function placeText(partial: PagePartial, operation: number): string {
  const step = stepOf(partial, operation);
  if (step > 0) return `step ${step}, then the state is ${partial.steps[step - 1]?.state}`;
  return partial.refused.includes(operation) ? "refused after the last step" : "not in this order";
}

/** Describes a step: `"Step 3 of 12: process 2, write 5. State: 5"`. */
export function stepText(
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
export function listed(operations: readonly PageBar[], positions: readonly number[]): string {
  const texts = positions.slice(0, MAX_LISTED).map((position) => {
    const { process, label = "?" } = operations[position] ?? {};
    return `process ${process}'s ${truncate(label, 40)}`;
  });
  const more = positions.length - texts.length;
  return visible([...texts, ...(more > 0 ? [`${more} more`] : [])].join(" and "));
}

export function barText(run: Run, { process, row, start, end, label }: PageBar): string {
  const node = row === undefined ? "" : run.nodeOf(row);
  const until = end === undefined ? "without a known completion" : `to ${run.time(end)}`;
  return `process ${process}${node === "" ? "" : ` on ${node}`}, ${run.time(start)} ${until}, ${label}`;
}
