/** Loads a program from its TypeScript source, in a worker of a browser. */
import { parse } from "es-module-lexer/js";
import { transform } from "sucrase";
import * as v from "valibot";
import * as raft from "../../../raft/index.ts";
import type { AnyProgram } from "../../../vortex/index.ts";
import * as vortex from "../../../vortex/index.ts";
import * as workload from "../../../workload/index.ts";
import type { LoadRequest, Problem, SourceFile } from "./protocol.ts";

type Exports = Readonly<Record<string, unknown>>;

/** The modules that a program can import by name. */
const LIBRARY: Readonly<Record<string, Exports>> = {
  vortex,
  "vortex/raft": raft,
  "vortex/workload": workload,
  valibot: v,
};

/** The paths by which programs of this repository import the library. */
const LIBRARY_PATH = /(?:^|\/)lib\/(vortex|raft|workload)\/index\.ts$/;

/** Global that holds the library, for the modules that re-export it. */
const LIBRARY_KEY = "vortex playground library";

/** The program cannot be loaded. */
export class LoadError extends Error {
  override readonly name = "LoadError";
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.text);
    this.problem = problem;
  }
}

/** @throws {LoadError} for an error in a file, and if the first file does not export one program. */
export async function loadProgram({ files, exportName }: LoadRequest): Promise<AnyProgram> {
  const [main] = files;
  if (main === undefined) throw new LoadError({ file: "", text: "No file was given" });
  const modules = new Modules(files);
  const exports = await importModule(main.name, modules.addressOf(main));
  return chooseProgram(main.name, exports, exportName);
}

function chooseProgram(file: string, exports: Exports, name: string | undefined): AnyProgram {
  const found = Object.entries(exports).flatMap(([key, value]) =>
    isProgram(value) ? [[key, value] as const] : [],
  );
  const chosen = name === undefined ? found : found.filter(([key]) => key === name);
  // A program can be exported under several names.
  const [only, ...others] = new Set(chosen.map(([, program]) => program));
  if (only !== undefined && others.length === 0) return only;
  const names = found.map(([key]) => key).join(", ");
  if (others.length > 0) {
    throw new LoadError({
      file,
      text: `Several functions are exported: ${names}. Export one, or name it as the exported function`,
    });
  }
  const text =
    name === undefined
      ? "No function is exported. A program is a function of a node: export function echo(node: Node) { ... }"
      : `No function "${name}" is exported, only ${names || "other values"}`;
  throw new LoadError({ file, text });
}

function isProgram(value: unknown): value is AnyProgram {
  return typeof value === "function" && !/^class\b/.test(Function.prototype.toString.call(value));
}

async function importModule(file: string, address: string): Promise<Exports> {
  try {
    return await import(address);
  } catch (error) {
    throw new LoadError({ file, ...placeOf(error), text: textOf(error) });
  }
}

/** The modules of a program, as blobs that import each other. */
class Modules {
  readonly #files: ReadonlyMap<string, SourceFile>;
  /** By file name; `undefined` while the file's own imports are resolved. */
  readonly #addresses = new Map<string, string | undefined>();

  constructor(files: readonly SourceFile[]) {
    this.#files = new Map(files.map((file) => [file.name, file]));
  }

  addressOf({ name, source }: SourceFile): string {
    const known = this.#addresses.get(name);
    if (known !== undefined) return known;
    this.#addresses.set(name, undefined);
    const code = this.#resolveImports(name, transpile(name, source));
    // Stack traces name the file as they do on Bun: with an absolute path.
    const address = addressOfModule(`${code}\n//# sourceURL=/${name}`);
    this.#addresses.set(name, address);
    return address;
  }

  #resolveImports(name: string, code: string): string {
    let resolved = "";
    let copied = 0;
    const [imports] = parse(code, name);
    for (const { type, specifier, start, end } of imports) {
      if (type === "import-meta") continue;
      const line = code.slice(0, start).split("\n").length;
      if (specifier === undefined) {
        throw new LoadError({ file: name, line, text: "An import must name its module by a text" });
      }
      const address = this.#resolve(specifier, name, line);
      // A dynamic import is replaced with its quotes.
      resolved +=
        code.slice(copied, start) + (type === "dynamic" ? JSON.stringify(address) : address);
      copied = end;
    }
    return resolved + code.slice(copied);
  }

  /** A blob's address is known when its content is, so files cannot import each other in a circle. */
  #addressOfImport(file: SourceFile, importer: string, line: number): string {
    const { name } = file;
    const isOpen = this.#addresses.has(name) && this.#addresses.get(name) === undefined;
    if (!isOpen) return this.addressOf(file);
    // Those without an address yet import each other, in the order in which they were begun.
    const open = [...this.#addresses].flatMap(([each, address]) =>
      address === undefined ? [each] : [],
    );
    const circle = [...open.slice(open.indexOf(name)), name].join(" → ");
    const text = `Files import each other in a circle: ${circle}. A program in the browser cannot; move what both need into another file`;
    throw new LoadError({ file: importer, line, text });
  }

  #resolve(specifier: string, importer: string, line: number): string {
    if (Object.hasOwn(LIBRARY, specifier)) return libraryAddress(specifier);
    if (/^\.\.?\//.test(specifier)) {
      const path = pathFrom(importer, specifier);
      const file = this.#files.get(path);
      if (file !== undefined) return this.#addressOfImport(file, importer, line);
      const own = LIBRARY_PATH.exec(path)?.[1];
      if (own !== undefined) return libraryAddress(own === "vortex" ? own : `vortex/${own}`);
    }
    const known = Object.keys(LIBRARY).join(", ");
    throw new LoadError({
      file: importer,
      line,
      text: `Cannot import "${specifier}". A program in the browser can import ${known}, and its own files`,
    });
  }
}

/** Resolves a relative path from the directory of a file, as Bun does: `%20` and `#` stand for themselves. */
export function pathFrom(file: string, relative: string): string {
  const parts = file.split("/").slice(0, -1);
  for (const part of relative.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

function transpile(file: string, source: string): string {
  try {
    const options = { transforms: ["typescript" as const], disableESTransforms: true };
    return transform(source, options).code;
  } catch (error) {
    const place = v.safeParse(
      v.object({ loc: v.object({ line: v.number(), column: v.number() }) }),
      error,
    );
    const text = textOf(error).replace(/^Error transforming .*?: |\s*\(\d+:\d+\)$/g, "");
    throw new LoadError({ file, ...(place.success ? place.output.loc : {}), text });
  }
}

const libraryAddresses = new Map<string, string>();

/** Returns the address of a module that re-exports one of the library. */
function libraryAddress(name: string): string {
  const known = libraryAddresses.get(name);
  if (known !== undefined) return known;
  Reflect.set(globalThis, LIBRARY_KEY, LIBRARY);
  const names = Object.keys(LIBRARY[name] ?? {});
  const text = JSON.stringify;
  const address = addressOfModule(
    [
      `const library = globalThis[${text(LIBRARY_KEY)}][${text(name)}];`,
      ...names.map((each, index) => `const _${index} = library[${text(each)}];`),
      // Names may be reserved words, as valibot's `null` is.
      `export { ${names.map((each, index) => `_${index} as ${each}`).join(", ")} };`,
    ].join("\n"),
  );
  libraryAddresses.set(name, address);
  return address;
}

function addressOfModule(code: string): string {
  return URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** Finds the line of an error: engines write it into the stack, or beside it. */
function placeOf(error: unknown): Pick<Problem, "line" | "column"> {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const [, line, column] = /\/[^\s:()]+\.[cm]?[jt]sx?:(\d+):(\d+)/.exec(stack) ?? [];
  if (line !== undefined) return { line: Number(line), column: Number(column) };
  const place = v.safeParse(v.object({ lineNumber: v.number() }), error);
  return place.success ? { line: place.output.lineNumber } : {};
}
