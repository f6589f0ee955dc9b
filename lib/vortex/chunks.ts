/**
 * Splits items into chunks, in order, each as large as `maxLength` allows.
 *
 * @param maxLength Maximum total length of a chunk; a single longer item is a chunk by itself.
 * @param lengthOf Length of an item, in the unit of `maxLength`: mostly characters.
 */
export function* chunks<T>(
  items: Iterable<T>,
  maxLength: number,
  lengthOf: (item: T) => number,
): Generator<T[], undefined> {
  let chunk: T[] = [];
  let length = 0;
  for (const item of items) {
    const itemLength = lengthOf(item);
    if (chunk.length > 0 && length + itemLength > maxLength) {
      yield chunk;
      chunk = [];
      length = 0;
    }
    chunk.push(item);
    length += itemLength;
  }
  if (chunk.length > 0) yield chunk;
}

/** Returns the first of the {@link chunks}, or an empty one; reads no further than it must. */
export function takeChunk<T>(
  items: Iterable<T>,
  maxLength: number,
  lengthOf: (item: T) => number,
): T[] {
  return chunks(items, maxLength, lengthOf).next().value ?? [];
}
