/** Suggests the intended word for an unknown one. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { closestMatch } from "leven";

/**
 * Asks for the closest known word, with a leading space: `' Did you mean "echo"?'`. Returns `""` if no
 * word is close: within three edits and less than 60 % of the word, as in commander's suggestions.
 */
export function didYouMean(word: string, known: readonly string[]): string {
  const maxDistance = Math.min(3, Math.ceil(word.length * 0.6) - 1);
  const closest = closestMatch(word, known, { maxDistance });
  return closest === undefined ? "" : ` Did you mean "${closest}"?`;
}

/** Reports an unknown word, with the closest and all known ones. */
export function unknownWord(what: string, word: string, known: readonly string[]): string {
  return `Unknown ${what} "${word}".${didYouMean(word, known)} Choose from ${known.join(", ")}.`;
}

/** Calls `didYouMean` for a missing path, with the files in its directory. */
export function suggestFile(path: string): string {
  const directory = dirname(path);
  return existsSync(directory) ? didYouMean(basename(path), readdirSync(directory)) : "";
}
