import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidOptions } from "../invalid-options.ts";
import {
  hasInterpreter,
  isCompiledLanguage,
  isLoadable,
  isNative,
  isScript,
} from "../program-file.ts";
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
  const reason = flag === "--maelstrom" ? undefined : adviceOnSource(path);
  if (reason !== undefined) throw new InvalidOptions(`${flag} ${path}: ${reason}`);
  try {
    accessSync(absolute, constants.X_OK);
  } catch {
    const first =
      isScript(path) && !hasInterpreter(path)
        ? ", and name the interpreter in its first line, such as #!/usr/bin/env python3"
        : "";
    throw new InvalidOptions(`${flag} ${path}: not executable. Run "chmod +x ${path}"${first}`);
  }
  return absolute;
}

/** Says what to do with a source; `undefined` for other files. */
function adviceOnSource(path: string): string | undefined {
  if (hasInterpreter(path) || isNative(path)) return undefined;
  if (isLoadable(path)) {
    return `source code, not a program. Compile it as build.ts does, or simulate the source: vortex sim ${path} -w ...`;
  }
  if (isCompiledLanguage(path)) {
    return "source code, not a program. Compile it, and name the program that the compiler makes";
  }
  return undefined;
}
