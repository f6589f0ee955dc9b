/**
 * Workers on other machines, which take jobs from a queue on NATS.
 *
 * The tester remembers each task without an answer, and sends its job again when the queue does not hold
 * it any more, so a queue that loses jobs costs time only. Answers that arrive twice count once.
 */

import { hostname, userInfo } from "node:os";
import { JetStreamApiError, type JsMsg } from "@nats-io/jetstream";
import * as v from "valibot";
import { InvalidOptions } from "../invalid-options.ts";
import type { Nats } from "../nats/connection.ts";
import type { Death, Task, WorkerOutcome, Workers } from "../sweep/task.ts";
import type { CorpusFiles } from "./corpus-files.ts";
import {
  ACK_WAIT_MS,
  ANNOUNCE_MS,
  type Campaign,
  type CampaignEnd,
  decode,
  encode,
  GONE_MS,
  type Job,
  keyOf,
  MAX_JOB_TASKS,
  Presence,
  Result,
  STREAMS,
  SUBJECTS,
} from "./messages.ts";
import { Signal } from "./signal.ts";
import { consumerName, jobConsumer, openStreams, type Streams } from "./streams.ts";

/** Time that a job is meant to take, in ms. */
const JOB_MS = 2000;
/** Jobs per worker's slot that wait or run. */
const JOBS_PER_SLOT = 2.5;
const MIN_JOBS = 4;
/** How long to wait for the last answers of a search, in ms. */
const LAST_JOBS_MS = 15_000;
/** How long to wait for answers before asking what the queue holds, in ms. */
const QUIET_MS = ACK_WAIT_MS + 5000;

/** Length of a request for results, in ms; half of it without a sign of the server makes a new one. */
const READ_MS = 3000;

export interface FleetOptions {
  readonly nats: Nats;
  readonly campaign: Campaign;
  /** The pack. */
  readonly bytes: Uint8Array;
  /** Of a guided search. */
  readonly files?: CorpusFiles | undefined;
  /** Number of tasks, if it is known. */
  readonly taskCount?: number | undefined;
  readonly onRemark: (text: string) => void;
}

interface OpenJob {
  /** Those without an answer, by their keys. */
  readonly tasks: Map<string, Task>;
  /** Number of its tasks at first. */
  readonly size: number;
}

interface WorkerState extends Presence {
  readonly seenMs: number;
}

type OnAnswer = (task: Task, answer: WorkerOutcome | Death) => boolean;

/** User and host, as workers show them. */
export function senderName(): string {
  return `${userInfo().username}@${hostname()}`.slice(0, 200);
}

export class FleetWorkers implements Workers {
  readonly #options: FleetOptions;
  #streams: Streams;
  /** Jobs with tasks that have no answer. */
  readonly #jobs = new Map<string, OpenJob>();
  readonly #jobOfTask = new Map<string, string>();
  /** Answers of an earlier tester, by the keys of their tasks. */
  readonly #stored = new Map<string, WorkerOutcome | Death>();
  readonly #workers = new Map<string, WorkerState>();
  /** Distinguishes jobs of this tester from those of an earlier one. */
  readonly #nonce = Math.random().toString(36).slice(2, 8);
  #jobCount = 0;
  #msPerTask: number | undefined;
  #answerCount = 0;
  #formerCount = 0;
  #isEnough = false;
  #isKilled = false;
  #onAnswer: OnAnswer = () => false;
  readonly #change = new Signal();
  /** Number of results of an earlier tester that are still to be read. */
  #storedToRead: number;
  #lastAnswerMs = performance.now();
  #startedMs = performance.now();
  readonly #remarks = new Set<string>();
  readonly #announcer: ReturnType<typeof setInterval>;

  private constructor(options: FleetOptions, streams: Streams, storedCount: number) {
    this.#options = options;
    this.#streams = streams;
    this.#storedToRead = storedCount;
    this.#announcer = setInterval(() => this.#announce(), ANNOUNCE_MS);
    void this.#followWorkers();
    void this.#followResults();
    this.#announce();
  }

  /**
   * Starts a campaign, or goes on with it if its results are stored.
   *
   * @throws {InvalidOptions} if the server cannot keep it.
   */
  static async open(options: FleetOptions): Promise<FleetWorkers> {
    const { nats, campaign, files } = options;
    const streams = await openStreams(nats);
    await provide(streams, options);
    for (const path of files?.paths ?? []) {
      await put(streams.corpus, `${campaign.id}/${path}`, files?.read(path));
    }
    const limit = nats.connection.info?.max_payload ?? 0;
    const size = new TextEncoder().encode(JSON.stringify(campaign)).length;
    if (size > limit) {
      throw new InvalidOptions(
        `The description of the campaign has ${size} bytes, more than the NATS server admits. Raise its max_payload (${limit}), or shorten the arguments`,
      );
    }
    const stored = await storedCount(streams, SUBJECTS.results, campaign.id);
    return new FleetWorkers(options, streams, stored);
  }

  /** Number of workers that take jobs of this campaign, and of tasks that they carry out at once. */
  get size(): { readonly workerCount: number; readonly slotCount: number } {
    const nowMs = performance.now();
    const { id } = this.#options.campaign;
    for (const [name, { seenMs }] of this.#workers) {
      if (nowMs - seenMs > GONE_MS) this.#workers.delete(name);
    }
    const willing = [...this.#workers.values()].filter(
      ({ refusals }) => !Object.hasOwn(refusals, id),
    );
    const slotCount = willing.reduce((sum, { slots }) => sum + slots, 0);
    return { workerCount: willing.length, slotCount };
  }

  /** Number of tasks that were answered from the results of an earlier tester. */
  get formerCount(): number {
    return this.#formerCount;
  }

  async run(tasks: Iterator<Task>, onAnswer: OnAnswer): Promise<void> {
    this.#onAnswer = onAnswer;
    this.#startedMs = performance.now();
    while (this.#storedToRead > 0 && !this.#isKilled) await this.#nextChange();
    if (this.#stored.size > 0) this.#options.onRemark(`${this.#stored.size} seeds had run before`);
    let hasMore = true;
    let endMs = Number.POSITIVE_INFINITY;
    while (!this.#isKilled && !this.#isEnough) {
      if (hasMore && !(await this.#fill(tasks))) {
        hasMore = false;
        // The time of a search is over: it does not wait for lost workers.
        const isSearch = this.#options.taskCount === undefined;
        if (isSearch) endMs = performance.now() + LAST_JOBS_MS;
      }
      if (!hasMore && (this.#jobs.size === 0 || performance.now() > endMs)) return;
      await this.#nextChange();
      this.#remarkOnAbsence();
      if (performance.now() - this.#lastAnswerMs > QUIET_MS) await this.#repair();
    }
  }

  kill(): void {
    this.#isKilled = true;
    this.#change.fire();
  }

  /**
   * Ends the campaign for its workers.
   *
   * @param isDone Whether its results are of no use any more.
   */
  async close(isDone: boolean): Promise<void> {
    clearInterval(this.#announcer);
    this.kill();
    const { nats, campaign } = this.#options;
    if (!nats.isConnected) return;
    const { id } = campaign;
    nats.connection.publish(
      `${SUBJECTS.campaigns}.${id}`,
      JSON.stringify({ version: 1, id, hasEnded: true } satisfies CampaignEnd),
    );
    const { manager } = this.#streams;
    const purge = (stream: string, subject: string) =>
      manager.streams.purge(stream, { filter: `${subject}.${id}` });
    // What remains expires.
    await Promise.allSettled([
      purge(STREAMS.jobs, SUBJECTS.jobs),
      manager.consumers.delete(STREAMS.jobs, consumerName(id)),
      ...(isDone ? [purge(STREAMS.results, SUBJECTS.results)] : []),
    ]);
  }

  /** Waits until something has happened, or for a second. */
  async #nextChange(): Promise<void> {
    await Promise.race([this.#change.fired, Bun.sleep(1000)]);
  }

  #announce(): void {
    const { nats, campaign } = this.#options;
    if (!nats.isConnected) return;
    nats.connection.publish(`${SUBJECTS.campaigns}.${campaign.id}`, JSON.stringify(campaign));
  }

  async #followWorkers(): Promise<void> {
    const { nats, campaign, onRemark } = this.#options;
    for await (const message of nats.connection.subscribe(`${SUBJECTS.workers}.*`)) {
      const presence = parsePresence(message.string());
      if (presence === undefined) continue;
      const { name, host, refusals } = presence;
      const reason = refusals[campaign.id];
      if (reason !== undefined && this.#workers.get(name)?.refusals[campaign.id] === undefined) {
        onRemark(`The worker on ${host} takes no jobs: ${reason}`);
      }
      this.#workers.set(name, { ...presence, seenMs: performance.now() });
    }
  }

  /** Publishes jobs until enough wait. Returns whether there may be more tasks. */
  async #fill(tasks: Iterator<Task>): Promise<boolean> {
    const target = Math.max(MIN_JOBS, Math.ceil(JOBS_PER_SLOT * this.size.slotCount));
    const publishing: Promise<void>[] = [];
    let hasMore = true;
    while (hasMore && this.#jobs.size < target && !this.#isEnough && !this.#isKilled) {
      const size = this.#jobSize();
      const taken = new Map<string, Task>();
      while (taken.size < size && !this.#isEnough) {
        const next = tasks.next();
        if (next.done) {
          hasMore = false;
          break;
        }
        const key = keyOf(next.value);
        const stored = this.#stored.get(key);
        if (stored === undefined) {
          taken.set(key, next.value);
          continue;
        }
        this.#stored.delete(key);
        this.#formerCount++;
        this.#answer(next.value, stored);
      }
      if (taken.size === 0) break;
      publishing.push(this.#publish(this.#addJob(taken)));
    }
    await Promise.all(publishing);
    return hasMore;
  }

  /** Number of tasks that take about two seconds; fewer in the end, so that all workers end together. */
  #jobSize(): number {
    if (this.#msPerTask === undefined) return 1;
    const { taskCount = Number.POSITIVE_INFINITY } = this.#options;
    const left = taskCount - this.#answerCount - this.#jobOfTask.size;
    const share = Math.ceil(left / (2 * Math.max(1, this.size.slotCount)));
    const size = Math.floor(JOB_MS / this.#msPerTask);
    return Math.max(1, Math.min(size, share, MAX_JOB_TASKS));
  }

  /** Returns its name. */
  #addJob(tasks: Map<string, Task>): string {
    const name = `${this.#nonce}-${++this.#jobCount}`;
    this.#jobs.set(name, { tasks, size: tasks.size });
    for (const key of tasks.keys()) this.#jobOfTask.set(key, name);
    return name;
  }

  /** Publishes what a job has left. While the server is away, it is left to {@link #repair}. */
  async #publish(name: string): Promise<void> {
    const job = this.#jobs.get(name);
    if (job === undefined) return;
    const message: Job = { name, tasks: [...job.tasks.values()] };
    const subject = `${SUBJECTS.jobs}.${this.#options.campaign.id}`;
    await this.#streams.client.publish(subject, encode(message)).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#options.nats.isConnected) this.#remarkOnce(`Cannot queue a job: ${reason}`);
    });
  }

  async #followResults(): Promise<void> {
    const filter = `${SUBJECTS.results}.${this.#options.campaign.id}`;
    while (!this.#isKilled) {
      try {
        const consumer = await this.#streams.client.consumers.get(STREAMS.results, {
          filter_subjects: [filter],
        });
        for await (const message of await consumer.consume({ expires: READ_MS })) {
          await this.#onResult(message);
          if (this.#isKilled) return;
        }
      } catch {
        // The server is away, or the stream is made again: all results are read again, and known ones ignored.
      }
      await Bun.sleep(500);
    }
  }

  async #onResult(message: JsMsg): Promise<void> {
    const result = parseResult(message);
    const isStored = this.#storedToRead > 0;
    if (isStored) this.#storedToRead = Math.min(this.#storedToRead - 1, message.info.pending);
    if (result === undefined) return;
    const { job, answers, elapsedMs, lostWorkers } = result;
    for (const { key, answer, files = [] } of answers) {
      const task = this.#taskOf(key);
      if (isStored) this.#stored.set(key, answer);
      if (task === undefined || this.#isEnough) continue;
      for (const file of files) await this.#fetch(file);
      this.#forget(key);
      this.#answer(task, answer);
    }
    if (!isStored && answers.length > 0) this.#learnSpeed(elapsedMs / answers.length);
    if (lostWorkers !== undefined) this.#onGivenUp(job, lostWorkers);
    this.#lastAnswerMs = performance.now();
    this.#change.fire();
  }

  /**
   * Takes note of a job that has lost so many workers that it is given to no other one. Where workers
   * come and go, a job of many tasks can lose them without a fault of its own. So the first task without
   * an answer, which may have ended them, becomes a job alone, and the rest another one.
   */
  #onGivenUp(name: string, lostWorkers: number): void {
    const job = this.#jobs.get(name);
    const [first, ...rest] = job?.tasks ?? [];
    if (job === undefined || first === undefined) return;
    const [key, task] = first;
    if (job.size === 1) {
      this.#forget(key);
      this.#answer(task, {
        death: `${lostWorkers} workers, one after the other, were lost while they simulated this seed`,
      });
      return;
    }
    this.#jobs.delete(name);
    for (const tasks of [[first], rest]) {
      if (tasks.length > 0) void this.#publish(this.#addJob(new Map(tasks)));
    }
  }

  #answer(task: Task, answer: WorkerOutcome | Death): void {
    if (this.#isEnough || this.#isKilled) return;
    this.#answerCount++;
    if (!this.#onAnswer(task, answer)) this.#isEnough = true;
  }

  #taskOf(key: string): Task | undefined {
    const name = this.#jobOfTask.get(key);
    return name === undefined ? undefined : this.#jobs.get(name)?.tasks.get(key);
  }

  #forget(key: string): void {
    const name = this.#jobOfTask.get(key) ?? "";
    this.#jobOfTask.delete(key);
    const tasks = this.#jobs.get(name)?.tasks;
    tasks?.delete(key);
    if (tasks?.size === 0) this.#jobs.delete(name);
  }

  #learnSpeed(ms: number): void {
    this.#msPerTask = Math.max(
      0.01,
      this.#msPerTask === undefined ? ms : 0.7 * this.#msPerTask + 0.3 * ms,
    );
  }

  /** Takes over a file of the corpus that a worker has made. */
  async #fetch(file: string): Promise<void> {
    const { files, campaign } = this.#options;
    const blob = await this.#streams.corpus.getBlob(`${campaign.id}/${file}`).catch(() => null);
    if (blob !== null) files?.write(file, blob);
  }

  #remarkOnAbsence(): void {
    if (performance.now() - this.#startedMs < GONE_MS || this.size.workerCount > 0) return;
    this.#remarkOnce(
      "No worker takes jobs of this campaign yet. Start one, on any machine: vortex worker --nats URL",
    );
  }

  #remarkOnce(text: string): void {
    if (this.#remarks.has(text)) return;
    this.#remarks.add(text);
    this.#options.onRemark(text);
  }

  /** Makes the queue hold all jobs that have tasks without an answer. */
  async #repair(): Promise<void> {
    const { nats, campaign } = this.#options;
    this.#lastAnswerMs = performance.now();
    if (!nats.isConnected || this.#jobs.size === 0) return;
    try {
      // Without the stream, the server has lost its store.
      const counting = storedCount(this.#streams, SUBJECTS.jobs, campaign.id);
      const queued = await counting.catch((error: unknown) => {
        if (error instanceof JetStreamApiError) return 0;
        throw error;
      });
      if (queued >= this.#jobs.size) return;
      this.#streams = await openStreams(nats);
      await provide(this.#streams, this.#options);
      await Promise.all([...this.#jobs.keys()].map((name) => this.#publish(name)));
    } catch {
      // The server does not answer. The next attempt is later.
    }
  }
}

/** Makes the campaign's program and its queue available. */
async function provide(streams: Streams, { campaign, bytes }: FleetOptions): Promise<void> {
  await streams.manager.consumers.add(STREAMS.jobs, jobConsumer(campaign.id));
  if ((await streams.programs.info(campaign.hash)) === null) {
    await put(streams.programs, campaign.hash, bytes);
  }
}

async function put(
  store: Streams["programs"],
  name: string,
  bytes: Uint8Array = new Uint8Array(),
): Promise<void> {
  await store.putBlob({ name }, bytes);
}

/** Number of messages of a campaign in a stream. */
async function storedCount({ manager }: Streams, subject: string, id: string): Promise<number> {
  const filter = `${subject}.${id}`;
  const stream = subject === SUBJECTS.jobs ? STREAMS.jobs : STREAMS.results;
  const { state } = await manager.streams.info(stream, { subjects_filter: filter });
  return state.subjects?.[filter] ?? 0;
}

function parseResult({ data }: JsMsg): Result | undefined {
  try {
    return decode(Result, data);
  } catch {
    return undefined; // Not of this command.
  }
}

function parsePresence(text: string): Presence | undefined {
  try {
    return v.parse(Presence, JSON.parse(text));
  } catch {
    return undefined; // Of another version.
  }
}
