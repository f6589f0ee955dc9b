import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyProgram } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { didYouMean, suggestFile } from "../suggestions.ts";

/**
 * Loads a program from a TypeScript or JavaScript file: its one exported function, or the named one.
 *
 * @throws {InvalidOptions} when there is no such file or function, or several to choose from.
 */
export async function loadProgram(file: string, name: string | undefined): Promise<AnyProgram> {
  const url = pathToFileURL(resolve(file)).href;
  if (!(await Bun.file(resolve(file)).exists())) {
    throw new InvalidOptions(
      `${file}: there is no such file (looked for ${resolve(file)}).${suggestFile(resolve(file))}`,
    );
  }
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = await import(url);
  } catch (error) {
    throw new InvalidOptions(`${file}: cannot be loaded: ${Bun.inspect(error)}`);
  }
  const functions = Object.entries(exports).flatMap(([key, value]) =>
    isProgram(value) ? [[key, value] as const] : [],
  );
  const names = functions.map(([key]) => key).join(", ");
  const different = new Set(functions.map(([, program]) => program));
  if (name !== undefined) {
    const named = functions.find(([key]) => key === name);
    if (named !== undefined) return named[1];
    const known = functions.map(([key]) => key);
    throw new InvalidOptions(
      `${file}: exports no function "${name}", but ${names || "none at all"}.${didYouMean(name, known)}`,
    );
  }
  // One that is exported by its name and as the default is one.
  const [only, ...others] = different;
  if (only === undefined) {
    throw new InvalidOptions(
      `${file}: exports no function; a program is one that takes a node: export function echo(node: Node) { ... }`,
    );
  }
  if (others.length > 0) {
    throw new InvalidOptions(
      `${file}: exports several functions, ${names}; name one with --export`,
    );
  }
  return only;
}

// What a function takes cannot be seen; one that is no program fails when it is given a node.
function isProgram(value: unknown): value is AnyProgram {
  return typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value));
}
