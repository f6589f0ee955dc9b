/** Tells the files that people name as programs apart: sources, scripts, and what a compiler made. */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

/** Extensions of sources that Bun loads. */
const LOADABLE: ReadonlySet<string> = new Set(
  ["ts", "mts", "cts", "tsx", "js", "mjs", "cjs", "jsx"].map((name) => `.${name}`),
);

/** Extensions of sources that a compiler has to turn into a program. */
const COMPILED: ReadonlySet<string> = new Set(
  ["go", "rs", "c", "cc", "cpp", "zig", "java", "kt", "scala", "hs", "ml", "cs", "swift", "d"].map(
    (name) => `.${name}`,
  ),
);

/** Extensions of sources that an interpreter runs. */
const INTERPRETED: ReadonlySet<string> = new Set(
  [
    "py",
    "rb",
    "pl",
    "sh",
    "bash",
    "lua",
    "clj",
    "cljs",
    "bb",
    "ex",
    "exs",
    "erl",
    "php",
    "tcl",
    "jl",
    "r",
    "scm",
    "rkt",
    "lisp",
  ].map((name) => `.${name}`),
);

/** Whether a file is a source of an interpreted language, by its name or its first line. */
export function isScript(path: string): boolean {
  return hasInterpreter(path) || INTERPRETED.has(extname(path).toLowerCase());
}

/** Whether a file is TypeScript or JavaScript, by its name. */
export function isLoadable(path: string): boolean {
  return LOADABLE.has(extname(path).toLowerCase());
}

/** Whether a file is a source of a compiled language, by its name. */
export function isCompiledLanguage(path: string): boolean {
  return COMPILED.has(extname(path).toLowerCase());
}

/** Whether a file is a program for some machine: ELF, Mach-O or Windows. */
export function isNative(path: string): boolean {
  const head = headOf(path);
  return MAGIC_NUMBERS.some((magic) => head.subarray(0, magic.length).equals(magic));
}

const MAGIC_NUMBERS = ["7f454c46", "feedface", "feedfacf", "cefaedfe", "cffaedfe", "4d5a"].map(
  (digits) => Buffer.from(digits, "hex"),
);

/** Whether a file names its interpreter in its first line. */
export function hasInterpreter(path: string): boolean {
  return headOf(path).subarray(0, 2).toString("latin1") === "#!";
}

/** Finds the source of a compiled program where projects usually have it. */
export function sourceOf(path: string): string | undefined {
  const name = basename(path, extname(path));
  const directories = [dirname(path), ".", "challenges", "src"];
  return directories
    .map((directory) => join(directory, `${name}.ts`))
    .find((file) => existsSync(file));
}

/** The first bytes of a file; none if it cannot be read. */
function headOf(path: string): Buffer {
  const head = Buffer.alloc(4);
  try {
    const descriptor = openSync(path, "r");
    try {
      return head.subarray(0, readSync(descriptor, head));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return head.subarray(0, 0); // Reported by the next attempt to use it.
  }
}
