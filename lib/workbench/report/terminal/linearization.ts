/** Formats partial linearizations: the longest, the states in which they end, what has no place. */
import type {
  LinearizationAttempt,
  LinearizationBar,
  PartialLinearization,
} from "../../checkers/checker.ts";
import { plural } from "../../checkers/wording.ts";
import { printable } from "./printable.ts";

/** Number of the last steps and their length in characters; number of final states, and of operations in a list. */
const MAX_STEPS = 6;
const MAX_ORDER_LENGTH = 240;
const MAX_STATES = 3;
const MAX_LISTED = 4;

/** Formats what a search for an order of operations found, in a few indented lines. */
export function linearizationLines(attempt: LinearizationAttempt): string[] {
  const { operations, partials, unplaced } = attempt;
  const [longest] = partials;
  const refusals = new Map<string, ReadonlySet<number>>();
  for (const partial of partials) {
    const state = stateAfter(partial);
    refusals.set(state, new Set([...(refusals.get(state) ?? []), ...partial.refused]));
  }
  const states = [...refusals].filter(([, refused]) => refused.size > 0);
  return [
    ...(longest === undefined ? [] : [describeOrder(attempt, longest)]),
    ...states
      .slice(0, MAX_STATES)
      .map(([state, refused]) => `refused in state ${state}: ${listed(operations, [...refused])}`),
    ...(states.length > MAX_STATES
      ? [`refused in ${plural(states.length - MAX_STATES, "other state")} too`]
      : []),
    ...(unplaced.length === 0
      ? []
      : [`without a place in any order: ${listed(operations, unplaced)}`]),
  ].map((line) => printable(`  ${line.replace(/\s+/g, " ")}`));
}

/** `"longest order (44 earlier operations left out): state 7; write 1, state 1; write 2, state 2"`. */
function describeOrder(
  { operations, omittedCount }: LinearizationAttempt,
  partial: PartialLinearization,
): string {
  const { steps } = partial;
  const texts = steps.map(
    ({ operation, state }) => `${operations[operation]?.label}, state ${state}`,
  );
  const shown = lastFew(texts);
  const before = omittedCount + texts.length - shown.length;
  const omitted = before === 0 ? "" : ` (${plural(before, "earlier operation")} left out)`;
  const first = stateAfter({ ...partial, steps: steps.slice(0, texts.length - shown.length) });
  return `longest order${omitted}: ${[`state ${first}`, ...shown].join("; ")}`;
}

/** Keeps the last texts, as many as fit into a few lines of the terminal, but the last two anyway. */
function lastFew(texts: readonly string[]): readonly string[] {
  let [count, length] = [0, 0];
  for (const text of texts.toReversed()) {
    length += text.length;
    if (count >= 2 && (count === MAX_STEPS || length > MAX_ORDER_LENGTH)) break;
    count++;
  }
  return texts.slice(texts.length - count);
}

function stateAfter({ initialState, steps }: PartialLinearization): string {
  return steps.at(-1)?.state ?? initialState;
}

function listed(operations: readonly LinearizationBar[], positions: readonly number[]): string {
  const texts = positions.slice(0, MAX_LISTED).map((position) => {
    const { process, label } = operations[position] ?? {};
    return `process ${process}'s ${label}`;
  });
  const more = positions.length - texts.length;
  return [...texts, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}
