/** From the names in the options of a test to definitions. */
import { InvalidOptions } from "../invalid-options.ts";
import type { NamedNemesis } from "./definition.ts";
import { BUILT_IN, isFault } from "./faults.ts";

/** Nemeses that are not built in, by what the options call them: a file, or their name. */
export type OwnNemeses = ReadonlyMap<string, NamedNemesis>;

/**
 * Returns the definitions that options name.
 *
 * @throws {InvalidOptions} if one is not known, or two have the same name.
 */
export function selectNemeses(
  named: readonly string[],
  own: OwnNemeses = new Map(),
): readonly NamedNemesis[] {
  // Histories and results tell faults apart by their names.
  for (const { name } of own.values()) {
    if (!isFault(name)) continue;
    throw new InvalidOptions(`A nemesis is named "${name}", as a built-in fault is. Rename it`);
  }
  const selected = named.map((word): NamedNemesis => {
    const definition = isFault(word) ? { ...BUILT_IN[word], name: word } : own.get(word);
    if (definition === undefined) throw new InvalidOptions(`Unknown nemesis "${word}"`);
    return definition;
  });
  const names = selected.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated === undefined) return selected;
  throw new InvalidOptions(`Two nemeses are named "${repeated}". Rename one`);
}
