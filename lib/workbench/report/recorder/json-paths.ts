/** Numbers within JSON and their paths, such as `.news[*][2]`. */

/** Maximum nesting that is searched. */
const MAX_DEPTH = 12;

/** Number of leading array elements that have a path of their own. */
const HEAD_LENGTH = 3;

/** Calls back with each integer, numeric object keys included, and its path. */
export function visitNumbers(
  value: unknown,
  onNumber: (path: string, value: number) => void,
  path = "",
  depth = 0,
): void {
  if (typeof value === "number") {
    if (Number.isInteger(value)) onNumber(path, value);
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
      visitNumbers(item, onNumber, isNumber ? `${path}{}` : `${path}.${key}`, depth + 1);
    }
  }
}
