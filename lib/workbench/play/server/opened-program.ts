/** The program that `vortex play FILE` has opened: reads its files, and saves them. */
import { promises, realpathSync } from "node:fs";
import { join, posix } from "node:path";
import * as v from "valibot";
import { describeIssues } from "../../../protocol/describe-issues.ts";
import { isFileName, MAX_FILES } from "../link.ts";
import { collectFiles, type ProgramFiles } from "./program-files.ts";

export interface ProgramOptions {
  /** Path of the main file, as it was typed. */
  readonly path: string;
  /** Flags of `vortex sim` to begin with. */
  readonly flags: readonly string[];
  readonly args: readonly string[];
}

const Save = v.strictObject({
  /** All that the page holds, changed or not. */
  files: v.pipe(
    v.array(v.strictObject({ name: v.string(), source: v.string() })),
    v.minLength(1),
    v.maxLength(MAX_FILES),
  ),
  /** Names of files to delete. */
  deleted: v.optional(v.array(v.string()), []),
  /** That which was edited. Without it, whatever is on disk is overwritten. */
  version: v.optional(v.string()),
});

/** The end of a save: the new version, or the reason why it failed. */
type SaveEnding =
  | { readonly status: 200; readonly version: string }
  | { readonly status: 400 | 403 | 409 | 500; readonly text: string };

export class OpenedProgram {
  readonly #options: ProgramOptions;
  /** Paths of what was saved last: the program need not import it yet, or any more. */
  #kept: ReadonlySet<string> = new Set();
  /** One after the other: a page must not load what is half saved. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** @throws {UnreadableProgram} */
  read() {
    return this.#inTurn(() => this.#read());
  }

  async #read() {
    const { path, flags, args } = this.#options;
    const files = await this.#collect();
    return {
      path,
      flags,
      args,
      files: files.files.map(({ name, source }) => ({ name, source })),
      version: versionOf(files),
    };
  }

  #collect(): Promise<ProgramFiles> {
    return collectFiles(this.#options.path, [...this.#kept]);
  }

  /** Saves what a page sent. Only files of the program are written, and new ones beside its main file. */
  save(request: unknown): Promise<SaveEnding> {
    return this.#inTurn(() => this.#save(request));
  }

  #inTurn<Value>(act: () => Promise<Value>): Promise<Value> {
    const acted = this.#last.then(act);
    this.#last = acted.catch(() => {});
    return acted;
  }

  async #save(request: unknown): Promise<SaveEnding> {
    const parsed = v.safeParse(Save, request);
    if (!parsed.success) return { status: 400, text: describeIssues(parsed.issues) };
    const { files, deleted, version } = parsed.output;
    const present = await this.#collect();
    if (version !== undefined && version !== versionOf(present)) {
      return { status: 409, text: "The file has changed on disk since it was opened" };
    }
    const known = new Map(present.files.map((file) => [file.name, file]));
    const added = files.filter(({ name }) => !known.has(name));
    const refusal =
      added.map(({ name }) => refusalOfNew(name, present)).find(isText) ??
      deleted.map((name) => refusalOfDeletion(name, present)).find(isText);
    if (refusal !== undefined) return { status: 403, text: refusal };
    // First, because a file of that name may exist: then nothing has been changed.
    const created: string[] = [];
    for (const { name, source } of added) {
      try {
        created.push(await create(join(present.directory, name), source));
      } catch (error) {
        await Promise.all(created.map((path) => promises.rm(path, { force: true })));
        return { status: 500, text: `${name} cannot be saved: ${reasonOf(error)}` };
      }
    }
    const kept = files.flatMap(({ name }) => known.get(name)?.path ?? []);
    this.#kept = new Set([...kept, ...created]);
    for (const { name, source } of files) {
      const file = known.get(name);
      if (file === undefined || file.source === source) continue;
      try {
        await replace(file.path, source);
      } catch (error) {
        return { status: 500, text: `${name} cannot be saved: ${reasonOf(error)}` };
      }
    }
    for (const name of deleted) {
      const path = known.get(name)?.path;
      if (path === undefined) continue;
      try {
        await promises.rm(path);
      } catch (error) {
        return { status: 500, text: `${name} cannot be deleted: ${reasonOf(error)}` };
      }
    }
    return { status: 200, version: versionOf(await this.#collect()) };
  }
}

function isText(value: string | undefined): value is string {
  return value !== undefined;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && error.code === "EEXIST"
    ? "There is such a file already"
    : error.message;
}

function isBesideMain(name: string, { files: [main] }: ProgramFiles): boolean {
  return main !== undefined && posix.dirname(name) === posix.dirname(main.name);
}

/** Returns why a file cannot be created; `undefined` if it can. */
function refusalOfNew(name: string, program: ProgramFiles): string | undefined {
  const shown = JSON.stringify(name);
  if (!isFileName(name) || !/[^/]\.ts$/.test(name)) {
    return `${shown} is not a file of the program, and cannot be one: a new file is a relative path that ends in .ts`;
  }
  if (isBesideMain(name, program)) return undefined;
  return `${shown} is not a file of the program: new files are saved beside ${program.files[0]?.name} only`;
}

/** Returns why a file cannot be deleted; `undefined` if it can. */
function refusalOfDeletion(name: string, program: ProgramFiles): string | undefined {
  const shown = JSON.stringify(name);
  const index = program.files.findIndex((file) => file.name === name);
  if (index < 0) return `${shown} is not a file of the program`;
  if (index === 0) return `${shown} is the file that was opened, and is not deleted`;
  if (isBesideMain(name, program)) return undefined;
  return `${shown} is deleted and renamed on disk only: it is not beside ${program.files[0]?.name}`;
}

/** Writes a file that must not exist, and returns its path. */
async function create(path: string, source: string): Promise<string> {
  await promises.writeFile(path, source, { flag: "wx" });
  return path;
}

/** Writes a file at once, so that it is never seen half written. A link stays a link. */
async function replace(path: string, source: string): Promise<void> {
  const file = realpathSync(path);
  const partial = `${file}.${process.pid}.partial`;
  // Of node:fs, because a command that imports node:fs/promises keeps simulations from noticing its use.
  const { chmod, rename, rm, stat, writeFile } = promises;
  const { mode } = await stat(file);
  try {
    await writeFile(partial, source);
    await chmod(partial, mode & 0o777);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
}

function versionOf({ files }: ProgramFiles): string {
  const text = JSON.stringify(files.map(({ name, source }) => [name, source]));
  return new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 32);
}
