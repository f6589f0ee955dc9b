/** What somebody may have meant by a word that is not known. */
import { existsSync, readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import { closestMatch } from "leven";

/**
 * The known word that is closest to an unknown one, as a question with a blank before it; `""` when
 * none is close. Close is what commander's own suggestions for commands and options take for it: up
 * to three letters and less than 60 % of the word away.
 */
export function didYouMean(word: string, known: readonly string[]): string {
  const maxDistance = Math.min(3, Math.ceil(word.length * 0.6) - 1);
  const closest = closestMatch(word, known, { maxDistance });
  return closest === undefined ? "" : ` Did you mean "${closest}"?`;
}

/** What is wrong with an unknown word: there is none such, which may be meant, and which there are. */
export function unknownWord(what: string, word: string, known: readonly string[]): string {
  return `There is no ${what} "${word}".${didYouMean(word, known)} There are: ${known.join(", ")}.`;
}

/** `didYouMean` for a path that does not exist, among the files in its directory. */
export function suggestFile(path: string): string {
  const directory = dirname(path);
  return existsSync(directory) ? didYouMean(basename(path), readdirSync(directory)) : "";
}
