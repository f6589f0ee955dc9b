/** Which messages are shown. */
import type { Run } from "./run.ts";

export interface Filter {
  /** Names; `""` is all of them. */
  readonly node: string;
  readonly type: string;
  /** A key or a value that the body has; a number or a word is one by itself: 12 is not in 123. */
  readonly text: string;
  readonly onlyLost: boolean;
}

export const NO_FILTER: Filter = { node: "", type: "", text: "", onlyLost: false };

/** The rows of the messages that pass; `undefined` if all do. */
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
 * Row -> 1 if its body has the text.
 *
 * @param from,to Only these rows are looked at; the last one not.
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
    // Two bodies may only seem to have it together.
    const isWithin = begin + match[0].length <= (starts[row + 1] ?? 0);
    if (isWithin) found[row] = 1;
    // The rest of this body is of no interest.
    pattern.lastIndex = isWithin ? (starts[row + 1] ?? last) : begin + 1;
  }
  return found;
}

/** A word or a number is looked for as a whole. */
function patternOf(text: string): string {
  const escaped = text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
  const begin = /^[\w.]/.test(text) ? "(?<![\\w.])" : "";
  const end = /[\w.]$/.test(text) ? "(?![\\w.])" : "";
  return `${begin}${escaped}${end}`;
}
