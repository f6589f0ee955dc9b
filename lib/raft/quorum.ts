/** Majorities. */

/** Number of nodes in a majority. */
export function majority(nodeCount: number): number {
  return Math.floor(nodeCount / 2) + 1;
}

/**
 * Returns the highest value that a majority has reached; `-Infinity` if too few count.
 *
 * @param values The values of the nodes that count.
 * @param nodeCount Number of all nodes: those that do not count have reached nothing.
 */
export function reachedByMajority(values: readonly number[], nodeCount: number): number {
  const descending = [...values].sort((one, other) => other - one);
  return descending[majority(nodeCount) - 1] ?? Number.NEGATIVE_INFINITY;
}
