/** Names of files, whatever people call what is in them. */

const MAX_LENGTH = 100;

/** Names that Windows keeps for devices, whatever extension follows. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Gives each name a file name of its own that is legal everywhere and leads nowhere else.
 *
 * Letters, digits, `-`, `_` and inner dots stay; any other byte becomes its code in hexadecimal
 * behind a `%`: `../x` is `%2E.%2Fx`. What is left equal, as `N1` and `n1` where upper and lower
 * case count as one, is numbered: `n1~2`.
 */
export function fileNames(names: readonly string[]): ReadonlyMap<string, string> {
  const taken = new Set<string>();
  const result = new Map<string, string>();
  for (const name of names) {
    const legal = legalName(name);
    let unique = legal;
    for (let number = 2; taken.has(unique.toLowerCase()); number++) unique = `${legal}~${number}`;
    taken.add(unique.toLowerCase());
    result.set(name, unique);
  }
  return result;
}

function legalName(name: string): string {
  const encoded = name
    .replace(/[^\w.-]/gu, percentEncoded)
    .replace(/^\.|\.$/g, "%2E")
    .slice(0, MAX_LENGTH);
  if (encoded === "") return "%";
  return DEVICE.test(encoded) ? `%${encoded}` : encoded;
}

function percentEncoded(character: string): string {
  const bytes = new TextEncoder().encode(character);
  return [...bytes].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
