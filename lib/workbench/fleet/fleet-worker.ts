/**
 * A worker of a fleet: takes part in each campaign that is announced and that it trusts, until it is
 * stopped.
 *
 * A job is acknowledged after its results are stored. A worker that is lost has not acknowledged, so
 * another one gets the job.
 */
import { hostname } from "node:os";
import { type JetStreamClient, type JsMsg, jetstream } from "@nats-io/jetstream";
import * as v from "valibot";
import type { Nats } from "../nats/connection.ts";
import {
  ANNOUNCE_MS,
  Announcement,
  type Answer,
  type Campaign,
  decode,
  encode,
  GONE_MS,
  Job,
  type Presence,
  type Result,
  SUBJECTS,
  WORKING_MS,
} from "./messages.ts";
import { Refusal, ServedCampaign } from "./served-campaign.ts";
import { Signal } from "./signal.ts";
import { openMadeStreams } from "./streams.ts";
import { refusalOf, type Trust } from "./trust.ts";

/** Number of campaigns that a worker takes part in at once. */
const MAX_CAMPAIGNS = 50;
/** How long to wait for a job before looking at the other campaigns, in ms. */
const WAIT_MS = 2000;
/** Answers are sent when they have waited so long, in ms, or have so many characters. */
const FLUSH_MS = 2500;
const FLUSH_LENGTH = 500_000;
/** Number of workers that a job may lose; the last ones send each answer by itself. */
const MAX_LOST_WORKERS = 8;
const MAX_LOST_IN_BULK = 2;
/** Signals that end a process from without: by an operator, or by a system that lacks memory. */
const OUTER_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"];
/** Time before a job that was given back is given to a worker again, in ms. */
const GIVE_BACK_MS = 500;

export interface FleetWorkerOptions {
  readonly nats: Nats;
  /** Number of tasks to carry out at once. */
  readonly slots: number;
  readonly trust: Trust;
  readonly onRemark: (text: string) => void;
}

interface Known {
  readonly campaign: Campaign;
  seenMs: number;
  /** Absent while it is prepared, and if it is refused. */
  served?: ServedCampaign;
  refusal?: string;
}

export class FleetWorker {
  readonly #options: FleetWorkerOptions;
  readonly #client: JetStreamClient;
  readonly #name = crypto.randomUUID();
  readonly #known = new Map<string, Known>();
  #turn = 0;
  #lastFailed = "";
  #isStopped = false;
  readonly #joined = new Signal();

  constructor(options: FleetWorkerOptions) {
    this.#options = options;
    this.#client = jetstream(options.nats.connection);
  }

  /** Carries out jobs until it is stopped. */
  async run(): Promise<void> {
    const { nats, slots } = this.#options;
    const subscription = nats.connection.subscribe(`${SUBJECTS.campaigns}.>`, {
      callback: (_, message) => this.#onAnnouncement(message.string()),
    });
    const timer = setInterval(() => this.#tick(), ANNOUNCE_MS);
    this.#tick();
    try {
      await Promise.all(Array.from({ length: slots }, () => this.#carryOutJobs()));
    } finally {
      clearInterval(timer);
      subscription.unsubscribe();
      for (const id of this.#known.keys()) this.#drop(id);
    }
  }

  /** Gives back the jobs in hand, and ends {@link run}. */
  stop(): void {
    this.#isStopped = true;
    for (const { served } of this.#known.values()) served?.end();
    this.#joined.fire();
  }

  #tick(): void {
    const nowMs = performance.now();
    const { nats, slots } = this.#options;
    if (!nats.isConnected) {
      // Announcements cannot arrive; the jobs in hand go on.
      for (const known of this.#known.values()) known.seenMs = nowMs;
      return;
    }
    for (const [id, { seenMs }] of this.#known) {
      if (nowMs - seenMs > GONE_MS) this.#drop(id);
    }
    const refusals = [...this.#known].flatMap(([id, { refusal }]) =>
      refusal === undefined ? [] : [[id, refusal.slice(0, 1000)] as const],
    );
    const presence: Presence = {
      name: this.#name,
      host: hostname(),
      slots,
      refusals: Object.fromEntries(refusals),
    };
    nats.connection.publish(`${SUBJECTS.workers}.${this.#name}`, JSON.stringify(presence));
  }

  #onAnnouncement(text: string): void {
    const announcement = parseAnnouncement(text);
    if (announcement === undefined || this.#isStopped) return;
    const { id } = announcement;
    if ("hasEnded" in announcement) {
      if (this.#known.has(id)) this.#options.onRemark(`Campaign ${id} has ended`);
      this.#drop(id);
      return;
    }
    const known = this.#known.get(id);
    if (known !== undefined) {
      known.seenMs = performance.now();
      return;
    }
    if (this.#known.size >= MAX_CAMPAIGNS) return;
    void this.#join(announcement);
  }

  async #join(campaign: Campaign): Promise<void> {
    const { id, by, hash, signature, command } = campaign;
    const { nats, trust, onRemark } = this.#options;
    const known: Known = { campaign, seenMs: performance.now() };
    this.#known.set(id, known);
    const refuse = (reason: string) => {
      known.refusal = reason;
      onRemark(`Campaign ${id} of ${by} is refused: ${reason}`);
    };
    const untrusted = refusalOf(campaign, trust);
    if (untrusted !== undefined) return refuse(untrusted);
    const signed = signature === undefined ? "" : `, signed by ${signature.signer}`;
    if (this.#lastFailed !== id) {
      onRemark(`Campaign ${id} of ${by} runs program ${hash}${signed}:\n  ${command}`);
    }
    try {
      const served = await ServedCampaign.open(campaign, await openMadeStreams(nats));
      if (this.#isStopped || this.#known.get(id) !== known) served.end();
      else known.served = served;
      this.#joined.fire();
    } catch (error) {
      if (error instanceof Refusal) refuse(error.message);
      else {
        // The next announcement is the next attempt.
        this.#known.delete(id);
        this.#remarkOnce(id, error);
      }
    }
  }

  #remarkOnce(id: string, error: unknown): void {
    if (this.#lastFailed === id) return;
    this.#lastFailed = id;
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.onRemark(`Cannot join campaign ${id}: ${reason}. Trying again`);
  }

  #drop(id: string): void {
    this.#known.get(id)?.served?.end();
    this.#known.delete(id);
  }

  /** Returns the campaigns in turn, and `undefined` without any. */
  #nextServed(): readonly [id: string, served: ServedCampaign] | undefined {
    const all = [...this.#known].flatMap(([id, { served }]) =>
      served === undefined ? [] : [[id, served] as const],
    );
    return all[this.#turn++ % all.length];
  }

  async #carryOutJobs(): Promise<void> {
    while (!this.#isStopped) {
      const next = this.#nextServed();
      if (next === undefined) {
        await this.#joined.fired;
        continue;
      }
      const [id, served] = next;
      try {
        const message = await served.consumer.next({ expires: WAIT_MS });
        if (message !== null) await this.#carryOut(message, id, served);
      } catch {
        // The server is away, or the queue is gone.
        await Bun.sleep(WAIT_MS / 2);
      }
    }
  }

  async #carryOut(message: JsMsg, id: string, served: ServedCampaign): Promise<void> {
    const lostWorkers = message.info.deliveryCount - 1;
    const job = parseJob(message);
    if (job === undefined) return message.term();
    const working = setInterval(() => message.working(), WORKING_MS);
    const results = new Results(job.name, this.#name, (result) =>
      this.#publish(id, result, served),
    );
    try {
      if (lostWorkers > MAX_LOST_WORKERS) {
        await results.giveUp(lostWorkers);
        message.term();
        return;
      }
      for (const task of job.tasks) {
        if (served.isOver) return message.nak();
        const { signal = "", ...answer } = await served.run(task);
        if (served.isOver) return message.nak();
        if (OUTER_SIGNALS.includes(signal) && lostWorkers <= MAX_LOST_IN_BULK) {
          return message.nak(GIVE_BACK_MS);
        }
        await results.add(answer, lostWorkers > MAX_LOST_IN_BULK);
      }
      await results.flush();
      // The last results may not have been stored.
      if (served.isOver) message.nak();
      else message.ack();
    } finally {
      clearInterval(working);
    }
  }

  /** Stores a result, if need be when the server is there again. */
  async #publish(id: string, result: Result, served: ServedCampaign): Promise<void> {
    const { nats, onRemark } = this.#options;
    const limit = nats.connection.info?.max_payload ?? 1_000_000;
    let bytes = encode(result);
    const [{ key = "" } = {}] = result.answers;
    if (bytes.length > limit && result.answers.length > 1) {
      for (const answer of result.answers) {
        const elapsedMs = result.elapsedMs / result.answers.length;
        await this.#publish(id, { ...result, answers: [answer], elapsedMs }, served);
      }
      return;
    }
    if (bytes.length > limit) {
      const death = `The outcome of this seed has ${bytes.length} bytes, compressed, more than the NATS server admits. Raise its max_payload (${limit})`;
      bytes = encode({ ...result, answers: [{ key, answer: { death } }] });
    }
    let hasRemarked = false;
    while (!served.isOver) {
      try {
        await this.#client.publish(`${SUBJECTS.results}.${id}`, bytes);
        return;
      } catch (error) {
        if (nats.isConnected && !hasRemarked) {
          onRemark(`Cannot store a result: ${error instanceof Error ? error.message : error}`);
          hasRemarked = true;
        }
        await Bun.sleep(GIVE_BACK_MS);
        // Until then, the client would queue each attempt.
        while (!nats.isConnected && !served.isOver) await Bun.sleep(GIVE_BACK_MS);
      }
    }
  }
}

/** Collects the answers of a job, and sends them in messages that are neither many nor large. */
class Results {
  readonly #job: string;
  readonly #worker: string;
  readonly #send: (result: Result) => Promise<void>;
  #answers: Answer[] = [];
  #length = 0;
  #sinceMs = performance.now();

  constructor(job: string, worker: string, send: (result: Result) => Promise<void>) {
    this.#job = job;
    this.#worker = worker;
    this.#send = send;
  }

  async add(answer: Answer, isAlone: boolean): Promise<void> {
    const length = JSON.stringify(answer).length;
    // A large one is alone in its message.
    if (this.#length + length > FLUSH_LENGTH) await this.flush();
    this.#answers.push(answer);
    this.#length += length;
    if (isAlone || performance.now() - this.#sinceMs > FLUSH_MS) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#answers.length === 0) return;
    const nowMs = performance.now();
    const [answers, elapsedMs] = [this.#answers, nowMs - this.#sinceMs];
    this.#answers = [];
    this.#length = 0;
    this.#sinceMs = nowMs;
    await this.#send({ job: this.#job, worker: this.#worker, answers, elapsedMs });
  }

  /** Reports that this job is not carried out any more. */
  async giveUp(lostWorkers: number): Promise<void> {
    await this.#send({
      ...{ job: this.#job, worker: this.#worker, answers: [], elapsedMs: 0 },
      lostWorkers,
    });
  }
}

function parseJob({ data }: JsMsg): Job | undefined {
  try {
    return decode(Job, data);
  } catch {
    return undefined; // Not of this command.
  }
}

function parseAnnouncement(text: string): v.InferOutput<typeof Announcement> | undefined {
  try {
    return v.parse(Announcement, JSON.parse(text));
  } catch {
    return undefined; // Of another version.
  }
}
