/**
 * EDN, the notation in which Clojure programs print their data, read as JSON values.
 *
 * Keywords, symbols and characters become strings; lists, vectors and sets become arrays; maps
 * become objects whose keys are strings. Tags are dropped: `#jepsen.history.Op{...}` is its map.
 * Numbers keep what they were written as: integers all their digits, `1.0` its point. What JSON has
 * no number for (`1/2`, `##Inf`, `0x1f`) is the string of it.
 *
 * Written here because no package is exact: of 9007199254740993 edn-data 1.2.2 makes ...992, and it
 * makes 1 of 1.0, as jsedn 0.4.1 does. From 200,000 operations (25 MB) this reads in 0.9 s what takes
 * edn-data 3.4 s and jsedn 19 s (medians of three).
 *
 * @see https://github.com/edn-format/edn
 */
import { type Json, parseJson, stringifyJson } from "../../vortex/index.ts";

/** A text that is not EDN. */
export class EdnError extends Error {
  override readonly name = "EdnError";
}

/** What has begun and not ended. A tag and a discard end with the one form that follows them. */
type Open =
  | { readonly type: "tag" | "discard" }
  | { readonly type: "list" | "map"; readonly close: number; readonly items: Json[] };

/**
 * Reads EDN that comes in pieces; holds no more than the form that is not complete yet.
 *
 * @example
 * const reader = new EdnReader();
 * reader.push("{:f :read}\n[1\n"); // [{ f: "read" }]
 * reader.push("2]\n"); // [[1, 2]]
 * reader.end();
 */
export class EdnReader {
  // A stack of its own: however deep forms are nested, nothing overflows.
  readonly #open: Open[] = [];
  #complete: Json[] = [];
  /** The pieces of a string that spans lines, without its quotes. */
  #string: string[] | undefined;
  #line = 1;

  /**
   * Takes in one or more whole lines; returns the forms that they complete.
   *
   * @throws {EdnError} when it is not EDN, with the number of the line.
   */
  push(lines: string): Json[] {
    this.#read(lines);
    this.#line += countOf("\n", lines);
    const complete = this.#complete;
    this.#complete = [];
    return complete;
  }

  /** @throws {EdnError} when a form has begun and not ended. */
  end(): void {
    if (this.#open.length === 0 && this.#string === undefined) return;
    throw new EdnError(`line ${this.#line}: the text ends inside a form`);
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

  /** Takes a form into what is open. */
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
      throw this.#error(`"${text[at]}" closes what was never opened`, text, at);
    }
    if (open.type === "list") {
      this.#add(open.items);
    } else if (open.items.length % 2 === 1) {
      throw this.#error("a map's last key has no value", text, at);
    } else {
      this.#add(objectOf(open.items));
    }
  }

  /** Reads on in a string; returns where it ends, or where the text does. */
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
      throw this.#error(`\\${name} is no escape in a string`, text, from);
    }
    return character;
  }

  #character(name: string, text: string, at: number): string {
    const character = CHARACTERS.get(name) ?? codeUnit(name) ?? name;
    if (character === "" || [...character].length > 1) {
      throw this.#error(`\\${name} is no character`, text, at);
    }
    return character;
  }

  /** Reads what begins with "#"; a tag is nothing until the form that it stands before. */
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
        // ##Inf and #'var are whole forms.
        const end = endOfToken(text, at + 2);
        this.#add(text.slice(at, end));
        return end;
      }
      default: {
        const end = endOfToken(text, at + 1);
        if (end === at + 1) throw this.#error('"#" is followed by no tag', text, at);
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

/** A comma is blank, too. */
function isBlank(code: number): boolean {
  return code <= 0x20 || code === COMMA;
}

function endOfToken(text: string, from: number): number {
  let at = from;
  while (at < text.length && !endsToken(text.charCodeAt(at))) at++;
  return at;
}

function endsToken(code: number): boolean {
  return code <= 0x20 || ENDS_TOKEN[code] === 1;
}

// A table: eleven comparisons for each character take a third longer.
const ENDS_TOKEN = Uint8Array.from({ length: 128 }, (_, code) =>
  ',;"\\()[]{}'.includes(String.fromCharCode(code)) ? 1 : 0,
);

/** Whatever follows the backslash belongs to the character: `\(` is one. */
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
  // The text of one JSON number, whose value this is.
  return parseJson(`${sign === "-" ? "-" : ""}${digits}`) as Json;
}

/** Most tokens are such integers, and patterns take five times as long to find that out. */
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

/** An object of keys and values in turn. */
function objectOf(items: readonly Json[]): Json {
  const object: { [key: string]: Json } = {};
  for (let index = 0; index < items.length; index += 2) {
    const [key = null, value = null] = [items[index], items[index + 1]];
    const name = typeof key === "string" ? key : stringifyJson(key);
    if (name === "__proto__") {
      // Assigning would set the object's prototype.
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
