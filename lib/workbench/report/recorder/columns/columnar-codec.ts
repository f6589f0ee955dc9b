/** A header of JSON and columns of numbers <-> one block of bytes. */

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

interface Packed {
  readonly header: unknown;
  readonly columns: readonly (readonly [name: string, array: ArrayName, length: number])[];
}

const ALIGNMENT = 8;

/** Puts all into one block: the length of the JSON, the JSON, the columns, each aligned. */
export function encodeBlock(header: object, columns: Columns): Uint8Array<ArrayBuffer> {
  const directory = Object.entries(columns).map(
    ([name, column]) => [name, arrayNameOf(column), column.length] as const,
  );
  const packed: Packed = { header, columns: directory };
  const json = new TextEncoder().encode(JSON.stringify(packed));
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

/** Takes a block apart; the columns lie within it. All machines that run this are little-endian. */
export function decodeBlock(block: Uint8Array<ArrayBuffer>): { header: unknown; columns: Columns } {
  const start = block.byteOffset;
  const jsonLength = new DataView(block.buffer, start).getUint32(0, true);
  const json = new TextDecoder().decode(block.subarray(4, 4 + jsonLength));
  const { header, columns }: Packed = JSON.parse(json);
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
  if (found === undefined) throw new Error("This sort of column cannot be packed");
  return found[0] as ArrayName; // Object.entries forgets which keys there are.
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** Each value's difference from the one before it: small numbers where values rise. */
export function toDeltas(values: Iterable<number>, count: number): Int32Array {
  const result = new Int32Array(count);
  let [row, last] = [0, 0];
  for (const value of values) {
    result[row++] = value - last;
    last = value;
  }
  return result;
}

/** Undoes {@link toDeltas}. */
export function fromDeltas(values: Int32Array): Int32Array {
  const result = new Int32Array(values.length);
  let sum = 0;
  for (let row = 0; row < values.length; row++) {
    sum += values[row] ?? 0;
    result[row] = sum;
  }
  return result;
}
