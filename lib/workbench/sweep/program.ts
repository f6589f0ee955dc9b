import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { AnyProgram } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { isLoadable, isNative, isScript, sourceOf } from "../program-file.ts";
import { didYouMean } from "../suggestions.ts";
import { chooseExport, type LoadOptions, loadFile } from "./load-file.ts";

/**
 * Loads a program from a TypeScript or JavaScript file: its only exported function, or the named one.
 *
 * @throws {InvalidOptions} if the file or the function does not exist, or the choice is ambiguous.
 */
export async function loadProgram(
  file: string,
  name: string | undefined,
  options: LoadOptions,
): Promise<AnyProgram> {
  requireSource(file);
  const exports = await loadFile(file, options);
  const { names, chosen, isAmbiguous } = chooseExport(exports, isProgram, name);
  if (chosen !== undefined) return chosen;
  if (name !== undefined) {
    throw new InvalidOptions(
      `${file} does not export a function "${name}", only ${names.join(", ") || "other values"}.${didYouMean(name, names)}`,
    );
  }
  if (isAmbiguous) {
    throw new InvalidOptions(
      `${file} exports several functions (${names.join(", ")}). Choose one with --export`,
    );
  }
  throw new InvalidOptions(
    `${file} does not export a function. A program is a function of a node: export function echo(node: Node) { ... }`,
  );
}

/** @throws {InvalidOptions} if the path is not of a TypeScript or JavaScript file. */
function requireSource(file: string): void {
  const stats = statSync(resolve(file), { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (stats.isDirectory()) {
    throw new InvalidOptions(
      `${file}: a directory. Name the file of the program, such as ${join(file, "echo.ts")}`,
    );
  }
  if (isNative(file)) {
    const source = sourceOf(file);
    const hint =
      source === undefined ? "Name its TypeScript source" : `Its source may be ${source}`;
    throw new InvalidOptions(
      `${file}: a compiled program, but a simulation runs the source. ${hint}, or test the program as processes: vortex test --bin ${file} -w ...`,
    );
  }
  if (!isLoadable(file)) {
    const hint = isScript(file) ? `: vortex test --bin ${file} -w ...` : " with vortex test";
    throw new InvalidOptions(
      `${file}: not TypeScript or JavaScript. Only such sources can be simulated; test other programs as processes${hint}`,
    );
  }
}

// Parameters are not visible here: a function that is not a program fails when it is called.
function isProgram(value: unknown): value is AnyProgram {
  return typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value));
}
