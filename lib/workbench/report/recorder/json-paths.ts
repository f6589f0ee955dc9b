/** Numbers within JSON and their paths, such as `.news[*][2]`. */

/** Maximum nesting that is searched. */
const MAX_DEPTH = 12;

/** Number of leading array elements that have a path of their own. */
const HEAD_LENGTH = 3;

/** Longest text that is searched. */
const MAX_TEXT_LENGTH = 20_000;

/** An integer that stands alone: not part of a name such as `n1`, or of a decimal fraction. */
const INTEGER = /(?<![\w.-])-?\d{1,15}(?![\w.])/g;

/**
 * Calls back with each integer and its path, wherever it is: as a number, as a key, in a text, or in
 * JSON within a text. Keys that differ only in digits, such as names of nodes, share a path.
 */
export function visitNumbers(
  value: unknown,
  onNumber: (path: string, value: number) => void,
  path = "",
  depth = 0,
): void {
  if (typeof value === "number") {
    if (Number.isInteger(value)) onNumber(path, value);
  } else if (typeof value === "string") {
    visitText(value, onNumber, path, depth);
  } else if (typeof value !== "object" || value === null || depth >= MAX_DEPTH) {
    return;
  } else if (Array.isArray(value)) {
    // An array may be a tuple, whose first elements differ in meaning: ["n0", 7, value, ...].
    const isList = value.every((item) => typeof item === "object");
    for (const [index, item] of value.entries()) {
      const position = isList ? "*" : index < HEAD_LENGTH ? index : `${HEAD_LENGTH}…`;
      visitNumbers(item, onNumber, `${path}[${position}]`, depth + 1);
    }
  } else {
    for (const [key, item] of Object.entries(value)) {
      const number = Number(key);
      const isNumber = key !== "" && Number.isInteger(number);
      if (isNumber) onNumber(`${path}{key}`, number);
      const name = key.replace(/\d+/g, "#");
      if (!isNumber && name !== key) visitIntegers(key, onNumber, `${path}{${name}}`);
      visitNumbers(item, onNumber, isNumber ? `${path}{}` : `${path}.${name}`, depth + 1);
    }
  }
}

/** Visits the integers of a text, which may be JSON. */
function visitText(
  text: string,
  onNumber: (path: string, value: number) => void,
  path: string,
  depth: number,
): void {
  if (text.length > MAX_TEXT_LENGTH || !/\d/.test(text)) return;
  if (/^\s*[[{]/.test(text) && depth < MAX_DEPTH) {
    try {
      visitNumbers(JSON.parse(text), onNumber, `${path}""`, depth + 1);
      return;
    } catch {
      // Some other notation.
    }
  }
  visitIntegers(text, onNumber, `${path}""`);
}

function visitIntegers(
  text: string,
  onNumber: (path: string, value: number) => void,
  path: string,
): void {
  for (const [integer] of text.matchAll(INTEGER)) onNumber(path, Number(integer));
}
