/**
 * JSON text <-> values, keeping every number as it was written.
 *
 * `JSON.parse` turns `9007199254740993` into ...992, `1.0` into `1` and `1e400` into `Infinity`.
 * A node that passes a value through must not alter it, and Maelstrom tells `1` from `1.0`. So a
 * number that JavaScript would print differently from how it was written becomes a `RawNumber`,
 * the object that `JSON.rawJSON` makes: it prints as its source text, and fails `v.number()`.
 *
 * This is the only place in the project that calls `JSON.parse` or `JSON.stringify` on protocol
 * text, but for chunks of input in which `mayHoldRawNumbers` finds none: the process edge has those
 * parsed by `JSON.parse`.
 */

/** A number that JavaScript cannot hold as written; `rawJSON` is its source text. */
export interface RawNumber {
  readonly rawJSON: string;
}

/** Any value that {@link parseJson} returns. */
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

/** Whether a parsed value is a number that JavaScript cannot hold as written. */
export function isRawNumber(value: unknown): value is RawNumber {
  return isRawJSON(value);
}

/**
 * Parses JSON text, keeping each number that JavaScript cannot hold as a {@link RawNumber}.
 *
 * @throws {SyntaxError} when the text is not JSON.
 */
export function parseJson(text: string): unknown {
  return mayHoldRawNumbers(text) ? parseKeepingNumbers(text) : JSON.parse(text);
}

/**
 * Whether the arrays and objects of a JSON text lie in each other more than so many levels deep.
 *
 * Text that is no JSON may count as deep or not.
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

/** Where the string ends that begins at an index; the end of the text if it has no end. */
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
 * @throws {RangeError} when the value is nested too deep to print (tens of thousands of levels).
 * @throws {TypeError} when it is not JSON: a cycle, a bigint, or nothing at all (`undefined`).
 */
export function stringifyJson(value: unknown): string {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`Cannot encode ${typeof value} as JSON`);
  return text;
}

/**
 * About how many characters a value has as JSON, if it is to cost little: most are numbers, which
 * need not be printed; a string's escapes, of up to 6 characters each, are not counted.
 */
export function jsonLength(value: unknown): number {
  if (typeof value === "string") return value.length;
  return typeof value === "object" && value !== null ? stringifyJson(value).length : 8;
}

/**
 * Whether the text may hold a number that needs {@link RawNumber}: false means certainly not.
 *
 * Asked of a whole chunk of input at once, so that ordinary traffic pays next to nothing: simple
 * patterns one by one run at 50 ns per 100 characters together, one with alternatives at 90. Single
 * characters are found sooner without a pattern, above all in text beyond ASCII.
 */
export function mayHoldRawNumbers(text: string): boolean {
  if (text.includes(".") || text.includes("E")) return true;
  return /-0/.test(text) || /\d{16}/.test(text) || /\de[-+\d]/.test(text);
}

// A string, skipped whole, or a run of what numbers are made of, such as `-1.5e3` or `--1.0`. The
// closing quote is optional, so that a string without one is passed over once: insisting on it took
// time quadratic in its length.
const STRING_OR_NUMBER = /"[^"\\]*(?:\\[\s\S][^"\\]*)*"?|[-\d][-+.\deE]*/g;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

// The reviver of JSON.parse could see each number's source text, but it recurses: 5,000 levels of
// nesting overflow the stack where plain parsing and printing still work. So each such number is
// replaced by a placeholder before parsing and put back by a walk with a stack of its own.
//
// The placeholders are 1e-300, 2e-300, ...: no other number in the parsed value can equal one,
// because all numbers written with an exponent are replaced, and JavaScript prints a plain decimal
// below 1e-6 with an exponent, so those are replaced as well.
const PLACEHOLDER_EXPONENT = "e-300";
const PLACEHOLDER_BOUND = 1e-280;
/**
 * So many different numbers of a text have but one placeholder and one object each, however often
 * they occur: 5,000,000 times `1.0` took 1.7 GB as objects of their own.
 */
const MAX_SHARED = 256;
/** A text of so many characters is worth a look beforehand. */
const LONG = 2 ** 20;

function parseKeepingNumbers(text: string): unknown {
  // Refuses what is no JSON where it goes wrong, and not after a look at millions of numbers.
  if (text.length > LONG) JSON.parse(text);
  const numbers: RawNumber[] = [];
  const placeholders = new Map<string, string>();
  const replaced = text.replace(STRING_OR_NUMBER, (token) => {
    if (token.startsWith('"') || isHeldExactly(token)) return token;
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
    return JSON.parse(text); // Throws as well, with positions in the text that was given.
  }
  return putBack(root, numbers);
}

/** Whether a number token is printed by JavaScript as it was written, and without an exponent. */
function isHeldExactly(token: string): boolean {
  return String(Number(token)) === token && !token.includes("e");
}

function putBack(root: unknown, numbers: readonly RawNumber[]): unknown {
  const original = (value: unknown): RawNumber | undefined => {
    if (typeof value !== "number" || value <= 0 || value >= PLACEHOLDER_BOUND) return undefined;
    return numbers[Math.round(value * 1e300) - 1];
  };

  const whole = original(root);
  if (whole !== undefined) return whole;
  const pending = [root];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== "object" || value === null) continue;
    // Assigning to `__proto__` is safe: JSON.parse made it an own property, so no setter is involved.
    const container = value as Record<string | number, unknown>;
    const visit = (key: string | number) => {
      const child = container[key];
      const raw = original(child);
      if (raw !== undefined) container[key] = raw;
      else if (typeof child === "object" && child !== null) pending.push(child);
    };
    // The keys of a long array would be millions of texts.
    if (Array.isArray(value)) for (let index = 0; index < value.length; index++) visit(index);
    else for (const key of Object.keys(container)) visit(key);
  }
  return root;
}
