import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidOptions } from "../invalid-options.ts";
import { suggestFile } from "../suggestions.ts";

/**
 * Returns the absolute path of a program.
 *
 * @throws {InvalidOptions} if it does not exist or is not executable.
 */
export function executable(
  path: string,
  { flag = "--bin", hint = 'Build the challenges into dist/ with "bun run build.ts"' } = {},
): string {
  const absolute = resolve(path);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new InvalidOptions(
      `${flag} ${path}: file not found (looked for ${absolute}). ${hint}.${suggestFile(absolute)}`,
    );
  }
  if (!stats.isFile()) throw new InvalidOptions(`${flag} ${path}: not a file. Name a program`);
  try {
    accessSync(absolute, constants.X_OK);
  } catch {
    throw new InvalidOptions(`${flag} ${path}: not executable. Run "chmod +x ${path}"`);
  }
  return absolute;
}
