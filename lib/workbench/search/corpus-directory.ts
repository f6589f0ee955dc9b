/**
 * The directory of a campaign: the runs that it keeps, its failures, and how far it has come.
 *
 *     campaign.json             the test, and the next seed
 *     lock                      the process whose campaign uses it
 *     runs/s17.json             a run that is kept: of seed 17; v5.json is the fifth variation
 *     failures/s17.json         a failure
 *     failures/v5.decisions.json    what a failing variation replays
 *
 * Files are written under another name and then renamed, so that they are whole.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { type Decisions, parseDecisions } from "../decisions.ts";
import { InvalidOptions } from "../invalid-options.ts";
import { KeptRun } from "./corpus.ts";

const Natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const State = v.object({
  version: v.literal(1),
  /** The command of the test, without a seed. */
  test: v.string(),
  /** The least seed that has not run. */
  nextSeed: Natural,
  /** Number of variations so far. */
  variationCount: Natural,
  /** Number of runs so far. */
  runCount: Natural,
});
export type State = v.InferOutput<typeof State>;

const Failure = v.object({
  version: v.literal(1),
  seed: Natural,
  /** Kind of failure, such as the anomaly. */
  kind: v.string(),
  /** Shell command that repeats it. */
  command: v.string(),
});
export type Failure = v.InferOutput<typeof Failure>;

export class CorpusDirectory {
  readonly #path: string;
  #state: State;

  /**
   * Opens a directory, which is made if it does not exist.
   *
   * @param test The command of the test, without a seed.
   * @throws {InvalidOptions} when it cannot be written, belongs to another test, or holds damaged files.
   */
  constructor(path: string, test: string) {
    this.#path = path;
    const fresh: State = { version: 1, test, nextSeed: 1, variationCount: 0, runCount: 0 };
    const file = join(path, "campaign.json");
    try {
      for (const folder of ["runs", "failures"]) mkdirSync(join(path, folder), { recursive: true });
      if (!existsSync(file)) this.#write(file, fresh);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InvalidOptions(`Cannot use --corpus ${path}: ${reason}`);
    }
    this.#state = read(State, file);
    if (this.#state.test === test) return;
    throw new InvalidOptions(
      `--corpus ${path} is of another test: ${this.#state.test}. Use the same options, or another directory`,
    );
  }

  get state(): State {
    return this.#state;
  }

  save(state: Omit<State, "version" | "test">): void {
    this.#state = { ...this.#state, ...state };
    this.#write(join(this.#path, "campaign.json"), this.#state);
  }

  /** The names of the runs that are kept, in no particular order. */
  get runNames(): readonly string[] {
    return namesIn(join(this.#path, "runs"));
  }

  /** @throws {InvalidOptions} when its file is missing or damaged. */
  readRun(name: string): KeptRun {
    return read(KeptRun, this.#fileOf(name));
  }

  writeRun(name: string, run: KeptRun): void {
    this.#write(this.#fileOf(name), run);
  }

  removeRun(name: string): void {
    rmSync(this.#fileOf(name), { force: true });
  }

  /** The failures so far, by their names. */
  get failures(): ReadonlyMap<string, Failure> {
    const folder = join(this.#path, "failures");
    const names = namesIn(folder).filter((name) => !isDecisions(name));
    return new Map(names.map((name) => [name, read(Failure, join(folder, `${name}.json`))]));
  }

  addFailure(name: string, failure: Failure): void {
    this.#write(join(this.#path, "failures", `${name}.json`), failure);
  }

  /** The file of the decisions of a failing variation. */
  decisionsFile(name: string): string {
    return join(this.#path, "failures", `${name}.decisions.json`);
  }

  writeDecisions(name: string, decisions: Decisions): void {
    this.#write(this.decisionsFile(name), decisions);
  }

  /** @throws {InvalidOptions} when its file is damaged. */
  readDecisions(name: string): Decisions | undefined {
    const file = this.decisionsFile(name);
    if (!existsSync(file)) return undefined;
    try {
      return parseDecisions(JSON.parse(readFileSync(file, "utf8")));
    } catch (error) {
      throw damaged(file, error instanceof Error ? error.message : String(error));
    }
  }

  /** Paths in the directory of what workers read: the runs that are kept, and what failures replay. */
  get paths(): readonly string[] {
    const replayed = namesIn(join(this.#path, "failures")).filter(isDecisions);
    return [
      ...this.runNames.map((name) => `runs/${name}.json`),
      ...replayed.map((name) => `failures/${name}.json`),
    ];
  }

  read(path: string): Uint8Array {
    return readFileSync(join(this.#path, path));
  }

  write(path: string, bytes: Uint8Array): void {
    this.#replace(join(this.#path, path), bytes);
  }

  #fileOf(run: string): string {
    return join(this.#path, "runs", `${run}.json`);
  }

  #write(file: string, value: unknown): void {
    this.#replace(file, `${JSON.stringify(value)}\n`);
  }

  #replace(file: string, content: string | Uint8Array): void {
    const part = `${file}.${process.pid}.part`;
    writeFileSync(part, content);
    renameSync(part, file);
  }
}

function isDecisions(name: string): boolean {
  return name.endsWith(".decisions");
}

function namesIn(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return files.map((file) => basename(file, ".json"));
}

function read<const S extends v.GenericSchema>(schema: S, file: string): v.InferOutput<S> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw damaged(file, error instanceof Error ? error.message : String(error));
  }
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw damaged(file, describeIssues(result.issues));
}

function damaged(file: string, reason: string): InvalidOptions {
  return new InvalidOptions(
    `${file} cannot be read as a file of a campaign: ${reason}. Delete it, or choose another --corpus`,
  );
}
