/** Loads what users define for the tester in files of their own, such as nemeses. */
import { statSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { InvalidOptions } from "../invalid-options.ts";
import { isLoadable } from "../program-file.ts";
import { didYouMean } from "../suggestions.ts";
import { chooseExport, type LoadOptions, loadFile } from "./load-file.ts";

/** A kind of definition to look for in a file. */
export interface DefinitionKind<T> {
  /** Its name in messages: `"nemesis"`. */
  readonly what: string;
  /** An export of it, which shows how one is made. */
  readonly example: string;
  readonly is: (value: unknown) => value is T;
}

/** A definition of a file. */
export interface LoadedDefinition<T> {
  readonly definition: T;
  /** The name of the file without its extension, or of the export that was chosen. */
  readonly name: string;
}

/** Whether a word of the command line names a file, not a built-in thing. */
export function namesFile(word: string): boolean {
  const [path] = splitExport(word);
  return /[/\\]/.test(path) || isLoadable(path);
}

/**
 * Loads a definition from a TypeScript or JavaScript file.
 *
 * @param word The file, and the export if it has several: `./faults.ts`, `./faults.ts#killLeader`.
 * @throws {InvalidOptions} if the file cannot be loaded, or does not export such a definition.
 */
export async function loadDefinition<T>(
  word: string,
  { what, example, is }: DefinitionKind<T>,
  options: LoadOptions,
): Promise<LoadedDefinition<T>> {
  const [file, name] = splitExport(word);
  requireSource(file, what);
  const { names, chosen, isAmbiguous } = chooseExport(await loadFile(file, options), is, name);
  if (chosen !== undefined) {
    return { definition: chosen, name: name ?? basename(file, extname(file)) };
  }
  if (name !== undefined) {
    const known = names.length === 0 ? "none" : `only ${names.join(", ")}`;
    throw new InvalidOptions(
      `${file} does not export a ${what} "${name}", ${known}.${didYouMean(name, names)}`,
    );
  }
  if (isAmbiguous) {
    const choice = `${file}#${names[0]}`;
    throw new InvalidOptions(
      `${file} exports several definitions (${names.join(", ")}). Choose one, as in ${choice}`,
    );
  }
  throw new InvalidOptions(`${file} does not export a ${what}: ${example}`);
}

/** Splits `./faults.ts#killLeader` at the last `#`, unless a file has that name. */
export function splitExport(word: string): readonly [file: string, name: string | undefined] {
  const at = word.lastIndexOf("#");
  if (at < 0 || statSync(resolve(word), { throwIfNoEntry: false }) !== undefined) {
    return [word, undefined];
  }
  return [word.slice(0, at), word.slice(at + 1)];
}

/** @throws {InvalidOptions} if a path is not of a TypeScript or JavaScript file. */
function requireSource(file: string, what: string): void {
  const stats = statSync(resolve(file), { throwIfNoEntry: false });
  if (stats?.isDirectory()) {
    const hint = join(file, `${what}.ts`);
    throw new InvalidOptions(`${file}: a directory. Name the file of the ${what}, such as ${hint}`);
  }
  if (stats !== undefined && !isLoadable(file)) {
    throw new InvalidOptions(`${file}: not TypeScript or JavaScript, so not a ${what}`);
  }
}
