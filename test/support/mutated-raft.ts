/** Copies of `lib/raft` with a bug, made by replacing a piece of its source. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIB = join(import.meta.dir, "../../lib");

/** A piece of a file of `lib/raft`, which must occur once, and what takes its place. */
export interface Replacement {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export type RaftModule = typeof import("../../lib/raft/index.ts");

/**
 * Loads `lib/raft` with replacements. It shares all other modules with the original.
 *
 * @throws {Error} when a piece does not occur exactly once: the source has changed since.
 */
export async function loadMutatedRaft(replacements: readonly Replacement[]): Promise<RaftModule> {
  const directory = mkdtempSync(join(tmpdir(), "mutated-raft-"));
  try {
    for (const file of readdirSync(join(LIB, "raft"))) {
      const source = readFileSync(join(LIB, "raft", file), "utf8");
      const mutated = replacements
        .filter((replacement) => replacement.file === file)
        .reduce(replaceOnce, source);
      writeFileSync(join(directory, file), withAbsoluteImports(mutated));
    }
    // The copy has the exports of the original.
    return (await import(join(directory, "index.ts"))) as RaftModule;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function replaceOnce(source: string, { file, from, to }: Replacement): string {
  const [before, after, ...more] = source.split(from);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new Error(`lib/raft/${file} must hold this once, to be replaced:\n${from}`);
  }
  return `${before}${to}${after}`;
}

function withAbsoluteImports(source: string): string {
  return source
    .replaceAll('from "../', `from "${LIB}/`)
    .replaceAll('from "valibot"', `from "${Bun.resolveSync("valibot", LIB)}"`);
}
