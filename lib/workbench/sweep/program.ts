import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyProgram } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { didYouMean, suggestFile } from "../suggestions.ts";

/**
 * Loads a program from a TypeScript or JavaScript file: its only exported function, or the named one.
 *
 * @throws {InvalidOptions} if the file or the function does not exist, or the choice is ambiguous.
 */
export async function loadProgram(file: string, name: string | undefined): Promise<AnyProgram> {
  const url = pathToFileURL(resolve(file)).href;
  if (!(await Bun.file(resolve(file)).exists())) {
    throw new InvalidOptions(
      `${file}: file not found (looked for ${resolve(file)}).${suggestFile(resolve(file))}`,
    );
  }
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = await import(url);
  } catch (error) {
    throw new InvalidOptions(`Cannot load ${file}: ${Bun.inspect(error)}`);
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
      `${file} does not export a function "${name}", only ${names || "other values"}.${didYouMean(name, known)}`,
    );
  }
  // A function can be exported under several names, as the default too.
  const [only, ...others] = different;
  if (only === undefined) {
    throw new InvalidOptions(
      `${file} does not export a function. A program is a function of a node: export function echo(node: Node) { ... }`,
    );
  }
  if (others.length > 0) {
    throw new InvalidOptions(
      `${file} exports several functions (${names}). Choose one with --export`,
    );
  }
  return only;
}

// Parameters are not visible here: a function that is not a program fails when it is called.
function isProgram(value: unknown): value is AnyProgram {
  return typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value));
}
