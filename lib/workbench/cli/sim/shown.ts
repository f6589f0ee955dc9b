/** Translates the commands of a worker on another machine into those of its tester. */
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { CORPUS, Shown } from "../../fleet/shown.ts";

export type { Shown };

export function readShown(file: string): Shown {
  return v.parse(Shown, JSON.parse(readFileSync(file, "utf8")));
}

/** Returns the tester's word for one of the worker. */
export function shownWord(word: string, { words, corpus }: Shown): string {
  if (corpus !== undefined && word.startsWith(`${CORPUS}/`)) {
    return `${corpus}${word.slice(CORPUS.length)}`;
  }
  return Object.hasOwn(words, word) ? (words[word] ?? word) : word;
}
