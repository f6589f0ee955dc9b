/** The program that `vortex play FILE` has opened: reads its files, and saves them. */
import { promises, realpathSync } from "node:fs";
import * as v from "valibot";
import { describeIssues } from "../../../protocol/describe-issues.ts";
import { collectFiles, type ProgramFiles } from "./program-files.ts";

export interface ProgramOptions {
  /** Path of the main file, as it was typed. */
  readonly path: string;
  /** Flags of `vortex sim` to begin with. */
  readonly flags: readonly string[];
  readonly args: readonly string[];
}

const Save = v.strictObject({
  files: v.pipe(v.array(v.strictObject({ name: v.string(), source: v.string() })), v.minLength(1)),
  /** That which was edited. Without it, whatever is on disk is overwritten. */
  version: v.optional(v.string()),
});

/** The end of a save: the new version, or the reason why nothing was saved. */
type SaveEnding =
  | { readonly status: 200; readonly version: string }
  | { readonly status: 400 | 403 | 409 | 500; readonly text: string };

export class OpenedProgram {
  readonly #options: ProgramOptions;
  /** One save after the other. */
  #saving: Promise<unknown> = Promise.resolve();

  constructor(options: ProgramOptions) {
    this.#options = options;
  }

  /** @throws {UnreadableProgram} */
  async read() {
    const { path, flags, args } = this.#options;
    const files = await collectFiles(path);
    return {
      path,
      flags,
      args,
      files: files.files.map(({ name, source }) => ({ name, source })),
      version: versionOf(files),
    };
  }

  /** Saves what a page sent. Only files of the program are written. */
  save(request: unknown): Promise<SaveEnding> {
    const saved = this.#saving.then(() => this.#save(request));
    this.#saving = saved.catch(() => {});
    return saved;
  }

  async #save(request: unknown): Promise<SaveEnding> {
    const parsed = v.safeParse(Save, request);
    if (!parsed.success) return { status: 400, text: describeIssues(parsed.issues) };
    const { files, version } = parsed.output;
    const present = await collectFiles(this.#options.path);
    if (version !== undefined && version !== versionOf(present)) {
      return { status: 409, text: "The file has changed on disk since it was opened" };
    }
    const known = new Map(present.files.map((file) => [file.name, file]));
    const foreign = files.find(({ name }) => !known.has(name));
    if (foreign !== undefined) {
      return { status: 403, text: `${JSON.stringify(foreign.name)} is not a file of the program` };
    }
    for (const { name, source } of files) {
      const file = known.get(name);
      if (file === undefined || file.source === source) continue;
      try {
        await replace(file.path, source);
      } catch (error) {
        const reason = error instanceof Error ? error.message : error;
        return { status: 500, text: `${name} cannot be saved: ${reason}` };
      }
    }
    return { status: 200, version: versionOf(await collectFiles(this.#options.path)) };
  }
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
