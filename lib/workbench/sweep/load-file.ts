/** Loads files of users: programs, and what they define for the tester. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { plugin } from "bun";
import * as valibot from "valibot";
import * as raft from "../../raft/index.ts";
import * as vortex from "../../vortex/index.ts";
import * as workload from "../../workload/index.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { programPlaceIn } from "../program-place.ts";
import { suggestFile } from "../suggestions.ts";
import { divertExits } from "./divert-exits.ts";
import { describeException, describeRejection, divertRejections } from "./divert-rejections.ts";
import { divertStdout } from "./divert-stdout.ts";
import { wrapModules } from "./outside-world.ts";

export interface LoadOptions {
  /** Maximum time that the file may take to load, in seconds. */
  readonly limitS: number;
  /** Called if the file prints to stdout while it is loaded. */
  readonly onPrinted: (text: string) => void;
}

/**
 * Imports a TypeScript or JavaScript file that may do more than to define something.
 *
 * @throws {InvalidOptions} if it does not exist, throws, exits, reads stdin, leaves a timer or a
 *   rejection, or does not settle.
 */
export async function loadFile(
  file: string,
  { limitS, onPrinted }: LoadOptions,
): Promise<Readonly<Record<string, unknown>>> {
  const problems: string[] = [];
  const path = resolve(file);
  if (!(await Bun.file(path).exists())) {
    throw new InvalidOptions(`${file}: file not found (looked for ${path}).${suggestFile(path)}`);
  }
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
  provideModules(path);
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

/** The exports of one kind, and the one to take. */
export interface ExportChoice<T> {
  /** Names of all exports of the kind. */
  readonly names: readonly string[];
  /** The export that was named, or the only one if none was; `undefined` if there is none such. */
  readonly chosen: T | undefined;
  /** Whether none was named, and there are several. */
  readonly isAmbiguous: boolean;
}

/** Chooses among the exports of a kind: the named one, or the only one. */
export function chooseExport<T>(
  exports: Readonly<Record<string, unknown>>,
  is: (value: unknown) => value is T,
  name: string | undefined,
): ExportChoice<T> {
  const found = Object.entries(exports).flatMap(([key, value]) =>
    is(value) ? [[key, value] as const] : [],
  );
  const names = found.map(([key]) => key);
  if (name !== undefined) {
    const named = found.find(([key]) => key === name);
    return { names, chosen: named?.[1], isAmbiguous: false };
  }
  // A value can be exported under several names, as the default too.
  const [only, ...others] = new Set(found.map(([, value]) => value));
  const isAmbiguous = others.length > 0;
  return { names, chosen: isAmbiguous ? undefined : only, isAmbiguous };
}

type Modules = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Modules of this command, so that it and the file agree on what a definition is. */
const OWN: Modules = { "vortex/workload": workload };
/** Modules that the command provides if the file's folder does not have them. */
const FALLBACKS: Modules = { valibot, vortex, "vortex/raft": raft };

/** Names of the modules that the command provides to a file. */
export function providedModules(file: string): readonly string[] {
  const isMissing = (name: string) => !isInstalled(name, dirname(file));
  return [...Object.keys(OWN), ...Object.keys(FALLBACKS).filter(isMissing)];
}

/** Makes the modules importable that files need: their folder may have no node_modules. */
function provideModules(path: string): void {
  const names = providedModules(path);
  for (const [name, exports] of Object.entries({ ...OWN, ...FALLBACKS })) {
    if (!names.includes(name) || provided.has(name)) continue;
    provided.add(name);
    plugin({
      name,
      setup: (build) =>
        void build.module(name, () => ({ exports: { ...exports }, loader: "object" })),
    });
  }
}

/** The runtime keeps modules for all of this process. */
const provided = new Set<string>();

/**
 * Whether a package is in the node_modules of a directory or of one above. To ask the runtime would
 * install a missing one from the registry, where these names may belong to other packages.
 */
function isInstalled(name: string, directory: string): boolean {
  if (existsSync(join(directory, "node_modules", name))) return true;
  const parent = dirname(directory);
  return parent !== directory && isInstalled(name, parent);
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
