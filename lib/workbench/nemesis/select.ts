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
  const selected = named.map((word): NamedNemesis => {
    const definition = isFault(word) ? { ...BUILT_IN[word], name: word } : own.get(word);
    if (definition === undefined) throw new InvalidOptions(`Unknown nemesis "${word}"`);
    return definition;
  });
  for (const [index, { name }] of selected.entries()) {
    // Histories and results tell faults apart by their names.
    if (selected.findIndex((other) => other.name === name) === index) continue;
    throw new InvalidOptions(
      isFault(name)
        ? `A nemesis has the name of the built-in fault "${name}". Give it another name`
        : `Two nemeses are named "${name}". Give one another name`,
    );
  }
  return selected;
}
