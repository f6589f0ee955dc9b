/**
 * Cuts items into portions, in order, each as large as it may be.
 *
 * @param maxLength How long the items of a portion may be together; one item alone may be longer.
 * @param lengthOf In whatever unit `maxLength` has: characters, mostly.
 */
export function* portions<T>(
  items: Iterable<T>,
  maxLength: number,
  lengthOf: (item: T) => number,
): Generator<T[], undefined> {
  let portion: T[] = [];
  let length = 0;
  for (const item of items) {
    const itsLength = lengthOf(item);
    if (portion.length > 0 && length + itsLength > maxLength) {
      yield portion;
      portion = [];
      length = 0;
    }
    portion.push(item);
    length += itsLength;
  }
  if (portion.length > 0) yield portion;
}

/** The first of the {@link portions}; empty if there are no items. No more items are looked at than it takes. */
export function firstPortion<T>(
  items: Iterable<T>,
  maxLength: number,
  lengthOf: (item: T) => number,
): T[] {
  return portions(items, maxLength, lengthOf).next().value ?? [];
}
