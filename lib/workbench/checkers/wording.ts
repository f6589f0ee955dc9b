/** The phrases that findings share. */
import { type Json, stringifyJson } from "../../vortex/index.ts";
import type { Operation } from "../history/history.ts";

/** How many findings of one kind a verdict tells; the fields count them all. */
export const EXAMPLES_PER_KIND = 8;

/** A time of the history, in seconds: `"4.210 s"`. */
export function seconds(nanoseconds: number): string {
  return `${(nanoseconds / 1e9).toFixed(3)} s`;
}

/** Who did what, and when: `"process 3's read on n1 at 4.210 s"`. */
export function describeOperation({ process, f, node, time }: Operation): string {
  const where = node === undefined ? "" : ` on ${node}`;
  return `process ${process}'s ${f}${where} at ${seconds(time)}`;
}

/** A value as JSON, cut where it would bury the sentence. */
export function quote(value: Json): string {
  const text = stringifyJson(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/** How an operation ended that was not ok: `'ended as info ("net-timeout")'`. */
export function describeOutcome(completion: Operation | undefined): string {
  if (completion === undefined) return "never ended";
  const { type, error } = completion;
  return error === undefined ? `ended as ${type}` : `ended as ${type} (${quote(error)})`;
}

/** `"1 element"`, `"2 elements"`, `"2 replies"`. */
export function plural(count: number, noun: string, several = `${noun}s`): string {
  return count === 1 ? `1 ${noun}` : `${count} ${several}`;
}

/** `"a, b, c"`; of more than a reader will read, the first ones and how many follow. */
export function enumerate<T>(
  items: readonly T[],
  describe: (item: T, index: number) => string,
  separator = ", ",
): string {
  const first = items.slice(0, 12);
  const more = items.length - first.length;
  return [...first.map(describe), ...(more > 0 ? [`and ${more} more`] : [])].join(separator);
}
