/** Columns that grow row by row. */
import type { Column } from "./columnar-codec.ts";

/** A growing typed array: one number per row. */
export class TypedColumn<C extends Column> {
  readonly #make: new (
    length: number,
  ) => C;
  #values: C;
  #length = 0;

  constructor(make: new (length: number) => C) {
    this.#make = make;
    this.#values = new make(1024);
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new this.#make(2 * this.#length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }

  at(row: number): number {
    return this.#values[row] ?? 0;
  }

  set(row: number, value: number): void {
    this.#values[row] = value;
  }

  /** Copies the rows into an array of their exact length. */
  column(): C {
    return this.#values.slice(0, this.#length) as C; // slice() returns the same array type.
  }
}

/** Cuts a text, but not within a number of a list or an object: a part of it would be read as another one. */
function cut(text: string, maxLength: number): string {
  return `${text.slice(0, maxLength - 1).replace(/([[,:])-?\d[\d.eE+-]*$/, "$1")}…`;
}

/** Texts, one per row. Each is truncated to `maxLength` UTF-16 units; their total is bounded too. */
export class TextColumn {
  readonly #lengths = new TypedColumn(Uint16Array);
  readonly #parts: string[] = [];
  readonly #maxLength: number;
  #remainingLength: number;
  #omittedCount = 0;

  constructor(maxLength: number, totalLength: number) {
    this.#maxLength = maxLength;
    this.#remainingLength = totalLength;
  }

  push(text: string): void {
    const kept = text.length <= this.#maxLength ? text : cut(text, this.#maxLength);
    if (kept.length > this.#remainingLength) {
      this.#omittedCount++;
      this.#lengths.push(0);
      return;
    }
    this.#remainingLength -= kept.length;
    this.#lengths.push(kept.length);
    this.#parts.push(kept);
  }

  /** Number of texts omitted because the total was used up. */
  get omittedCount(): number {
    return this.#omittedCount;
  }

  lengths(): Uint16Array {
    return this.#lengths.column();
  }

  /** All texts, concatenated, in UTF-8. */
  bytes(): Uint8Array {
    return new TextEncoder().encode(this.#parts.join(""));
  }
}
