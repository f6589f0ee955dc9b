/** Links from a run that was simulated on the command line to the playground. */
import type { Decisions } from "../../decisions.ts";
import { InvalidOptions } from "../../invalid-options.ts";
import { toArgv } from "../../run/argv.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { encodeLink, LinkError } from "../link.ts";
import { parseWords, toOptions, toWords } from "../settings.ts";
import { collectFiles, UnreadableProgram } from "./program-files.ts";

interface SimulatedRun {
  /** Path of the program's main file. */
  readonly file: string;
  /** Name of the exported function, if there are several. */
  readonly exportName?: string | undefined;
  readonly args: readonly string[];
  readonly options: TestOptions;
  readonly decisions?: Decisions | undefined;
}

/**
 * Returns the fragment of a link that opens a run, without `#`; `undefined` if the playground cannot repeat
 * it: its options are not those of the page, such as a workload of one's own, or it is too large.
 */
export async function linkRun(run: SimulatedRun): Promise<string | undefined> {
  const { file, exportName, args, options, decisions } = run;
  if (options.workloadFile !== undefined) return undefined;
  try {
    const settings = parseWords(toArgv(options));
    toOptions(settings);
    const { files } = await collectFiles(file);
    return await encodeLink({
      files: files.map(({ name, source }) => ({ name, source })),
      ...(exportName === undefined ? {} : { exportName }),
      flags: toWords(settings),
      ...(args.length === 0 ? {} : { args: [...args] }),
      ...(decisions === undefined ? {} : { decisions }),
    });
  } catch (error) {
    const isRefused =
      error instanceof InvalidOptions ||
      error instanceof UnreadableProgram ||
      error instanceof LinkError;
    if (isRefused) return undefined;
    throw error;
  }
}
