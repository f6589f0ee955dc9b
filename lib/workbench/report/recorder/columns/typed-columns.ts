/** Columns that grow row by row. */
import type { Column } from "./columnar-codec.ts";

/** Numbers, a value a row. */
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

  /** The rows so far. */
  column(): C {
    return this.#values.slice(0, this.#length) as C; // Slicing keeps the sort of array.
  }
}

/** Texts, each cut after `maxLength` UTF-16 units; all of them together are bounded too. */
export class TextColumn {
  readonly #lengths = new TypedColumn(Uint16Array);
  readonly #parts: string[] = [];
  readonly #maxLength: number;
  #room: number;
  #omittedCount = 0;

  constructor(maxLength: number, totalLength: number) {
    this.#maxLength = maxLength;
    this.#room = totalLength;
  }

  push(text: string): void {
    const kept = text.length <= this.#maxLength ? text : `${text.slice(0, this.#maxLength - 1)}…`;
    if (kept.length > this.#room) {
      this.#omittedCount++;
      this.#lengths.push(0);
      return;
    }
    this.#room -= kept.length;
    this.#lengths.push(kept.length);
    this.#parts.push(kept);
  }

  /** How many texts found no room. */
  get omittedCount(): number {
    return this.#omittedCount;
  }

  lengths(): Uint16Array {
    return this.#lengths.column();
  }

  /** In UTF-8. */
  bytes(): Uint8Array {
    return new TextEncoder().encode(this.#parts.join(""));
  }
}
