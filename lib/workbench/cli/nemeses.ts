/** Loads the nemeses that `--nemesis` names as files. */
import { InvalidOptions } from "../invalid-options.ts";
import { describeWrongName, isName, isNemesis, type NamedNemesis } from "../nemesis/definition.ts";
import { isFault } from "../nemesis/faults.ts";
import { type OwnNemeses, selectNemeses } from "../nemesis/select.ts";
import { loadDefinition } from "../sweep/load-definition.ts";
import type { LoadOptions } from "../sweep/load-file.ts";

const KIND = {
  what: "nemesis",
  example: 'export const mine = defineNemesis({ doc: "...", fault: kill() })',
  is: isNemesis,
} as const;

/**
 * Loads the nemeses that are not built in, by the words that name them.
 *
 * @throws {InvalidOptions} if a file cannot be loaded or defines none, or two have the same name.
 */
export async function loadNemeses(
  words: readonly string[],
  options: LoadOptions,
): Promise<OwnNemeses> {
  const own = new Map<string, NamedNemesis>();
  for (const word of words) {
    if (isFault(word)) continue;
    const { definition, name } = await loadDefinition(word, KIND, options);
    if (definition.name === undefined && !isName(name)) {
      throw new InvalidOptions(
        `${word} defines a nemesis without a name. ${describeWrongName(name)}`,
      );
    }
    own.set(word, { ...definition, name: definition.name ?? name });
  }
  selectNemeses(words, own);
  return own;
}

/** Says what each of the nemeses does, in its own words. */
export function describeNemeses(own: OwnNemeses): string[] {
  return [...own.values()].map(({ name, doc }) => `${name}: ${doc.trim()}`);
}
