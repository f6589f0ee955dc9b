/** Numbers within JSON, and where they stand: `.news[*][2]`. */

/** How deep numbers are looked for. */
const MAX_DEPTH = 12;

/** How many places at the beginning of a list are places of their own. */
const HEAD_LENGTH = 3;

/** Calls back with every integer, keys among them, and its place. */
export function visitNumbers(
  value: unknown,
  onNumber: (place: string, value: number) => void,
  place = "",
  depth = 0,
): void {
  if (typeof value === "number") {
    if (Number.isInteger(value)) onNumber(place, value);
  } else if (typeof value !== "object" || value === null || depth >= MAX_DEPTH) {
    return;
  } else if (Array.isArray(value)) {
    // What comes first in a list may mean something else than what follows: ["n0", 7, value, ...].
    const isList = value.every((item) => typeof item === "object");
    for (const [index, item] of value.entries()) {
      const position = isList ? "*" : index < HEAD_LENGTH ? index : `${HEAD_LENGTH}…`;
      visitNumbers(item, onNumber, `${place}[${position}]`, depth + 1);
    }
  } else {
    for (const [key, item] of Object.entries(value)) {
      const number = Number(key);
      const isNumber = key !== "" && Number.isInteger(number);
      if (isNumber) onNumber(`${place}{key}`, number);
      visitNumbers(item, onNumber, isNumber ? `${place}{}` : `${place}.${key}`, depth + 1);
    }
  }
}
