/** Filters messages by node, type, content and loss. */
import type { Run } from "./run.ts";

export interface Filter {
  /** A name; `""` for all. */
  readonly node: string;
  readonly type: string;
  /** Text in the body. Numbers and words match as a whole: 12 does not match 123. */
  readonly text: string;
  readonly onlyLost: boolean;
}

export const NO_FILTER: Filter = { node: "", type: "", text: "", onlyLost: false };

/** Returns the rows of the messages that match; `undefined` if the filter is empty. */
export function filterMessages(run: Run, filter: Filter): Uint32Array | undefined {
  const { node, type, text, onlyLost } = filter;
  if (node === "" && type === "" && text === "" && !onlyLost) return undefined;
  const { messageSource, messageDest, messageType, messageFlight } = run.columns;
  const lane = run.header.lanes.findIndex(({ name }) => name === node);
  const wantedType = run.header.messageTypes.indexOf(type);
  const withText = text === "" ? undefined : rowsWithText(run, text);
  const rows = new Uint32Array(run.messageCount);
  let count = 0;
  for (let row = 0; row < rows.length; row++) {
    if (node !== "" && messageSource[row] !== lane && messageDest[row] !== lane) continue;
    if (type !== "" && messageType[row] !== wantedType) continue;
    if (onlyLost && (messageFlight[row] ?? 0) >= 0) continue;
    if (withText !== undefined && withText[row] === 0) continue;
    rows[count++] = row;
  }
  return rows.subarray(0, count);
}

/**
 * Returns 1 for each row whose body contains the text.
 *
 * @param from,to Rows to search; `to` is excluded.
 */
export function rowsWithText(run: Run, text: string, from = 0, to = run.messageCount): Uint8Array {
  const { text: bodies, starts } = run.bodies;
  const found = new Uint8Array(run.messageCount);
  const pattern = new RegExp(patternOf(text), "giu");
  const last = starts[to] ?? bodies.length;
  let row = from;
  pattern.lastIndex = starts[from] ?? 0;
  for (let match = pattern.exec(bodies); match !== null; match = pattern.exec(bodies)) {
    const begin = match.index;
    if (begin >= last) break;
    while ((starts[row + 1] ?? 0) <= begin) row++;
    // A match across the end of a body belongs to neither.
    const isWithin = begin + match[0].length <= (starts[row + 1] ?? 0);
    if (isWithin) found[row] = 1;
    // One match per body is enough.
    pattern.lastIndex = isWithin ? (starts[row + 1] ?? last) : begin + 1;
  }
  return found;
}

/** Builds a pattern that matches words and numbers as a whole. */
function patternOf(text: string): string {
  const escaped = text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  const begin = /^[\w.]/.test(text) ? "(?<![\\w.])" : "";
  const end = /[\w.]$/.test(text) ? "(?![\\w.])" : "";
  return `${begin}${escaped}${end}`;
}
