/**
 * Defines the types of cycles that are anomalies, and classifies cycles.
 *
 * @see Adya, "Weak Consistency" (1999); Elle 0.2.2, elle.txn
 */
import type { AnomalyName, ModelName } from "../consistency-models.ts";
import { PROCESS, REALTIME, type Relations, RW, WR, WW } from "./relations.ts";

/** The number of read-write edges of a cycle, and whether two may be adjacent. */
export type ReadWrites = "none" | "one" | "nonadjacent" | "several";

export interface CycleType {
  readonly name: AnomalyName;
  /** The relations that its edges may have, apart from read-write. */
  readonly allowed: Relations;
  /** The relations that must all occur. */
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
 * All types in the order of the search. Types that imply others come first, and data dependencies
 * come before process order, which comes before real-time order.
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
  if (base === undefined) throw new Error(`"${name}" is not a type of cycle`);
  const relation = order === "-process" ? PROCESS : order === "-realtime" ? REALTIME : 0;
  return {
    ...base,
    name,
    allowed: base.allowed | relation,
    required: base.required | relation,
  };
}

/** Returns the type of a cycle, given a single relation for each of its edges. */
export function classify(steps: readonly Relations[]): AnomalyName {
  const has = (relation: Relations) => steps.includes(relation);
  const readWrites = steps.filter((step) => step === RW).length;
  const isAdjacent = steps.some((step, i) => step === RW && steps.at(i - 1) === RW);
  const order = has(REALTIME) ? "-realtime" : has(PROCESS) ? "-process" : "";
  if (readWrites === 1) return `G-single-item${order}`;
  if (readWrites > 1) return `${isAdjacent ? "G2-item" : "G-nonadjacent-item"}${order}`;
  return `${has(WR) ? "G1c" : "G0"}${order}`;
}

/** A model, and the part of the dependency graph that is acyclic if the model holds. */
export interface AcyclicPart {
  /** The anomaly that is reported if the part has a cycle. */
  readonly name: AnomalyName;
  readonly model: ModelName;
  readonly relations: Relations;
  /** Whether a read-write edge may follow each edge; never two in a row. */
  readonly thenReadWrite: boolean;
}

/** From the weakest model to the strongest, within each session guarantee. */
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
