/**
 * File names for nodes, whose names can be any text.
 *
 * Not filenamify 7.0.3: it gives `a/b` and `a!b` the same name, and its names can exceed the 255
 * bytes that file systems allow. `x.` and 300 `y` become 301 bytes, 100 Chinese characters 300
 * (`bun test/bench/libraries.ts`); either would keep the run from being stored.
 */

const MAX_LENGTH = 100;

/** Names that Windows reserves for devices, with any extension. */
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i;

/**
 * Returns a unique file name for each name, legal on every platform and without path separators.
 *
 * Letters, digits, `-`, `_` and inner dots stay. Every other character is percent-encoded byte by
 * byte: `../x` becomes `%2E.%2Fx`. Names that are still equal, ignoring case, are numbered: `N1~2`.
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
  return Buffer.from(character).toString("hex").toUpperCase().replace(/../g, "%$&");
}
