/**
 * The sorts of cycles that count as anomalies: how to look for each, and what a cycle is.
 *
 * @see Adya, "Weak Consistency" (1999); Elle 0.2.2, elle.txn
 */
import type { AnomalyName, ModelName } from "../consistency-models.ts";
import { PROCESS, REALTIME, type Relations, RW, WR, WW } from "./relations.ts";

/** How many read-write edges a cycle has, and where. */
export type ReadWrites = "none" | "one" | "nonadjacent" | "several";

/** A sort of cycle to look for. */
export interface CycleType {
  readonly name: AnomalyName;
  /** The relations that its edges may have, read-write ones apart. */
  readonly allowed: Relations;
  /** Of these each must occur. */
  readonly required: Relations;
  readonly readWrites: ReadWrites;
}

const BASE_TYPES: readonly CycleType[] = [
  { name: "G0", allowed: WW, required: 0, readWrites: "none" },
  { name: "G1c", allowed: WW | WR, required: WR, readWrites: "none" },
  { name: "G-single-item", allowed: WW | WR, required: 0, readWrites: "one" },
  { name: "G-nonadjacent-item", allowed: WW | WR, required: 0, readWrites: "nonadjacent" },
  { name: "G2-item", allowed: WW | WR, required: 0, readWrites: "several" },
];

/**
 * All sorts, in the order in which they are looked for. What implies others comes first, data
 * dependencies alone before those with a process's order, before those with real time.
 */
export const CYCLE_TYPES: readonly CycleType[] = [
  "G-single-item",
  "G0",
  "G-nonadjacent-item",
  "G-single-item-process",
  "G1c",
  "G-nonadjacent-item-process",
  "G-single-item-realtime",
  "G2-item",
  "G-nonadjacent-item-realtime",
  "G0-process",
  "G1c-process",
  "G2-item-process",
  "G0-realtime",
  "G1c-realtime",
  "G2-item-realtime",
].map(cycleType);

function cycleType(name: AnomalyName): CycleType {
  const [, baseName, order] = /^(.*?)(-process|-realtime)?$/.exec(name) ?? [];
  const base = BASE_TYPES.find((candidate) => candidate.name === baseName);
  if (base === undefined) throw new Error(`"${name}" is no sort of cycle`);
  const relation = order === "-process" ? PROCESS : order === "-realtime" ? REALTIME : 0;
  return {
    ...base,
    name,
    allowed: base.allowed | relation,
    required: base.required | relation,
  };
}

/**
 * The sort of a cycle, given how each of its edges is explained: by one relation, the first that
 * applies.
 */
export function classify(steps: readonly Relations[]): AnomalyName {
  const has = (relation: Relations) => steps.includes(relation);
  const readWrites = steps.filter((step) => step === RW).length;
  const isAdjacent = steps.some((step, i) => step === RW && steps.at(i - 1) === RW);
  const order = has(REALTIME) ? "-realtime" : has(PROCESS) ? "-process" : "";
  if (readWrites === 1) return `G-single-item${order}`;
  if (readWrites > 1) return `${isAdjacent ? "G2-item" : "G-nonadjacent-item"}${order}`;
  return `${has(WR) ? "G1c" : "G0"}${order}`;
}

/** A model, and the part of a dependency graph that has no cycle where the model holds. */
export interface AcyclicPart {
  /** The anomaly that is reported when it has one. */
  readonly name: AnomalyName;
  readonly model: ModelName;
  readonly relations: Relations;
  /** Whether each edge may be followed by a read-write one: no two of those in a row. */
  readonly thenReadWrite: boolean;
}

/** From the weakest demand to the strongest. */
export const ACYCLIC_PARTS: readonly AcyclicPart[] = [
  part("PL-1", WW),
  part("PL-2", WW | WR),
  part("PL-SI", WW | WR, { thenReadWrite: true }),
  part("PL-2.99", WW | WR | RW),
  part("PL-3", WW | WR | RW),
  part("strong-session-PL-1", WW | PROCESS),
  part("strong-session-PL-2", WW | WR | PROCESS),
  part("strong-session-snapshot-isolation", WW | WR | PROCESS, { thenReadWrite: true }),
  part("strong-session-serializable", WW | WR | RW | PROCESS),
  part("strong-PL-1", WW | REALTIME),
  part("strong-PL-2", WW | WR | REALTIME),
  part("strong-snapshot-isolation", WW | WR | REALTIME, { thenReadWrite: true }),
  part("PL-SS", WW | WR | RW | REALTIME),
];

function part(
  model: ModelName,
  relations: Relations,
  { thenReadWrite = false }: { readonly thenReadWrite?: boolean } = {},
): AcyclicPart {
  return { name: `${model}-cycle-exists`, model, relations, thenReadWrite };
}
