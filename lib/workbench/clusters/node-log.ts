/** The stderr of a node, as far as it is kept to explain errors. */
import { shorten } from "../../protocol/shorten.ts";
import type { NodeId } from "../../vortex/index.ts";

const MAX_SHOWN_LENGTH = 1000;

/** Cuts a line of output to a length that can be stored and printed. */
export function shownLine(line: string): string {
  return shorten(line, MAX_SHOWN_LENGTH);
}

/** Number of first lines that are kept: most programs log their first errors soon. */
const FIRST_LINE_COUNT = 1000;
/** Number of last lines that are kept. */
const LAST_LINE_COUNT = 32;

export class NodeLog {
  readonly #first: string[] = [];
  readonly #last: string[] = [];

  add(line: string): void {
    const shown = shownLine(line);
    if (this.#first.length < FIRST_LINE_COUNT) this.#first.push(copyOf(shown));
    this.#last.push(shown);
    if (this.#last.length > LAST_LINE_COUNT) this.#last.shift();
  }

  get first(): readonly string[] {
    return this.#first;
  }

  get last(): readonly string[] {
    return this.#last;
  }
}

/** The logs of several nodes. */
export class NodeLogs {
  readonly #logs = new Map<NodeId, NodeLog>();

  of(node: NodeId): NodeLog {
    return this.#logs.getOrInsertComputed(node, () => new NodeLog());
  }
}

/** Copies a text. A slice would keep the whole chunk of output in memory from which it was cut. */
function copyOf(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}
