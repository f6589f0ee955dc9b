/** Adds, renames and deletes files of a program. */
import type { SourceFile } from "../../engine/protocol.ts";
import { isFileName, MAX_FILES } from "../../link.ts";

/** Returns what is wrong with the name of a file; `undefined` if it can be added under it. */
export function nameProblem(
  name: string,
  others: readonly Pick<SourceFile, "name">[],
): string | undefined {
  if (!/[^/]\.ts$/.test(name)) return "It must end in .ts, as help.ts does";
  if (!isFileName(name)) return "It must be a relative path without steps to a parent";
  if (others.some((other) => other.name === name)) return "There is such a file already";
  if (others.length >= MAX_FILES) return `A program has at most ${MAX_FILES} files`;
  return undefined;
}

/** Returns the files with one under another name. Imports of it stay as they are. */
export function renamed(
  files: readonly SourceFile[],
  from: string,
  to: string,
): readonly SourceFile[] {
  return files.map((file) => (file.name === from ? { ...file, name: to } : file));
}

/** A file that was deleted, and its place among the others. */
export interface DeletedFile {
  readonly file: SourceFile;
  readonly index: number;
}

/** Returns the files with one that was deleted. */
export function restored(
  files: readonly SourceFile[],
  { file, index }: DeletedFile,
): readonly SourceFile[] {
  return files.toSpliced(index, 0, file);
}
