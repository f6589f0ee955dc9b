/** The faults that belong to a selection's story. */
import type { FaultSpan } from "../../recorder/run-data.ts";
import type { Run } from "./run.ts";
import { extentOf, operationsOf, type Selection } from "./selection.ts";

/**
 * Returns the faults that were active between the first and the last selected event, on a node that takes
 * part in them or on the whole network, in order of time.
 *
 * @param messages Rows of the highlighted messages.
 */
export function faultsBeside(
  run: Run,
  selection: Selection,
  messages: readonly number[],
): readonly FaultSpan[] {
  const { faults, lanes } = run.header;
  const [first, last] = extentOf(run, selection, messages);
  const { messageSource, messageDest } = run.columns;
  const involved = new Set([
    ...operationsOf(run, selection).map((row) => run.nodeOf(row)),
    ...messages
      .flatMap((row) => [messageSource[row] ?? 0, messageDest[row] ?? 0])
      .map((lane) => run.lane(lane)),
  ]);
  const nodes = new Set(lanes.filter(({ role }) => role === "node").map(({ name }) => name));
  return faults
    .filter(({ from, to }) => from <= last && to >= first)
    .filter(({ detail }) => {
      // A fault names its nodes in words: "n0 n1 | n2", "n0 killed".
      const named = detail.split(/[\s,|]+/).filter((word) => nodes.has(word));
      return named.length === 0 || named.some((node) => involved.has(node));
    })
    .sort((one, other) => one.from - other.from);
}
