import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyProgram } from "../../vortex/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { isLoadable, isNative, isScript, sourceOf } from "../program-file.ts";
import { didYouMean, suggestFile } from "../suggestions.ts";
import { divertExits } from "./divert-exits.ts";
import { describeException, describeRejection, divertRejections } from "./divert-rejections.ts";
import { divertStdout } from "./divert-stdout.ts";
import { wrapModules } from "./outside-world.ts";
import { programPlaceIn } from "./progress-watch.ts";

export interface LoadOptions {
  /** Maximum time that the file may take to load, in seconds. */
  readonly limitS: number;
  /** Called if the file prints to stdout while it is loaded. */
  readonly onPrinted: (text: string) => void;
}

/**
 * Loads a program from a TypeScript or JavaScript file: its only exported function, or the named one.
 *
 * @throws {InvalidOptions} if the file or the function does not exist, or the choice is ambiguous.
 */
export async function loadProgram(
  file: string,
  name: string | undefined,
  { limitS, onPrinted }: LoadOptions,
): Promise<AnyProgram> {
  requireSource(file);
  if (!(await Bun.file(resolve(file)).exists())) {
    throw new InvalidOptions(
      `${file}: file not found (looked for ${resolve(file)}).${suggestFile(resolve(file))}`,
    );
  }
  const exports = await load(file, limitS, onPrinted);
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

/**
 * Imports a file that may do more than to define a program.
 *
 * @throws {InvalidOptions} if it exits, reads stdin, leaves a timer or a rejection, or does not settle.
 */
async function load(
  file: string,
  limitS: number,
  onPrinted: (text: string) => void,
): Promise<Readonly<Record<string, unknown>>> {
  const problems: string[] = [];
  const path = resolve(file);
  const stdout = divertStdout();
  const restore = [
    divertArguments(path),
    divertStdin((place) => void problems.push(describeServe(place))),
    divertExits((call) => void problems.push(`it exits while it is loaded: ${call}`)),
    divertRejections(
      (error) => void problems.push(describeRejection(error)),
      (error) => void problems.push(describeException(error)),
    ),
  ];
  wrapModules();
  const timers = recordTimers();
  let exports: Readonly<Record<string, unknown>> = {};
  try {
    exports = await Promise.race([import(pathToFileURL(path).href), timeoutOf(limitS)]);
    // Reports of unhandled rejections come a little later.
    await new Promise((resolveImmediate) => setImmediate(resolveImmediate));
  } catch (error) {
    problems.push(error instanceof LoadTimeout ? error.message : Bun.inspect(error));
  } finally {
    for (const undo of restore) undo();
    const printed = stdout.restore();
    if (printed !== undefined) {
      onPrinted(
        `${file} printed to stdout while it was loaded. Only messages may go there; use console.error for anything else\n  first output  ${printed.first}`,
      );
    }
  }
  problems.push(...timers.end());
  const [first] = problems;
  if (first !== undefined) throw new InvalidOptions(`Cannot load ${file}: ${first}`);
  return exports;
}

class LoadTimeout extends Error {}

function timeoutOf(limitS: number): Promise<never> {
  return new Promise((_, reject) => {
    const error = new LoadTimeout(
      `it has not finished loading within ${limitS} s: an await at its top level, or at that of a module it imports, never settles`,
    );
    setTimeoutOfHost(() => reject(error), limitS * 1000).unref?.();
  });
}

const setTimeoutOfHost = setTimeout;

function describeServe(place: string | undefined): string {
  const where = place === undefined ? "" : ` at ${place}`;
  return `it reads stdin while it is loaded${where}, as serve() does. Serve only when the file is run: if (import.meta.main) await serve(...)`;
}

/** Hides the arguments of this command from the file. */
function divertArguments(path: string): () => void {
  const { argv } = process;
  process.argv = [argv[0] ?? "bun", path];
  return () => {
    process.argv = argv;
  };
}

function divertStdin(onRead: (place: string | undefined) => void): () => void {
  const own = Object.getOwnPropertyDescriptor(Bun.stdin, "stream");
  Object.defineProperty(Bun.stdin, "stream", {
    configurable: true,
    writable: true,
    value: () => {
      const error = new Error("stdin is read while the program is loaded");
      onRead(programPlaceIn(error.stack));
      throw error;
    },
  });
  return () => {
    if (own === undefined) Reflect.deleteProperty(Bun.stdin, "stream");
    else Object.defineProperty(Bun.stdin, "stream", own);
  };
}

/** Records the timers that are started, until its end, which stops them. */
function recordTimers() {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const left = new Map<unknown, string>();
  const note = (timer: unknown, name: string) => {
    const place = programPlaceIn(new Error().stack);
    left.set(timer, place === undefined ? name : `${name} at ${place}`);
  };
  const clear = (timer: unknown) => left.delete(timer);
  Object.assign(globalThis, {
    setTimeout: (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = setTimeout(() => {
        clear(timer);
        callback(...args);
      }, ms);
      note(timer, "setTimeout");
      return timer;
    },
    setInterval: (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) => {
      const timer = setInterval(callback, ms, ...args);
      note(timer, "setInterval");
      return timer;
    },
    clearTimeout: (timer: ReturnType<typeof setTimeout>) => {
      clear(timer);
      clearTimeout(timer);
    },
    clearInterval: (timer: ReturnType<typeof setInterval>) => {
      clear(timer);
      clearInterval(timer);
    },
  });
  return {
    end: (): string[] => {
      Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
      return [...left].map(([timer, what]) => {
        clearTimeout(timer as ReturnType<typeof setTimeout>);
        return `it leaves a real timer running: ${what}. Start timers in the program, with node.after or node.every`;
      });
    },
  };
}
