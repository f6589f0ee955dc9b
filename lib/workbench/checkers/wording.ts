/** Phrases shared by the sentences of findings. */
import { type Json, stringifyJson } from "../../vortex/index.ts";
import type { Operation } from "../history/history.ts";
import type { Finding } from "./checker.ts";

/** Maximum number of findings of one anomaly in an explanation. */
export const EXAMPLES_PER_KIND = 8;

/** Records in the last example of an anomaly how many more there are. */
export function withMore(examples: readonly Finding[], totalCount: number): readonly Finding[] {
  const [last] = examples.slice(-1);
  const moreCount = totalCount - examples.length;
  return last === undefined || moreCount <= 0
    ? examples
    : [...examples.slice(0, -1), { ...last, moreCount }];
}

/** Formats a time of the history: `"4.210 s"`. */
export function seconds(nanoseconds: number): string {
  return `${(nanoseconds / 1e9).toFixed(3)} s`;
}

/** Formats a duration to the digits that matter: `"28 ms"`, `"28.7 s"`. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Names an operation: `"process 3's read on n1 at 4.210 s"`. */
export function describeOperation({ process, f, node, time }: Operation): string {
  const where = node === undefined ? "" : ` on ${node}`;
  return `process ${process}'s ${f}${where} at ${seconds(time)}`;
}

/** Formats a value as JSON, truncated to 80 characters. */
export function quote(value: Json): string {
  const text = stringifyJson(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** Describes the completion of an operation that was not `ok`: `'ended as info ("net-timeout")'`. */
export function describeOutcome(completion: Operation | undefined): string {
  if (completion === undefined) return "never ended";
  const { type, error } = completion;
  return error === undefined ? `ended as ${type}` : `ended as ${type} (${quote(error)})`;
}

/** Formats a count with its noun: `"1 element"`, `"2 elements"`, `"2 replies"`. */
export function plural(count: number, noun: string, several = `${noun}s`): string {
  return count === 1 ? `1 ${noun}` : `${count} ${several}`;
}

/** Lists items, `"a, b, c"`; beyond 12, states how many more there are. */
export function enumerate<T>(
  items: readonly T[],
  describe: (item: T, index: number) => string,
  separator = ", ",
): string {
  const first = items.slice(0, 12);
  const more = items.length - first.length;
  return [...first.map(describe), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}
