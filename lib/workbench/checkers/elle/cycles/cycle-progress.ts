/**
 * Tracks what a path lacks to become a cycle of a given type.
 *
 * @see Elle 0.2.2, elle.BFSPath
 */
import type { CycleType } from "./cycle-types.ts";
import { type Relations, RW, WW } from "./relations.ts";

/**
 * The progress of a path, packed into an integer: the required relations it lacks, the number of
 * read-write edges it lacks, and whether its next edge may be read-write.
 */
export type Progress = number;

/** Upper bound of all progress, exclusive. */
export const PROGRESS_LIMIT = 0x400;

const LACKED_RELATIONS = 0x1f;
const LACKED_READ_WRITES = 0x60;
/** The unit in which 0, 1 or 2 lacked read-write edges are counted. */
const LACKED_READ_WRITE = 0x20;

/** Whether the next edge may be read-write. */
const MODE = 0x380;
const NEVER = 0x000;
const ALWAYS = 0x080;
/** Only once. */
const ONCE = 0x100;
/** Yes: the last edge was not read-write, or this is the first. */
const FREE = 0x180;
/** No: the last edge was read-write. */
const TAKEN = 0x200;

const START: Readonly<Record<CycleType["readWrites"], Progress>> = {
  none: NEVER,
  one: ONCE | LACKED_READ_WRITE,
  nonadjacent: FREE | (2 * LACKED_READ_WRITE),
  several: ALWAYS | (2 * LACKED_READ_WRITE),
};

/** Returns the progress of a path without edges. */
export function startOf(type: CycleType): Progress {
  return START[type.readWrites] | type.required;
}

/** Whether a path that closes a cycle has the type. */
export function isComplete(progress: Progress): boolean {
  return (progress & (LACKED_RELATIONS | LACKED_READ_WRITES)) === 0 && (progress & MODE) !== TAKEN;
}

/**
 * Returns the progress after each way to follow an edge of the given relations.
 *
 * @param isFirst Whether this is the path's first edge. A cycle can start at any of its edges, so
 *   the search only starts at one that is lacked.
 */
export function progressAfter(
  progress: Progress,
  relations: Relations,
  { allowed }: CycleType,
  isFirst: boolean,
): Progress[] {
  const result: Progress[] = [];
  const mode = progress & MODE;
  const lacksReadWrite = (progress & LACKED_READ_WRITES) !== 0;
  const tracksReadWrite = lacksReadWrite || mode === ONCE || mode === FREE;
  if (tracksReadWrite && mode !== NEVER && mode !== TAKEN && (relations & RW) !== 0) {
    result.push(step(progress, RW));
  }
  if (lacksReadWrite && isFirst) return result;

  const lacked = progress & LACKED_RELATIONS;
  for (let relation = WW; relation <= LACKED_RELATIONS; relation <<= 1) {
    if ((relations & lacked & relation) !== 0) result.push(step(progress, relation));
  }
  if (lacked !== 0 && isFirst) return result;

  // Any of the other relations will do.
  const others = allowed | (mode === ALWAYS && !tracksReadWrite ? RW : 0);
  const other = relations & others & ~lacked;
  if (other !== 0) result.push(step(progress, other & -other));
  return result;
}

/** Returns the progress after an edge of an allowed relation. */
function step(progress: Progress, relation: Relations): Progress {
  const mode = progress & MODE;
  if (relation !== RW) return (mode === TAKEN ? progress - TAKEN + FREE : progress) & ~relation;
  const isLacked = (progress & LACKED_READ_WRITES) !== 0;
  const counted = isLacked ? progress - LACKED_READ_WRITE : progress;
  if (mode === ONCE) return counted - ONCE + NEVER;
  if (mode === FREE) return counted - FREE + TAKEN;
  return counted;
}
