/** A campaign that a worker takes part in: its files, its queue, and the processes that run its program. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Consumer } from "@nats-io/jetstream";
import * as v from "valibot";
import { HEAP_SETTINGS } from "../sweep/supervisor.ts";
import { type Death, type Task, WorkerOutcome } from "../sweep/task.ts";
import { WorkerProcess } from "../sweep/worker.ts";
import { filesMadeBy, filesReadBy } from "./corpus-files.ts";
import { problemOfFlags } from "./flags.ts";
import { type Answer, type Campaign, CorpusFile, keyOf, STREAMS } from "./messages.ts";
import { hashOf, unpack } from "./pack.ts";
import { CORPUS } from "./shown.ts";
import { consumerName, type OpenedStreams } from "./streams.ts";

/** Variables that a program may see. Others can hold secrets. */
const HARMLESS_VARIABLES = ["PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "SystemRoot"];
/** Maximum number of files of a corpus that a worker begins with. */
const MAX_FILES = 200;
const SHOWN = "as.json";

/** A campaign that this worker takes no part in, for good. */
export class Refusal extends Error {}

export class ServedCampaign {
  readonly #campaign: Campaign;
  readonly #streams: OpenedStreams;
  readonly #directory: string;
  readonly consumer: Consumer;
  readonly #processes = new Set<WorkerProcess>();
  /** Processes that have no task. */
  readonly #idle: WorkerProcess[] = [];
  isOver = false;

  private constructor(
    campaign: Campaign,
    streams: OpenedStreams,
    consumer: Consumer,
    directory: string,
  ) {
    this.#campaign = campaign;
    this.#streams = streams;
    this.consumer = consumer;
    this.#directory = directory;
  }

  /**
   * Fetches what a campaign needs, and runs one of its tasks, whose outcome must be the tester's.
   *
   * @throws {Refusal} if the campaign does not fit; another error if the server does not answer.
   */
  static async open(campaign: Campaign, streams: OpenedStreams): Promise<ServedCampaign> {
    const consumer = await streams.client.consumers.get(STREAMS.jobs, consumerName(campaign.id));
    const bytes = await streams.programs.getBlob(campaign.hash);
    if (bytes === null) throw new Error("The program is not on the server");
    if (hashOf(bytes) !== campaign.hash) {
      throw new Refusal("the program on the server is not the one that was announced");
    }
    const directory = realpathSync(mkdtempSync(join(tmpdir(), "vortex-worker-")));
    const served = new ServedCampaign(campaign, streams, consumer, directory);
    try {
      await served.#prepare(bytes);
      return served;
    } catch (error) {
      served.end();
      throw error;
    }
  }

  async #prepare(bytes: Uint8Array): Promise<void> {
    const { id, isGuided, probe, shown } = this.#campaign;
    const problem = problemOfFlags(this.#campaign, this.#unpack(bytes));
    if (problem !== undefined) throw new Refusal(problem);
    writeFileSync(join(this.#directory, SHOWN), JSON.stringify(shown));
    if (isGuided) {
      const listed = await this.#streams.corpus.list();
      const runs = listed
        .filter(({ name }) => name.startsWith(`${id}/runs/`))
        .sort((one, other) => (one.mtime < other.mtime ? 1 : -1));
      for (const { name } of runs.slice(0, MAX_FILES)) await this.#read(name.slice(id.length + 1));
    }
    const { answer } = await this.run({ seed: probe.seed });
    if ("death" in answer)
      throw new Refusal(`seed ${probe.seed} did not end here: ${answer.death}`);
    if (digestOf(answer) !== probe.digest) {
      throw new Refusal(
        `seed ${probe.seed} has another outcome here: this worker has another version of vortex than the tester`,
      );
    }
  }

  #unpack(bytes: Uint8Array): readonly string[] {
    try {
      return unpack(bytes, this.#directory);
    } catch (error) {
      throw new Refusal("the program on the server is not a pack", { cause: error });
    }
  }

  /** Carries out a task. `signal` is of the process, if it died. */
  async run(task: Task): Promise<Answer & { readonly signal?: string | undefined }> {
    for (const file of filesReadBy(task)) {
      if (!existsSync(join(this.#directory, CORPUS, file))) await this.#read(file);
    }
    const child = this.#idle.pop() ?? this.#spawn();
    const answer = await child.run(task);
    if ("death" in answer) {
      this.#processes.delete(child);
      return { key: keyOf(task), answer: this.#shown(answer), signal: child.signal };
    }
    this.#idle.push(child);
    const made = this.#campaign.isGuided
      ? filesMadeBy(task).filter((file) => existsSync(join(this.#directory, CORPUS, file)))
      : [];
    for (const file of made) await this.#share(file);
    const files = made.length === 0 ? {} : { files: [...made] };
    return { key: keyOf(task), answer: this.#shown(answer), ...files };
  }

  /** Ends all processes, and deletes the files. */
  end(): void {
    this.isOver = true;
    for (const child of this.#processes) child.kill();
    try {
      rmSync(this.#directory, { recursive: true, force: true });
    } catch {
      // The program forbade it, or still writes. A worker goes on without that space.
    }
  }

  #spawn(): WorkerProcess {
    const { program, exported, flags, args, stallLimitS, isGuided } = this.#campaign;
    const child = new WorkerProcess({
      args: [
        program,
        ...(exported === undefined ? [] : ["--export", exported]),
        ...flags,
        ...["--stall-limit", String(stallLimitS), "--as", SHOWN],
        ...(isGuided ? ["--for", "1h", "--corpus", CORPUS] : []),
        ...(args.length === 0 ? [] : ["--", ...args]),
      ],
      stallLimitS,
      cwd: this.#directory,
      env: programEnvironment(process.env),
    });
    this.#processes.add(child);
    return child;
  }

  /** Names the places of the program as the tester does. */
  #shown<A extends WorkerOutcome | Death>(answer: A): A {
    const { root } = this.#campaign.shown;
    const rename = (text: string) => text.replaceAll(this.#directory, root);
    if ("death" in answer) return { ...answer, death: rename(answer.death) };
    if (answer.valid === true || answer.reason === undefined) return answer;
    return { ...answer, reason: rename(answer.reason) };
  }

  /** Fetches a file of the corpus, if it exists. */
  async #read(file: string): Promise<void> {
    if (!v.is(CorpusFile, file)) throw new Refusal(`${file} is not a file of a corpus`);
    const bytes = await this.#streams.corpus.getBlob(`${this.#campaign.id}/${file}`);
    if (bytes === null) return;
    const path = join(this.#directory, CORPUS, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }

  async #share(file: string): Promise<void> {
    const bytes = readFileSync(join(this.#directory, CORPUS, file));
    await this.#streams.corpus.putBlob({ name: `${this.#campaign.id}/${file}` }, bytes);
  }
}

/** Returns the environment of a program that this worker was sent. */
export function programEnvironment(
  own: Readonly<Record<string, string | undefined>>,
): Record<string, string | undefined> {
  const harmless = HARMLESS_VARIABLES.map((name) => [name, own[name]] as const);
  return { ...HEAP_SETTINGS, ...Object.fromEntries(harmless) };
}

/** A digest of an outcome, without what a search notes beside it. */
export function digestOf(outcome: WorkerOutcome): string {
  const { features: _, command: __, reason: ___, ...same } = v.parse(WorkerOutcome, outcome);
  return hashOf(new TextEncoder().encode(JSON.stringify(same)));
}
