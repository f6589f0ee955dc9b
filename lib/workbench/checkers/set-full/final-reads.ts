/** Finds the nodes whose final reads all lacked an element, although it was known by then. */
import { isArray, jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import {
  type History,
  isClientOperation,
  type Operation,
  type Process,
} from "../../history/history.ts";
import { compareNaturally } from "../../natural-order.ts";

interface Read {
  readonly invocation: Operation;
  readonly keys: ReadonlySet<string>;
}

export class FinalReads {
  readonly #byNode: ReadonlyMap<string, readonly Read[]>;

  constructor(history: History) {
    this.#byNode = Map.groupBy(finalReadsOf(history), ({ invocation }) => placeOf(invocation));
  }

  /** The nodes that were read after the element was known, none of whose final reads has it. */
  nodesWithout(element: Json, known: Operation): readonly string[] {
    const key = jsonKey(element);
    return [...this.#byNode]
      .filter(([, reads]) =>
        reads.every(({ invocation, keys }) => invocation.index > known.index && !keys.has(key)),
      )
      .map(([node]) => node)
      .sort(compareNaturally);
  }

  get nodeCount(): number {
    return this.#byNode.size;
  }
}

function finalReadsOf(history: History): Read[] {
  const open = new Map<Process, Operation>();
  const reads: Read[] = [];
  for (const operation of history) {
    if (!isClientOperation(operation) || operation.f !== "read") continue;
    const { type, process, final } = operation;
    if (type === "invoke") open.set(process, operation);
    const invocation = open.get(process);
    if (type === "ok" && final === true && invocation !== undefined) {
      reads.push({ invocation, keys: keysOf(operation) });
    }
  }
  return reads;
}

/** The node of a read. Maelstrom's histories name none: its process stands for it. */
function placeOf({ node, process }: Operation): string {
  return node ?? `process ${process}`;
}

function keysOf({ value }: Operation): ReadonlySet<string> {
  return new Set((isArray(value) ? value : []).map(jsonKey));
}
