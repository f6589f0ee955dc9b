/** The files of a program: its main file, and what it imports by relative paths. */
import { dirname, join, relative, resolve, sep } from "node:path";
import type { SourceFile } from "../engine/protocol.ts";

export interface ProgramFile extends SourceFile {
  /** Absolute path. */
  readonly path: string;
}

export interface ProgramFiles {
  /** The directory that the names start from. */
  readonly directory: string;
  /** The main file is the first. */
  readonly files: readonly ProgramFile[];
}

/** A program of more files is not one that a person edits in a page. */
const MAX_FILES = 100;
const MAX_FILE_BYTES = 2_000_000;

/** A program's files cannot be read. */
export class UnreadableProgram extends Error {
  override readonly name = "UnreadableProgram";
}

/**
 * Reads a program's files. Those that cannot be found are left out: to import them is an error of the
 * program, which the page reports at its line.
 *
 * @param added Absolute paths of further files, which it need not import.
 * @throws {UnreadableProgram} if the main file cannot be read, or there is too much.
 */
export async function collectFiles(
  main: string,
  added: readonly string[] = [],
): Promise<ProgramFiles> {
  const start = resolve(main);
  const sources = new Map<string, string>();
  const waiting = [start, ...added];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    if (sources.has(path)) continue;
    const source = await read(path, path === start);
    if (source === undefined) continue;
    sources.set(path, source);
    if (sources.size > MAX_FILES) {
      throw new UnreadableProgram(`${main} imports more than ${MAX_FILES} files`);
    }
    waiting.push(...importsOf(path, source));
  }
  const directory = commonDirectory([...sources.keys()]);
  const files = [...sources].map(([path, source]) => ({
    name: relative(directory, path).split(sep).join("/"),
    path,
    source,
  }));
  return { directory, files };
}

async function read(path: string, isMain: boolean): Promise<string | undefined> {
  const file = Bun.file(path);
  try {
    if (file.size > MAX_FILE_BYTES) throw new Error(`It is larger than ${MAX_FILE_BYTES} bytes`);
    return await file.text();
  } catch (error) {
    if (!isMain) return undefined;
    throw new UnreadableProgram(
      `${path} cannot be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** The library, which a program in this repository imports by its path. */
const LIBRARY = /(^|\/)lib\/(vortex|raft|workload)\/index\.ts$/;

/** Absolute paths of what a file imports by relative paths, without the library. */
function importsOf(path: string, source: string): string[] {
  const loader = /\.[cm]?jsx?$/.test(path) ? "js" : "ts";
  try {
    return new Bun.Transpiler({ loader })
      .scanImports(source)
      .map(({ path: specifier }) => specifier)
      .filter((specifier) => /^\.\.?\//.test(specifier) && !LIBRARY.test(specifier))
      .map((specifier) => join(dirname(path), specifier));
  } catch {
    // The page reports an error of syntax at its line.
    return [];
  }
}

function commonDirectory([first = "", ...others]: readonly string[]): string {
  let directory = dirname(first);
  while (others.some((path) => !path.startsWith(`${directory}${directory === sep ? "" : sep}`))) {
    directory = dirname(directory);
  }
  return directory;
}
