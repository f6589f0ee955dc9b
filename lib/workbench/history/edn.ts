/**
 * Reads EDN, the notation in which Clojure programs print data, as JSON values.
 *
 * | EDN | JSON |
 * | --- | --- |
 * | keyword, symbol, character | string |
 * | list, vector, set | array |
 * | map | object with string keys |
 * | tagged form, `#jepsen.history.Op{...}` | the form without its tag |
 * | number | number as written: all digits of an integer, the point of `1.0` |
 * | number that JSON lacks: `1/2`, `##Inf`, `0x1f` | string |
 *
 * Not a package, because the verdict depends on exact values and on errors. edn-data 1.2.2 reads
 * 9007199254740993 as ...992, so that two 64-bit ids become duplicates, and accepts `[1 }`, `{:a}` and
 * truncated files. It is also slower: 6.7 s instead of 0.9 s for 200,000 operations (25 MB), 1.7 s
 * instead of 26 ms for a map of 4,000 keys (`bun test/bench/libraries.ts`).
 *
 * @see https://github.com/edn-format/edn
 */
import { type Json, parseJson, stringifyJson } from "../../vortex/index.ts";

/** The text is not EDN. */
export class EdnError extends Error {
  override readonly name = "EdnError";
}

/** An incomplete form. A tag or a discard ends with the one form that follows it. */
type Open =
  | { readonly type: "tag" | "discard" }
  | { readonly type: "list" | "map"; readonly close: number; readonly items: Json[] };

/**
 * Reads EDN in chunks of lines. Buffers only the form that is still incomplete.
 *
 * @example
 * const reader = new EdnReader();
 * reader.push("{:f :read}\n[1\n"); // [{ f: "read" }]
 * reader.push("2]\n"); // [[1, 2]]
 * reader.end();
 */
export class EdnReader {
  // An explicit stack, so that deeply nested forms do not overflow the call stack.
  readonly #open: Open[] = [];
  #complete: Json[] = [];
  /** The pieces of an incomplete string, without its quotes. */
  #string: string[] | undefined;
  #line = 1;

  /**
   * Reads one or more whole lines and returns the forms that they complete.
   *
   * @throws {EdnError} if the text is not EDN, with the line number.
   */
  push(lines: string): Json[] {
    this.#read(lines);
    this.#line += countOf("\n", lines);
    const complete = this.#complete;
    this.#complete = [];
    return complete;
  }

  /** Whether no form is incomplete. */
  get isBetweenForms(): boolean {
    return this.#open.length === 0 && this.#string === undefined;
  }

  /** Counts a line that was read otherwise. */
  skipLine(): void {
    this.#line++;
  }

  /** @throws {EdnError} if a form is still incomplete. */
  end(): void {
    if (this.isBetweenForms) return;
    throw new EdnError(`line ${this.#line}: the text ends within a form`);
  }

  #read(text: string): void {
    let at = this.#string === undefined ? 0 : this.#readString(text, 0);
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (isBlank(code)) {
        at++;
        continue;
      }
      switch (code) {
        case OPEN_BRACE:
          this.#open.push({ type: "map", close: CLOSE_BRACE, items: [] });
          at++;
          break;
        case OPEN_BRACKET:
          this.#open.push({ type: "list", close: CLOSE_BRACKET, items: [] });
          at++;
          break;
        case OPEN_PARENTHESIS:
          this.#open.push({ type: "list", close: CLOSE_PARENTHESIS, items: [] });
          at++;
          break;
        case CLOSE_BRACE:
        case CLOSE_BRACKET:
        case CLOSE_PARENTHESIS:
          this.#close(code, text, at);
          at++;
          break;
        case QUOTE:
          this.#string = [];
          at = this.#readString(text, at + 1);
          break;
        case HASH:
          at = this.#readDispatch(text, at);
          break;
        case SEMICOLON:
          at = endOfLine(text, at);
          break;
        case BACKSLASH: {
          const end = endOfCharacter(text, at);
          this.#add(this.#character(text.slice(at + 1, end), text, at));
          at = end;
          break;
        }
        case COLON: {
          const end = endOfToken(text, at + 1);
          this.#add(text.slice(at + 1, end));
          at = end;
          break;
        }
        default: {
          const end = endOfToken(text, at);
          this.#add(numberOrSymbol(text.slice(at, end)));
          at = end;
        }
      }
    }
  }

  /** Adds a form to the innermost incomplete one, or to the complete ones. */
  #add(form: Json): void {
    for (let open = this.#open.at(-1); open !== undefined; open = this.#open.at(-1)) {
      if (open.type === "list" || open.type === "map") {
        open.items.push(form);
        return;
      }
      this.#open.pop();
      if (open.type === "discard") return;
    }
    this.#complete.push(form);
  }

  #close(code: number, text: string, at: number): void {
    const open = this.#open.pop();
    if (open === undefined || !("close" in open) || open.close !== code) {
      throw this.#error(`unexpected "${text[at]}"`, text, at);
    }
    if (open.type === "list") {
      this.#add(open.items);
    } else if (open.items.length % 2 === 1) {
      throw this.#error("the last key of a map has no value", text, at);
    } else {
      this.#add(objectOf(open.items));
    }
  }

  /** Continues a string. Returns the index behind it, or the end of the text. */
  #readString(text: string, from: number): number {
    const pieces = this.#string ?? [];
    const quoteOrEscape = /["\\]/g;
    for (let at = from; ; ) {
      quoteOrEscape.lastIndex = at;
      const found = quoteOrEscape.exec(text)?.index ?? text.length;
      pieces.push(text.slice(at, found));
      if (found === text.length) return found;
      if (text.charCodeAt(found) === QUOTE) {
        this.#string = undefined;
        this.#add(pieces.join(""));
        return found + 1;
      }
      at = found + (text[found + 1] === "u" ? 6 : 2);
      pieces.push(this.#unescaped(text, found, at));
    }
  }

  #unescaped(text: string, from: number, end: number): string {
    const name = text.slice(from + 1, end);
    const character = ESCAPES.get(name) ?? codeUnit(name);
    if (character === undefined) {
      throw this.#error(`\\${name} is not an escape sequence`, text, from);
    }
    return character;
  }

  #character(name: string, text: string, at: number): string {
    const character = CHARACTERS.get(name) ?? codeUnit(name) ?? name;
    if (character === "" || [...character].length > 1) {
      throw this.#error(`\\${name} is not a character`, text, at);
    }
    return character;
  }

  /** Reads a form that starts with "#". Returns the index behind its prefix. */
  #readDispatch(text: string, at: number): number {
    switch (text.charCodeAt(at + 1)) {
      case OPEN_BRACE:
        this.#open.push({ type: "list", close: CLOSE_BRACE, items: [] });
        return at + 2;
      case UNDERSCORE:
        this.#open.push({ type: "discard" });
        return at + 2;
      case HASH:
      case APOSTROPHE: {
        // ##Inf and #'var are complete forms.
        const end = endOfToken(text, at + 2);
        this.#add(text.slice(at, end));
        return end;
      }
      default: {
        const end = endOfToken(text, at + 1);
        if (end === at + 1) throw this.#error('"#" without a tag', text, at);
        this.#open.push({ type: "tag" });
        return end;
      }
    }
  }

  #error(reason: string, text: string, at: number): EdnError {
    return new EdnError(`line ${this.#line + countOf("\n", text.slice(0, at))}: ${reason}`);
  }
}

const QUOTE = 0x22;
const HASH = 0x23;
const APOSTROPHE = 0x27;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const COMMA = 0x2c;
const DIGIT_ZERO = 0x30;
const COLON = 0x3a;
const SEMICOLON = 0x3b;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const UNDERSCORE = 0x5f;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ["f", "\f"],
  ["b", "\b"],
  ['"', '"'],
  ["\\", "\\"],
]);

const CHARACTERS: ReadonlyMap<string, string> = new Map([
  ["newline", "\n"],
  ["space", " "],
  ["tab", "\t"],
  ["return", "\r"],
  ["formfeed", "\f"],
  ["backspace", "\b"],
]);

/** EDN counts commas as white space. */
function isBlank(code: number): boolean {
  return code <= 0x20 || code === COMMA;
}

function endOfToken(text: string, from: number): number {
  let at = from;
  while (at < text.length && !endsToken(text.charCodeAt(at))) at++;
  return at;
}

/** Whether a character ends a keyword, symbol or number. */
export function endsToken(code: number): boolean {
  return code <= 0x20 || ENDS_TOKEN[code] === 1;
}

// A lookup table: eleven comparisons per character take a third longer.
const ENDS_TOKEN = Uint8Array.from({ length: 128 }, (_, code) =>
  ',;"\\()[]{}'.includes(String.fromCharCode(code)) ? 1 : 0,
);

/** The first code point after the backslash always belongs to the character, as in `\(`. */
function endOfCharacter(text: string, backslash: number): number {
  const first = text.codePointAt(backslash + 1);
  if (first === undefined) return backslash + 1;
  return endOfToken(text, backslash + (first > 0xffff ? 3 : 2));
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}

function codeUnit(name: string): string | undefined {
  const digits = /^u([0-9a-fA-F]{4})$/.exec(name)?.[1];
  return digits === undefined ? undefined : String.fromCharCode(Number.parseInt(digits, 16));
}

const INTEGER = /^([-+]?)(0|[1-9]\d*)N?$/;
const DECIMAL = /^([-+]?)((?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)M?$/;

function numberOrSymbol(token: string): Json {
  const small = smallInteger(token);
  if (small !== undefined) return small;
  if (token === "nil") return null;
  if (token === "true") return true;
  if (token === "false") return false;
  const number = INTEGER.exec(token) ?? DECIMAL.exec(token);
  if (number === null) return token;
  const [, sign, digits = ""] = number;
  // The argument is the text of one JSON number.
  return parseJson(`${sign === "-" ? "-" : ""}${digits}`) as Json;
}

/** Reads the most frequent tokens: patterns take five times as long. */
function smallInteger(token: string): number | undefined {
  if (token.length > 15 || (token.length > 1 && token.startsWith("0"))) return undefined;
  let value = 0;
  for (let index = 0; index < token.length; index++) {
    const digit = token.charCodeAt(index) - DIGIT_ZERO;
    if (digit < 0 || digit > 9) return undefined;
    value = 10 * value + digit;
  }
  return value;
}

/** Makes an object of alternating keys and values. */
export function objectOf(items: readonly Json[]): Json {
  const object: { [key: string]: Json } = {};
  for (let index = 0; index < items.length; index += 2) {
    const [key = null, value = null] = [items[index], items[index + 1]];
    const name = typeof key === "string" ? key : stringifyJson(key);
    if (name === "__proto__") {
      // An assignment would set the prototype.
      Object.defineProperty(object, name, {
        value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    } else {
      object[name] = value;
    }
  }
  return object;
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1; at = text.indexOf(character, at + 1)) count++;
  return count;
}
