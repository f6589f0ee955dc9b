/**
 * JSON text <-> values, with every number as it was written.
 *
 * `JSON.parse` turns `9007199254740993` into ...992, `1.0` into `1` and `1e400` into `Infinity`.
 * A node that passes a value through must not alter it, and Maelstrom distinguishes `1` from `1.0`.
 * So a number that JavaScript would print differently becomes a `RawNumber`, made by `JSON.rawJSON`:
 * it prints as its source text, and fails `v.number()`.
 *
 * No other file calls `JSON.parse` or `JSON.stringify` on protocol text, with one exception: the
 * process edge uses `JSON.parse` for chunks of input in which `mayHoldRawNumbers` finds none.
 */

/** A number that JavaScript cannot represent as written; `rawJSON` is its source text. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** A value that {@link parseJson} returns. */
export type Json =
  | null
  | boolean
  | number
  | string
  | RawNumber
  | readonly Json[]
  | { readonly [key: string]: Json };

// TypeScript's library does not describe these two yet (ECMAScript "JSON.parse source text access").
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): RawNumber;
  isRawJSON(value: unknown): value is RawNumber;
};

/** Whether a parsed value is a number that JavaScript cannot represent as written. */
export function isRawNumber(value: unknown): value is RawNumber {
  return isRawJSON(value);
}

/**
 * Parses JSON text; a number that JavaScript cannot represent becomes a {@link RawNumber}.
 *
 * @throws {SyntaxError} when the text is not JSON.
 */
export function parseJson(text: string): unknown {
  return mayHoldRawNumbers(text) ? parseKeepingNumbers(text) : JSON.parse(text);
}

/**
 * Whether the arrays and objects of a JSON text are nested more than `levels` deep.
 *
 * For text that is not JSON, the result is arbitrary.
 */
export function isNestedDeeper(text: string, levels: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index);
    else if (code === ARRAY_BEGIN || code === OBJECT_BEGIN) depth++;
    else if (code === ARRAY_END || code === OBJECT_END) depth--;
    if (depth > levels) return true;
  }
  return false;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [ARRAY_BEGIN, ARRAY_END, OBJECT_BEGIN, OBJECT_END] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Returns the index of a string's closing quote, or the length of the text if it has none. */
function endOfString(text: string, begin: number): number {
  for (let end = begin + 1; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === QUOTE) return end;
    if (code === BACKSLASH) end++;
  }
  return text.length;
}

/**
 * Prints a value as one line of JSON.
 *
 * @throws {RangeError} when the value is nested too deeply to print (tens of thousands of levels).
 * @throws {TypeError} when it is not JSON: a cycle, a bigint, `undefined`.
 */
export function stringifyJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`Cannot encode ${typeof value} as JSON`);
  return text;
}

/**
 * Estimates the length of a value as JSON, cheaply: a number counts as 8 characters, and a string's
 * escapes, of up to 6 characters each, are not counted.
 */
export function jsonLength(value: unknown): number {
  if (typeof value === "string") return value.length;
  return typeof value === "object" && value !== null ? stringifyJson(value).length : 8;
}

/**
 * Whether a text may hold a number that needs {@link RawNumber}; `false` means certainly not.
 *
 * Runs on whole chunks of input, so ordinary traffic pays almost nothing: simple patterns one after
 * another take 50 ns per 100 characters together, a single pattern with alternatives 90. Single
 * characters are found faster without a pattern, above all in text beyond ASCII.
 */
export function mayHoldRawNumbers(text: string): boolean {
  if (text.includes(".") || text.includes("E")) return true;
  return /-0/.test(text) || /\d{16}/.test(text) || /\de[-+\d]/.test(text);
}

// A string, skipped whole, or a run of number characters, such as `-1.5e3` or `--1.0`. The closing
// quote is optional, so that an unterminated string is scanned once: requiring it took time quadratic
// in its length.
const STRING_OR_NUMBER = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|[-\d][-+.\deE]*/g;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

// JSON.parse's reviver sees each number's source text, but it recurses: 5,000 levels of nesting
// overflow the stack where plain parsing and printing still work. So each such number is replaced by
// a placeholder before parsing, and restored by a walk with an explicit stack.
//
// The placeholders are 1e-300, 2e-300, ... No other number in the parsed value can equal one: all
// numbers written with an exponent are replaced, and so are plain decimals below 1e-6, which
// JavaScript prints with an exponent.
const PLACEHOLDER_EXPONENT = "e-300";
const PLACEHOLDER_BOUND = 1e-280;
/**
 * Number of distinct numbers per text that share one placeholder and one object across all their
 * occurrences: 5,000,000 times `1.0` took 1.7 GB as separate objects.
 */
const MAX_SHARED = 256;
/** Texts longer than this are checked for syntax errors first. */
const LONG = 2 ** 20;

function parseKeepingNumbers(text: string): unknown {
  // Throws at the first syntax error, before millions of numbers are replaced.
  if (text.length > LONG) JSON.parse(text);
  const numbers: RawNumber[] = [];
  const placeholders = new Map<string, string>();
  const replaced = text.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"') || isExact(token)) return token;
    const known = placeholders.get(token);
    if (known !== undefined) return known;
    if (!NUMBER.test(token)) return token;
    numbers.push(rawJSON(token));
    const placeholder = `${numbers.length}${PLACEHOLDER_EXPONENT}`;
    if (placeholders.size < MAX_SHARED) placeholders.set(token, placeholder);
    return placeholder;
  });
  if (numbers.length === 0) return JSON.parse(text);

  let root: unknown;
  try {
    root = JSON.parse(replaced);
  } catch {
    return JSON.parse(text); // Throws too, with positions in the original text.
  }
  return restore(root, numbers);
}

/** Whether JavaScript prints a number token as written, without an exponent. */
function isExact(token: string): boolean {
  return String(Number(token)) === token && !token.includes("e");
}

function restore(root: unknown, numbers: readonly RawNumber[]): unknown {
  const original = (value: unknown): RawNumber | undefined => {
    if (typeof value !== "number" || value <= 0 || value >= PLACEHOLDER_BOUND) return undefined;
    return numbers[Math.round(value * 1e300) - 1];
  };

  const whole = original(root);
  if (whole !== undefined) return whole;
  const pending = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== "object" || value === null) continue;
    // Assigning to `__proto__` is safe: JSON.parse made it an own property, so no setter runs.
    const container = value as Record<string | number, unknown>;
    const visit = (key: string | number) => {
      const child = container[key];
      const raw = original(child);
      if (raw !== undefined) container[key] = raw;
      else if (typeof child === "object" && child !== null) pending.push(child);
    };
    // Object.keys of a long array would create millions of strings.
    if (Array.isArray(value)) for (let index = 0; index < value.length; index++) visit(index);
    else for (const key of Object.keys(container)) visit(key);
  }
  return root;
}
