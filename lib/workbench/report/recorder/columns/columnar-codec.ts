/** Encodes a JSON header and columns of numbers as one block of bytes, and decodes it. */

const ARRAYS = {
  Uint8Array,
  Uint16Array,
  Uint32Array,
  Int32Array,
  Float64Array,
} as const;
type ArrayName = keyof typeof ARRAYS;
export type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;
export type Columns = Readonly<Record<string, Column>>;

interface BlockHeader {
  readonly header: unknown;
  readonly columns: readonly (readonly [name: string, array: ArrayName, length: number])[];
}

const ALIGNMENT = 8;

/** Encodes a block: the length of the JSON, the JSON, then the columns, each aligned to 8 bytes. */
export function encodeBlock(header: object, columns: Columns): Uint8Array<ArrayBuffer> {
  const directory = Object.entries(columns).map(
    ([name, column]) => [name, arrayNameOf(column), column.length] as const,
  );
  const blockHeader: BlockHeader = { header, columns: directory };
  const json = new TextEncoder().encode(JSON.stringify(blockHeader));
  let size = aligned(4 + json.length);
  for (const column of Object.values(columns)) size += aligned(column.byteLength);

  const block = new Uint8Array(size);
  new DataView(block.buffer).setUint32(0, json.length, true);
  block.set(json, 4);
  let offset = aligned(4 + json.length);
  for (const column of Object.values(columns)) {
    block.set(new Uint8Array(column.buffer, column.byteOffset, column.byteLength), offset);
    offset += aligned(column.byteLength);
  }
  return block;
}

/**
 * Decodes a block. The columns are views into it.
 *
 * Numbers are read in the machine's byte order, which is little-endian wherever Bun or a browser runs.
 */
export function decodeBlock(block: Uint8Array<ArrayBuffer>): {
  header: unknown;
  columns: Columns;
} {
  const start = block.byteOffset;
  const jsonLength = new DataView(block.buffer, start).getUint32(0, true);
  const json = new TextDecoder().decode(block.subarray(4, 4 + jsonLength));
  const { header, columns }: BlockHeader = JSON.parse(json);
  let offset = aligned(4 + jsonLength);
  const entries = columns.map(([name, array, length]) => {
    const column = new ARRAYS[array](block.buffer, start + offset, length);
    offset += aligned(column.byteLength);
    return [name, column] as const;
  });
  return { header, columns: Object.fromEntries(entries) };
}

function arrayNameOf(column: Column): ArrayName {
  const found = Object.entries(ARRAYS).find(([, array]) => column instanceof array);
  if (found === undefined) throw new Error("Cannot encode a column of this type");
  return found[0] as ArrayName; // Object.entries() widens the keys to string.
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** Replaces each value by its difference from the previous one: rising values compress better. */
export function toDeltas(values: Iterable<number>, count: number): Int32Array {
  const deltas = new Int32Array(count);
  let [row, last] = [0, 0];
  for (const value of values) {
    deltas[row++] = value - last;
    last = value;
  }
  return deltas;
}

/** Restores the values from {@link toDeltas}. */
export function fromDeltas(deltas: Int32Array): Int32Array {
  const values = new Int32Array(deltas.length);
  let sum = 0;
  for (let row = 0; row < deltas.length; row++) {
    sum += deltas[row] ?? 0;
    values[row] = sum;
  }
  return values;
}
