/**
 * The relations by which one transaction precedes another.
 *
 * An edge of a dependency graph carries a set of them, as bits.
 *
 * @see Adya, Liskov, O'Neil, "Generalized Isolation Level Definitions" (2000), section 4.4
 */

/** Write-write: the second overwrote what the first wrote. */
export const WW = 1;
/** Write-read: the second read what the first wrote. */
export const WR = 2;
/** Read-write: the second overwrote what the first read. */
export const RW = 4;
/** The same process executed the first, then the second. */
export const PROCESS = 8;
/** The first completed before the second was invoked. */
export const REALTIME = 16;

export const RELATION_NAMES: ReadonlyMap<Relations, string> = new Map([
  [WW, "ww"],
  [WR, "wr"],
  [RW, "rw"],
  [PROCESS, "process"],
  [REALTIME, "realtime"],
]);

/** A set of relations. */
export type Relations = number;

export const ALL_RELATIONS: Relations = WW | WR | RW | PROCESS | REALTIME;
