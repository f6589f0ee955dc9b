/** Copies of `lib/raft` with a bug, made by replacing a piece of its source. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const LIB = join(import.meta.dir, "../../lib");

/** A piece of `lib/raft`, which must occur once in all its files, and what takes its place. */
export interface Replacement {
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
    const sources = new Map(
      readdirSync(join(LIB, "raft")).map((file) => [
        file,
        readFileSync(join(LIB, "raft", file), "utf8"),
      ]),
    );
    for (const replacement of replacements) replaceOnce(sources, replacement);
    for (const [file, source] of sources) {
      writeFileSync(join(directory, file), withAbsoluteImports(source));
    }
    // The copy has the exports of the original.
    return (await import(join(directory, "index.ts"))) as RaftModule;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function replaceOnce(sources: Map<string, string>, { from, to }: Replacement): void {
  let count = 0;
  for (const [file, source] of sources) {
    count += source.split(from).length - 1;
    sources.set(
      file,
      source.replace(from, () => to),
    );
  }
  if (count !== 1) {
    throw new Error(`lib/raft must hold this once, not ${count} times, to be replaced:\n${from}`);
  }
}

function withAbsoluteImports(source: string): string {
  return source
    .replaceAll('from "../', `from "${LIB}/`)
    .replaceAll('from "valibot"', `from "${Bun.resolveSync("valibot", LIB)}"`);
}
