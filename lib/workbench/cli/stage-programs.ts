/** Finds the program of each stage: the compiled challenges, or someone's own solutions. */
import { accessSync, constants, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { InvalidOptions } from "../invalid-options.ts";
import { idsOf, STAGES, type Stage } from "../stages/stages.ts";
import { didYouMean } from "../suggestions.ts";
import { selfDirectory } from "../sweep/self.ts";
import { executable } from "./executable.ts";

export interface ProgramFlags {
  readonly binDir?: string;
  /** Paths by stage id (`3d`), challenge (`3`) or workload (`broadcast`). */
  readonly bin?: ReadonlyMap<string, string>;
}

export interface StageProgram {
  /** Absolute path. */
  readonly bin: string;
  readonly args: readonly string[];
}

/** Other names that solutions commonly have: Fly.io's page calls these `maelstrom-counter` and so on. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["g-counter", "counter"],
  ["txn-rw-register", "txn"],
]);

/** Collects the values of a repeated `--bin`: `3d=./fast`. {@link requireStages} checks the names. */
export function collectBin(
  text: string,
  former: ReadonlyMap<string, string> = new Map(),
): ReadonlyMap<string, string> {
  const separator = text.indexOf("=");
  const [name, path] = [text.slice(0, separator), text.slice(separator + 1)];
  if (separator < 1) {
    throw new InvalidOptions(`--bin ${text}: name the stage too, such as --bin 1=${path}`);
  }
  if (path === "") throw new InvalidOptions(`--bin ${text}: the path of the program is missing`);
  return new Map([...former, [name, path]]);
}

/** @throws {InvalidOptions} for a `--bin` whose stage is not in the table. */
export function requireStages(table: readonly Stage[], { bin }: ProgramFlags): void {
  const known = [...new Set(table.flatMap(namesOf))];
  for (const [name, path] of bin ?? []) {
    if (known.includes(name)) continue;
    throw new InvalidOptions(
      `--bin ${name}=${path}: unknown stage "${name}".${didYouMean(name, known)} Choose from ${known.join(", ")}`,
    );
  }
}

/**
 * Returns the stages to run: those with the given ids, or all. With `--bin` alone, only stages that it
 * names; with a directory, no stage beyond Gossip Glomers that it has no program for.
 */
export function stagesToRun(
  ids: readonly string[],
  { bin, binDir }: ProgramFlags,
  table: readonly Stage[] = STAGES,
): readonly Stage[] {
  if (ids.length > 0) return table.filter(({ id }) => ids.includes(id));
  // A user's table names its programs.
  if (table !== STAGES) return table;
  const isNamed = (stage: Stage) => namesOf(stage).some((name) => bin?.has(name));
  if (binDir !== undefined) {
    const files = programsIn(binDir);
    return table.filter(
      (stage) => !stage.isBeyond || isNamed(stage) || fileOf(stage, files) !== undefined,
    );
  }
  return bin === undefined ? table : table.filter(isNamed);
}

/**
 * Returns the program of each stage.
 *
 * Own solutions get no arguments: those of a stage are options of the challenges.
 *
 * @throws {InvalidOptions} if a program is missing, with every stage that lacks one.
 */
export function programsOf(
  stages: readonly Stage[],
  { bin, binDir }: ProgramFlags,
  table: readonly Stage[] = STAGES,
): ReadonlyMap<Stage, StageProgram> {
  const isOwn = bin !== undefined || binDir !== undefined;
  const files = binDir === undefined ? [] : programsIn(binDir);
  const programs = new Map<Stage, StageProgram>();
  const missing: Stage[] = [];
  for (const stage of stages) {
    const name = namesOf(stage).find((candidate) => bin?.has(candidate));
    const path = name === undefined ? undefined : bin?.get(name);
    if (path !== undefined) {
      const hint = "Give the path of an executable file";
      programs.set(stage, { bin: executable(path, { flag: `--bin ${name}`, hint }), args: [] });
    } else if (stage.directory !== undefined && binDir === undefined) {
      programs.set(stage, { bin: listedProgram(stage, stage.directory), args: stage.args ?? [] });
    } else if (!isOwn) {
      programs.set(stage, { bin: challengeOf(stage), args: stage.args ?? [] });
    } else {
      const file = fileOf(stage, files);
      if (file === undefined) missing.push(stage);
      else {
        const own = executable(join(resolve(binDir ?? "."), file), { flag: "--bin-dir" });
        programs.set(stage, { bin: own, args: [] });
      }
    }
  }
  if (missing.length > 0) throw new InvalidOptions(describeMissing(table, missing, binDir));
  return programs;
}

/** Names of a stage, most specific first: `3d`, `3`, `broadcast`, and a common other name. */
function namesOf({ id, bin, directory }: Stage): readonly string[] {
  const number = /^\d+/.exec(id)?.[0] ?? id;
  const program = directory === undefined ? [bin, ALIASES.get(bin) ?? bin] : [];
  return [...new Set([id, number, ...program])];
}

/** The program that a row of a user's table names. */
function listedProgram({ id, bin }: Stage, directory: string): string {
  if (bin !== "") {
    return executable(resolve(directory, bin), { flag: `Stage ${id}`, hint: "Build it" });
  }
  throw new InvalidOptions(
    `Stage ${id} names no program. Add bin to its row, or name one with --bin ${id}=PATH`,
  );
}

function challengeOf({ bin }: Stage): string {
  const extension = process.platform === "win32" ? ".exe" : "";
  return executable(join(resolve(selfDirectory() ?? "dist"), `${bin}${extension}`), {
    flag: "Compiled challenge",
  });
}

interface ProgramFile {
  readonly file: string;
  /** The file's name without an extension and without `maelstrom-`. */
  readonly stem: string;
}

/** Lists the files of a directory that can be run, those without an extension first. */
function programsIn(directory: string): readonly ProgramFile[] {
  const stats = statSync(directory, { throwIfNoEntry: false });
  if (stats === undefined) throw new InvalidOptions(`--bin-dir ${directory}: directory not found`);
  if (!stats.isDirectory()) {
    throw new InvalidOptions(
      `--bin-dir ${directory}: not a directory. To run one program, use --bin STAGE=${directory}`,
    );
  }
  return readdirSync(directory)
    .filter((file) => isRunnable(join(directory, file)))
    .sort((one, other) => one.length - other.length || (one < other ? -1 : 1))
    .map((file) => ({ file, stem: file.replace(/^maelstrom-/, "").replace(/\.[^.]*$/, "") }));
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function fileOf(stage: Stage, files: readonly ProgramFile[]): string | undefined {
  for (const name of namesOf(stage)) {
    const found = files.find(({ stem }) => stem === name);
    if (found !== undefined) return found.file;
  }
  return undefined;
}

/** Lists the stages without a program, and the file that each needs. */
function describeMissing(
  table: readonly Stage[],
  missing: readonly Stage[],
  binDir: string | undefined,
): string {
  const groups = Map.groupBy(missing, ({ bin }) => bin);
  const lines = [...groups].map(([bin, stages]) => {
    const ids = [...new Set(stages.map(({ id }) => id))];
    const word = ids.length === 1 ? "stage" : "stages";
    return `  ${word} ${ids.join(", ")}: ${binDir === undefined ? `--bin ${ids[0]}=PATH` : bin}`;
  });
  const left = idsOf(table).filter((id) => !missing.some((stage) => stage.id === id));
  const remedy =
    binDir === undefined
      ? "Name a program for each, or a directory with --bin-dir"
      : `Add executable files with these names, name others with --bin STAGE=PATH, or choose stages: vortex stages ${left[0] ?? "1"}`;
  const where = binDir === undefined ? "--bin" : `--bin-dir ${binDir}`;
  return `${where}: no program for\n${lines.join("\n")}\n${remedy}`;
}
