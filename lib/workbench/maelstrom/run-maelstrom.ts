/** Runs a test on an installed Maelstrom. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DATA_VARIABLE } from "../../vortex/data-flag.ts";
import { ProcessTag } from "../clusters/process-tree.ts";
import type { TestOptions } from "../run/test-options.ts";
import { layOutJson } from "../store/json-layout.ts";
import { type Comparable, maelstromArgs, readMaelstromResults } from "./maelstrom.ts";

export interface MaelstromRun {
  /** Absolute path of Maelstrom's command. */
  readonly command: string;
  /** Absolute path of the program. */
  readonly bin: string;
  /** The program's arguments. */
  readonly args: readonly string[];
  readonly options: TestOptions;
  /** Directory in which Maelstrom's store is created. */
  readonly root: string;
  readonly signal: AbortSignal;
  /** Called before Maelstrom starts. */
  readonly onStart: (start: MaelstromStart) => void;
  /** Called when Maelstrom leaves no readable results. */
  readonly onProblem: (reason: string) => void;
}

export interface MaelstromStart {
  readonly argv: readonly string[];
  /** Working directory, which gets Maelstrom's store. */
  readonly directory: string;
}

/** Number of its last lines to show after a crash. */
const SHOWN_LINES = 20;

/**
 * Runs the test again, on Maelstrom. Returns `undefined` if it leaves no readable results.
 *
 * @throws {InvalidOptions} if Maelstrom has no such test.
 */
export async function runMaelstrom(run: MaelstromRun): Promise<Comparable | undefined> {
  const { command, bin, args, options, root, signal, onStart, onProblem } = run;
  const argv = [command, ...maelstromArgs(options, bin, args)];
  mkdirSync(root, { recursive: true });
  const directory = mkdtempSync(join(root, "maelstrom-"));
  const startedAt = statSync(directory).mtime.toISOString();
  const description = { command: argv.join(" "), bin, args, options, startedAt };
  writeFileSync(join(directory, "test.json"), `${layOutJson(description)}\n`);
  onStart({ argv, directory });
  const log = join(directory, "output.log");
  const exitCode = await runInGroup(argv, directory, log, signal);
  const file = join(directory, "store/latest/results.edn");
  const fail = (reason: string): undefined => {
    writeFileSync(join(directory, "crash.txt"), `${reason}\n`);
    onProblem(reason);
  };
  if (!existsSync(file)) {
    const lines = readFileSync(log, "utf8").trimEnd().split("\n").slice(-SHOWN_LINES);
    return fail(
      `Maelstrom left no results (exit code ${exitCode}). Its output is in ${log} and ends with:\n${lines.join("\n")}`,
    );
  }
  try {
    const results = readMaelstromResults(readFileSync(file, "utf8"));
    writeFileSync(join(directory, "results.json"), `${layOutJson(storedForm(results))}\n`);
    return results;
  } catch (error) {
    return fail(`Cannot read ${file}: ${error instanceof Error ? error.message : error}`);
  }
}

/** Returns the results in the form of our own, as far as Maelstrom has them. */
function storedForm({ valid, figures: { msgsPerOp, medianMs, maxMs } }: Comparable) {
  const stableLatencies =
    medianMs === undefined || maxMs === undefined ? undefined : { "0.5": medianMs, "1": maxMs };
  return {
    valid,
    ...(stableLatencies === undefined ? {} : { workload: { valid, stableLatencies } }),
    net: { servers: { msgsPerOp } },
    perf: { latencies: {} },
    badLines: [],
  };
}

/** Runs a command and, when it exits or is aborted, kills everything it started. */
async function runInGroup(
  argv: readonly string[],
  cwd: string,
  log: string,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  const data = join(cwd, "data");
  const tag = new ProcessTag();
  const output = openSync(log, "w");
  let child: Bun.Subprocess;
  try {
    child = Bun.spawn([...argv], {
      cwd,
      env: tag.addedTo({ ...process.env, [DATA_VARIABLE]: data }),
      stdin: "ignore",
      stdout: output,
      stderr: output,
      detached: true,
    });
  } finally {
    closeSync(output);
  }
  const kill = () => {
    tag.killAll();
    tag.killGroup(child);
  };
  signal.addEventListener("abort", kill, { once: true });
  process.on("exit", kill);
  try {
    const exitCode = await child.exited;
    signal.throwIfAborted();
    return exitCode;
  } finally {
    signal.removeEventListener("abort", kill);
    process.off("exit", kill);
    kill();
    rmSync(data, { recursive: true, force: true });
  }
}
