/**
 * Reads operations as Jepsen prints them, one per line, several times as fast as {@link EdnReader} does.
 *
 * Reads what most operations consist of. Anything else is left to `EdnReader`, which also explains what
 * is not EDN. The values are the same.
 */
import type { Json } from "../../vortex/index.ts";
import { endsToken, objectOf } from "./edn.ts";

/** An operation as printed, with the fields that every operation has. */
export interface PrintedOperation {
  readonly type: Json;
  readonly f: Json;
  readonly value: Json;
  readonly time: Json;
  readonly process: Json;
  readonly index: Json;
  readonly error?: Json;
}

/** The tag of records, which Jepsen prints before each operation or not. */
const TAG = "#jepsen.history.Op";

const FIELDS = ["type", "f", "value", "time", "process", "index", "error"] as const;
const FIELD_OF: ReadonlyMap<string, number> = new Map(FIELDS.map((name, field) => [name, field]));
const ERROR = 6;
/** One bit for each field but `error`. */
const REQUIRED = (1 << ERROR) - 1;

/** In place of a form that is left to `EdnReader`. */
const OTHER = Symbol("other");

const MAX_DEPTH = 32;
/** Longer integers may be beyond the ones that a number holds. */
const MAX_DIGITS = 15;
/** Longer words are not kept. */
const MAX_WORD_LENGTH = 32;
const MAX_WORDS = 1 << 10;

export class JepsenLineReader {
  #text = "";
  #at = 0;
  /** Words by hash: one that is read again is the same string, which is compared at once. */
  readonly #words: (string | undefined)[] = Array.from({ length: MAX_WORDS });
  readonly #values: Json[] = FIELDS.map(() => null);
  /** The fields of the last operation, in order: most have the same. */
  readonly #order: { readonly text: string; readonly field: number }[] = [];

  /** Index behind the operation that was read last. */
  get end(): number {
    return this.#at;
  }

  /** Reads the operation that starts at an index, or returns `undefined` if `EdnReader` has to. */
  read(text: string, at: number): PrintedOperation | undefined {
    this.#text = text;
    this.#at = at;
    if (text.charCodeAt(at) === HASH && text.startsWith(TAG, at)) this.#at += TAG.length;
    if (text.charCodeAt(this.#at++) !== OPEN_BRACE) return undefined;
    const values = this.#values;
    let seen = 0;
    for (let position = 0; !this.#skipTo(CLOSE_BRACE); position++) {
      const field = this.#readField(position);
      if (field === undefined || (seen & (1 << field)) !== 0) return undefined;
      const value = this.#readForm(0);
      if (value === OTHER) return undefined;
      seen |= 1 << field;
      values[field] = value;
    }
    if ((seen & REQUIRED) !== REQUIRED) return undefined;
    const [type = null, f = null, value = null, time = null, process = null, index = null] = values;
    return seen === REQUIRED
      ? { type, f, value, time, process, index }
      : { type, f, value, time, process, index, error: values[ERROR] ?? null };
  }

  /** Skips blanks, and a closing character behind them. Returns whether it was there. */
  #skipTo(close: number): boolean {
    const text = this.#text;
    let at = this.#at;
    let code = text.charCodeAt(at);
    // A line break is left, so that lines are counted.
    while (code === 0x20 || code === COMMA) code = text.charCodeAt(++at);
    this.#at = code === close ? at + 1 : at;
    return code === close;
  }

  #readField(position: number): number | undefined {
    const expected = this.#order[position];
    if (expected !== undefined && startsWith(this.#text, expected.text, this.#at)) {
      this.#at += expected.text.length;
      return expected.field;
    }
    const from = this.#at;
    if (this.#text.charCodeAt(this.#at++) !== COLON) return undefined;
    const field = FIELD_OF.get(this.#readWord());
    if (field === undefined || this.#text.charCodeAt(this.#at++) !== 0x20) return undefined;
    this.#order[position] = { text: this.#text.slice(from, this.#at), field };
    return field;
  }

  #readForm(depth: number): Json | typeof OTHER {
    const code = this.#text.charCodeAt(this.#at);
    switch (code) {
      case COLON:
        this.#at++;
        return this.#readWord();
      case OPEN_BRACKET:
        return this.#readList(CLOSE_BRACKET, depth);
      case OPEN_BRACE: {
        const items = this.#readList(CLOSE_BRACE, depth);
        return items === OTHER || items.length % 2 === 1 ? OTHER : objectOf(items);
      }
      case QUOTE:
        return this.#readString();
      case LETTER_N:
        return this.#readName("nil", null);
      case LETTER_T:
        return this.#readName("true", true);
      case LETTER_F:
        return this.#readName("false", false);
      default:
        return this.#readInteger();
    }
  }

  #readList(close: number, depth: number): Json[] | typeof OTHER {
    if (depth === MAX_DEPTH) return OTHER;
    this.#at++;
    const items: Json[] = [];
    while (!this.#skipTo(close)) {
      const item = this.#readForm(depth + 1);
      if (item === OTHER) return OTHER;
      items.push(item);
    }
    return items;
  }

  #readString(): string | typeof OTHER {
    const text = this.#text;
    const from = this.#at + 1;
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === BACKSLASH || code === LINE_BREAK) return OTHER;
      if (code !== QUOTE) continue;
      this.#at = at + 1;
      return text.slice(from, at);
    }
    return OTHER;
  }

  #readName<Value>(name: string, value: Value): Value | typeof OTHER {
    if (!this.#text.startsWith(name, this.#at)) return OTHER;
    this.#at += name.length;
    return endsToken(this.#text.charCodeAt(this.#at)) ? value : OTHER;
  }

  #readInteger(): number | typeof OTHER {
    const text = this.#text;
    const isNegative = text.charCodeAt(this.#at) === MINUS;
    const from = isNegative ? this.#at + 1 : this.#at;
    let at = from;
    let value = 0;
    for (; ; at++) {
      const digit = text.charCodeAt(at) - DIGIT_ZERO;
      // NaN beyond the end of the text, which ends the number too.
      if (!(digit >= 0 && digit <= 9)) break;
      value = 10 * value + digit;
    }
    const length = at - from;
    const hasZero = text.charCodeAt(from) === DIGIT_ZERO && (length > 1 || isNegative);
    if (length === 0 || length > MAX_DIGITS || hasZero) return OTHER;
    if (!endsToken(text.charCodeAt(at))) return OTHER;
    this.#at = at;
    return isNegative ? -value : value;
  }

  #readWord(): string {
    const text = this.#text;
    const from = this.#at;
    let at = from;
    let hash = 0;
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (endsToken(code)) break;
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    this.#at = at;
    const length = at - from;
    if (length > MAX_WORD_LENGTH) return text.slice(from, at);
    const slot = (hash ^ (hash >>> 10)) & (MAX_WORDS - 1);
    const known = this.#words[slot];
    if (known?.length === length && startsWith(text, known, from)) return known;
    const word = text.slice(from, at);
    this.#words[slot] = word;
    return word;
  }
}

/** As the method does, without the cost of a call into the engine. */
function startsWith(text: string, start: string, from: number): boolean {
  for (let index = 0; index < start.length; index++) {
    if (text.charCodeAt(from + index) !== start.charCodeAt(index)) return false;
  }
  return true;
}

const LINE_BREAK = 0x0a;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DIGIT_ZERO = 0x30;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LETTER_F = 0x66;
const LETTER_N = 0x6e;
const LETTER_T = 0x74;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
