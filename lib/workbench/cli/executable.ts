import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidOptions } from "../invalid-options.ts";
import { suggestFile } from "../suggestions.ts";

/**
 * The absolute path of a program to run.
 *
 * @throws {InvalidOptions} when it is not there or cannot be executed.
 */
export function executable(
  path: string,
  { flag = "--bin", hint = '"bun run build.ts" builds the challenges into dist/' } = {},
): string {
  const absolute = resolve(path);
  const stats = statSync(absolute, { throwIfNoEntry: false });
  if (stats === undefined) {
    throw new InvalidOptions(
      `${flag} ${path}: there is no such file (looked for ${absolute}); ${hint}.${suggestFile(absolute)}`,
    );
  }
  if (!stats.isFile())
    throw new InvalidOptions(`${flag} ${path}: not a file, but it must be a program`);
  try {
    accessSync(absolute, constants.X_OK);
  } catch {
    throw new InvalidOptions(
      `${flag} ${path}: the file has no execute bit; "chmod +x ${path}" sets it`,
    );
  }
  return absolute;
}
