/**
 * How far a path has come towards a cycle of some sort.
 *
 * @see Elle 0.2.2, elle.BFSPath
 */
import type { CycleType } from "./cycle-types.ts";
import { type Relations, RW, WW } from "./relations.ts";

/**
 * A path's progress, in one integer: the required relations that it still lacks, how many
 * read-write edges it lacks, and whether it may take one next.
 */
export type Progress = number;

/** All progress is less than this. */
export const PROGRESS_LIMIT = 0x400;

const LACKED_RELATIONS = 0x1f;
const LACKED_READ_WRITES = 0x60;
/** One of 0, 1 or 2 that are lacked. */
const LACKED_READ_WRITE = 0x20;

/** Whether a read-write edge may be taken next. */
const MODE = 0x380;
const NEVER = 0x000;
const ALWAYS = 0x080;
/** This once, and no other after. */
const ONCE = 0x100;
/** Yes, as the last edge was none, or there is none yet. */
const FREE = 0x180;
/** No, as the last edge was one. */
const TAKEN = 0x200;

const START: Readonly<Record<CycleType["readWrites"], Progress>> = {
  none: NEVER,
  one: ONCE | LACKED_READ_WRITE,
  nonadjacent: FREE | (2 * LACKED_READ_WRITE),
  several: ALWAYS | (2 * LACKED_READ_WRITE),
};

/** The progress of a path without an edge. */
export function startOf(type: CycleType): Progress {
  return START[type.readWrites] | type.required;
}

/** Whether a path that closes a cycle makes one of the sort. */
export function isComplete(progress: Progress): boolean {
  return (progress & (LACKED_RELATIONS | LACKED_READ_WRITES)) === 0 && (progress & MODE) !== TAKEN;
}

/**
 * The different ways to go on by an edge of some relations, as the progress after each.
 *
 * @param isFirst Whether this is the path's first edge. A cycle can be told from any of its edges;
 *   so it has to begin with one that is lacked.
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
  const mindsReadWrite = lacksReadWrite || mode === ONCE || mode === FREE;
  if (mindsReadWrite && mode !== NEVER && mode !== TAKEN && (relations & RW) !== 0) {
    result.push(step(progress, RW));
  }
  if (lacksReadWrite && isFirst) return result;

  const lacked = progress & LACKED_RELATIONS;
  for (let relation = WW; relation <= LACKED_RELATIONS; relation <<= 1) {
    if ((relations & lacked & relation) !== 0) result.push(step(progress, relation));
  }
  if (lacked !== 0 && isFirst) return result;

  // Which of the other relations is taken makes no difference.
  const others = allowed | (mode === ALWAYS && !mindsReadWrite ? RW : 0);
  const other = relations & others & ~lacked;
  if (other !== 0) result.push(step(progress, other & -other));
  return result;
}

/** The progress after an edge by a relation that may be taken. */
function step(progress: Progress, relation: Relations): Progress {
  const mode = progress & MODE;
  if (relation !== RW) return (mode === TAKEN ? progress - TAKEN + FREE : progress) & ~relation;
  const isLacked = (progress & LACKED_READ_WRITES) !== 0;
  const counted = isLacked ? progress - LACKED_READ_WRITE : progress;
  if (mode === ONCE) return counted - ONCE + NEVER;
  if (mode === FREE) return counted - FREE + TAKEN;
  return counted;
}
