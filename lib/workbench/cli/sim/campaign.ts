/**
 * Runs tests until a time is over: those that failed before, then the next seeds and, after every third,
 * a variation of a run that did something new.
 */
import { mkdirSync } from "node:fs";
import { lockDirectory } from "../../../vortex/directory-lock.ts";
import type { Decisions } from "../../decisions.ts";
import { InvalidOptions } from "../../invalid-options.ts";
import { randomStream } from "../../random.ts";
import type { TestOptions } from "../../run/test-options.ts";
import { Corpus } from "../../search/corpus.ts";
import { CorpusDirectory } from "../../search/corpus-directory.ts";
import { Feedback } from "../../search/feedback.ts";
import { SEEDS_PER_VARIATION, vary } from "../../search/vary.ts";
import type { Task, WorkerOutcome } from "../../sweep/task.ts";
import { remark } from "../live.ts";
import { SweepProgress } from "./progress.ts";
import type { StartWorkers } from "./start-workers.ts";
import { commandOf, type SimFlags, type Subject, simulateSubject } from "./subject.ts";
import { checkDeterminism, openOut, outcome, runTasks } from "./sweep.ts";

/** A campaign ends after so many failures, unless `--stop-after` says otherwise. */
const MAX_FAILURES = 100;
/** Time between two notes of how far it has come, in ms. */
const SAVE_INTERVAL_MS = 500;

/** The directory of a campaign, which belongs to one test. */
export function openCorpus(subject: Subject, path: string): CorpusDirectory {
  return new CorpusDirectory(path, commandOf(subject));
}

export async function runCampaign(
  subject: Subject,
  flags: SimFlags,
  lengthS: number,
  start: (directory: CorpusDirectory | undefined) => StartWorkers,
): Promise<void> {
  if (flags.corpus !== undefined) lock(flags.corpus);
  const directory = flags.corpus === undefined ? undefined : openCorpus(subject, flags.corpus);
  const campaign = new Campaign(directory, lengthS * 1000);
  const sink = flags.out === undefined ? undefined : openOut(flags.out);
  await checkDeterminism(subject, { ...subject.options, seed: campaign.firstSeed }, flags);
  const started = await start(directory)({ firstSeed: campaign.firstSeed });
  const progress = new SweepProgress("runs", () => campaign.leftS, started);
  const stopAfter = flags.stopAfter ?? MAX_FAILURES;
  await runTasks(
    subject,
    campaign.tasks(),
    started,
    { ...flags, stopAfter },
    {
      progress,
      sink,
      onOutcome: (one, task, features = []) => {
        if (task.hasFailed && one.valid === true) {
          progress.print(`Seed ${one.seed} failed before (${task.name}), and is valid now`);
        }
        campaign.add(one, task, features);
      },
      subjectOf: ({ command = "" }) => replaying(subject, directory, campaign.nameOf(command)),
      onEnd: () => {
        campaign.save();
        const description = campaign.describe();
        if (description !== undefined) remark(description);
      },
    },
  );
}

/**
 * Keeps other campaigns from a directory: each would overwrite what the other notes.
 *
 * @throws {InvalidOptions} when another campaign uses it, or it cannot be written.
 */
function lock(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    lockDirectory(path, "--corpus", "campaign");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(`Cannot use --corpus ${path}: ${reason}`);
  }
}

/** Returns a subject that replays what a run of the campaign did, if it was a variation. */
function replaying(
  subject: Subject,
  directory: CorpusDirectory | undefined,
  name: string | undefined,
): Subject {
  if (directory === undefined || name === undefined) return subject;
  const decisions = directory.readDecisions(name);
  if (decisions === undefined) return subject;
  const file = directory.decisionsFile(name);
  return { ...subject, decisions, replay: (test, word = file) => subject.replay(test, word) };
}

/** Decides which run is next, and keeps what they found. */
class Campaign {
  readonly #directory: CorpusDirectory | undefined;
  readonly #corpus = new Corpus();
  readonly #lengthMs: number;
  #endMs = Number.POSITIVE_INFINITY;
  readonly #running = new Set<number>();
  /** The names of the failures, by their commands. */
  readonly #failed = new Map<string, string>();
  readonly #random;
  #nextSeed: number;
  #variationCount: number;
  #runCount: number;
  #savedMs = 0;

  constructor(directory: CorpusDirectory | undefined, lengthMs: number) {
    this.#directory = directory;
    this.#lengthMs = lengthMs;
    const { nextSeed = 1, variationCount = 0, runCount = 0 } = directory?.state ?? {};
    this.#nextSeed = nextSeed;
    this.#variationCount = variationCount;
    this.#runCount = runCount;
    this.#random = randomStream(runCount, "bases");
    for (const name of directory?.runNames ?? []) {
      const forgotten = this.#corpus.add(name, directory?.readRun(name).news ?? []);
      if (forgotten !== undefined) directory?.removeRun(forgotten);
    }
  }

  get firstSeed(): number {
    return this.#nextSeed;
  }

  get leftS(): number {
    return (this.#endMs - performance.now()) / 1000;
  }

  *tasks(): Generator<Task> {
    this.#endMs = performance.now() + this.#lengthMs;
    for (const [name, { seed }] of this.#directory?.failures ?? []) {
      if (this.leftS <= 0) return;
      yield { seed, name, hasFailed: true };
    }
    while (this.leftS > 0) {
      const seed = this.#nextSeed++;
      this.#running.add(seed);
      yield { seed, name: `s${seed}` };
      if (seed % SEEDS_PER_VARIATION !== 0) continue;
      const base = this.#corpus.pick(this.#random);
      if (base === undefined || this.leftS <= 0) continue;
      // The seed is that of the base; the name fixes the variation.
      yield { seed, base, name: `v${++this.#variationCount}` };
    }
  }

  /** The name of the run that failed with a command. */
  nameOf(command: string): string | undefined {
    return this.#failed.get(command);
  }

  add(one: WorkerOutcome, { seed, name = "", base, hasFailed }: Task, features: readonly string[]) {
    if (base === undefined) this.#running.delete(seed);
    if (one.valid !== true && one.command !== undefined) this.#failed.set(one.command, name);
    this.#runCount++;
    const directory = this.#directory;
    if (directory === undefined) return;
    if (one.valid !== true && !hasFailed) {
      const { kind = "no anomaly", command = "" } = one;
      directory.addFailure(name, { version: 1, seed: one.seed, kind, command });
    }
    if (features.length > 0) {
      const forgotten = this.#corpus.add(name, features);
      if (forgotten !== undefined) directory.removeRun(forgotten);
    }
    if (performance.now() > this.#savedMs + SAVE_INTERVAL_MS) this.save();
  }

  save(): void {
    this.#savedMs = performance.now();
    // What is running now runs again if the campaign goes on.
    const nextSeed = Math.min(this.#nextSeed, ...this.#running);
    const [variationCount, runCount] = [this.#variationCount, this.#runCount];
    this.#directory?.save({ nextSeed, variationCount, runCount });
  }

  describe(): string | undefined {
    if (this.#directory === undefined) return undefined;
    const { nextSeed, runCount } = this.#directory.state;
    return `The campaign has ${runCount} runs so far, and keeps ${this.#corpus.size} that did something new (${this.#corpus.featureCount} features). It goes on with seed ${nextSeed}`;
  }
}

/** Carries out the tasks of a campaign in a worker. */
export class CampaignWorker {
  readonly #subject: Subject;
  readonly #directory: CorpusDirectory;
  readonly #corpus = new Corpus();

  constructor(subject: Subject, directory: CorpusDirectory) {
    this.#subject = subject;
    this.#directory = directory;
    for (const name of directory.runNames) this.#corpus.add(name, directory.readRun(name).news);
  }

  async run({ seed, name, base, hasFailed = false }: Task): Promise<WorkerOutcome> {
    // It only compares this worker with the tester.
    if (name === undefined) return outcome(this.#subject, { ...this.#subject.options, seed });
    const { nodeIds, search = [] } = this.#subject.options;
    const run = base === undefined ? undefined : this.#directory.readRun(base);
    const options: TestOptions = {
      ...this.#subject.options,
      seed: run?.seed ?? seed,
      search: run?.search ?? search,
    };
    const decisions = hasFailed
      ? this.#directory.readDecisions(name)
      : run && vary({ ...run, nodeIds }, randomStream(seed, name));
    const replay = (test: TestOptions) =>
      decisions === undefined
        ? this.#subject.replay(test)
        : this.#subject.replay(test, this.#directory.decisionsFile(name));
    const feedback = new Feedback();
    let features: readonly string[] = [];
    const one = await outcome({ ...this.#subject, decisions, replay }, options, {
      onMessage: (event) => feedback.onMessage(event),
      onOperation: (operation) => feedback.onOperation(operation),
      onResult: (result) => {
        features = this.#corpus.newOf(feedback.features(result));
      },
    });
    if (one.valid !== true) {
      if (decisions !== undefined && !hasFailed) this.#directory.writeDecisions(name, decisions);
      return one;
    }
    if (features.length === 0 || hasFailed) return one;
    this.#corpus.add(name, features);
    const recorded = decisions ?? (await this.#record(options));
    this.#directory.writeRun(name, {
      version: 1,
      seed: options.seed,
      search: [...(options.search ?? [])],
      decisions: recorded,
      links: feedback.links,
      news: [...features],
    });
    return { ...one, features: [...features] };
  }

  /** Runs a test again, and records what chance decides: most runs need not be recorded. */
  async #record(options: TestOptions): Promise<Decisions> {
    let recorded: Decisions | undefined;
    const onDecisions = (decisions: Decisions) => {
      recorded = decisions;
    };
    await simulateSubject(this.#subject, options, { onDecisions });
    if (recorded === undefined) throw new Error("A run was not recorded");
    return recorded;
  }
}
