/** The work of a reader: a program, and the options of its test. */
import type { Decisions } from "../../decisions.ts";
import { shellCommand } from "../../shell.ts";
import type { SourceFile } from "../engine/protocol.ts";
import type { Shared } from "../link.ts";
import { parseWords, type Settings, toWords } from "../settings.ts";
import type { Example } from "../site/site-data.ts";

export interface Work {
  /** The first file exports the program. */
  readonly files: readonly SourceFile[];
  readonly exportName: string | undefined;
  readonly settings: Settings;
  /** The program's arguments. */
  readonly args: readonly string[];
  /** Decisions that its runs replay in place of chance. */
  readonly decisions: Decisions | undefined;
  /** Path of the first file, if it is one of the reader's. */
  readonly path?: string;
}

export function workOfExample({ files, flags, args }: Example): Work {
  return { files, exportName: undefined, settings: parseWords(flags), args, decisions: undefined };
}

/** @throws {InvalidOptions} if a flag is unknown, or its text does not fit. */
export function workOfLink({ files, exportName, flags, args = [], decisions }: Shared): Work {
  return { files, exportName, settings: parseWords(flags), args, decisions };
}

export function toLink({ files, exportName, settings, args, decisions }: Work): Shared {
  return {
    files: files.map(({ name, source }) => ({ name, source })),
    ...(exportName === undefined ? {} : { exportName }),
    flags: toWords(settings),
    ...(args.length === 0 ? {} : { args: [...args] }),
    ...(decisions === undefined ? {} : { decisions }),
  };
}

/** Whether runs of two works are the same. */
export function isSameWork(one: Work, other: Work): boolean {
  return one === other || JSON.stringify(toLink(one)) === JSON.stringify(toLink(other));
}

/** Whether decisions prescribe the operations of its runs, in place of its settings and its seed. */
export function isPrescribed({ decisions }: Work): boolean {
  return decisions !== undefined && decisions.base !== "seed";
}

/**
 * Returns the work with other settings. Decisions that prescribe operations are of a run with the former
 * ones: kept, they would hide what was chosen.
 */
export function withSettings(work: Work, settings: Settings): Pick<Work, "settings" | "decisions"> {
  return { settings, decisions: isPrescribed(work) ? undefined : work.decisions };
}

/** Longest decisions that a command holds; others are a file beside the program. */
const MAX_INLINE_LENGTH = 300;
const DECISIONS_FILE = "decisions.json";

/** Whether the command names a file with the decisions. */
export function needsDecisionsFile({ decisions }: Work): boolean {
  return decisions !== undefined && JSON.stringify(decisions).length > MAX_INLINE_LENGTH;
}

/** The command that repeats the run on a shell. */
export function commandOf(work: Work): string {
  const { files, exportName, settings, args, decisions, path } = work;
  const argv = ["vortex", "sim", path ?? files[0]?.name ?? "program.ts"];
  if (exportName !== undefined) argv.push("--export", exportName);
  argv.push(...toWords(settings));
  if (decisions !== undefined) {
    argv.push("--decisions", needsDecisionsFile(work) ? DECISIONS_FILE : JSON.stringify(decisions));
  }
  if (args.length > 0) argv.push("--", ...args);
  return shellCommand(argv);
}
