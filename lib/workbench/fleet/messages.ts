/**
 * Messages between the tester and workers on other machines, and their subjects.
 *
 *     vortex.campaigns.ID    the tester announces a campaign, every second
 *     vortex.workers.NAME    a worker says that it is there, every second
 *     vortex.jobs.ID         stream VORTEX_JOBS: tasks; a job stays until a worker acknowledges it
 *     vortex.results.ID      stream VORTEX_RESULTS: answers of workers
 *     vortex-programs        object store: packs, by their hashes
 *     vortex-corpus          object store: files of guided searches, as ID/FILE
 *
 * The ID of a campaign is two tokens: what it tests, the same each time, and which time.
 */
import * as v from "valibot";
import { Death, Task, WorkerOutcome } from "../sweep/task.ts";
import { Shown } from "./shown.ts";

export const STREAMS = { jobs: "VORTEX_JOBS", results: "VORTEX_RESULTS" } as const;
export const BUCKETS = { programs: "vortex-programs", corpus: "vortex-corpus" } as const;
export const SUBJECTS = {
  campaigns: "vortex.campaigns",
  workers: "vortex.workers",
  jobs: "vortex.jobs",
  results: "vortex.results",
} as const;

/** Time between announcements, and after how long without one a sender counts as gone, in ms. */
export const ANNOUNCE_MS = 1000;
export const GONE_MS = 10_000;

/** Time after which a job is given to another worker, unless its worker reports progress, in ms. */
export const ACK_WAIT_MS = 6000;
/** Time between two such reports, in ms. */
export const WORKING_MS = 2000;

/** Maximum number of tasks of a job. */
export const MAX_JOB_TASKS = 5000;

const Hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const CampaignId = v.pipe(v.string(), v.regex(/^[0-9a-f]{12}\.[0-9a-z]{8}$/));
const Natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Line = v.pipe(v.string(), v.maxLength(1000));

export const Signature = v.object({
  /** Public key. */
  signer: v.string(),
  /** Of the program's hash, in base64. */
  signature: v.string(),
});
export type Signature = v.InferOutput<typeof Signature>;

/** Everything that a worker needs to carry out the tasks of a campaign. */
export const Campaign = v.object({
  version: v.literal(1),
  id: CampaignId,
  /** User and host of the tester. */
  by: Line,
  hash: Hash,
  signature: v.exactOptional(Signature),
  /** Path of the program in the pack, and which of its exports. */
  program: v.string(),
  exported: v.exactOptional(v.string()),
  /** Flags of the test, without a seed. */
  flags: v.array(v.string()),
  /** Arguments of the program. */
  args: v.array(v.string()),
  stallLimitS: v.pipe(v.number(), v.finite(), v.gtValue(0)),
  shown: Shown,
  /** The command of the test as the tester calls it. */
  command: v.string(),
  /** A task, and the digest of its outcome: a worker that gets another one is of another version. */
  probe: v.object({ seed: Natural, digest: Hash }),
  isGuided: v.boolean(),
});
export type Campaign = v.InferOutput<typeof Campaign>;

/** The last announcement of a campaign. */
export const CampaignEnd = v.object({
  version: v.literal(1),
  id: CampaignId,
  hasEnded: v.literal(true),
});
export type CampaignEnd = v.InferOutput<typeof CampaignEnd>;
export const Announcement = v.union([CampaignEnd, Campaign]);

export const Presence = v.object({
  /** Unique name. */
  name: v.string(),
  host: Line,
  /** Number of tasks that it carries out at once. */
  slots: Natural,
  /** Why it takes no jobs of some campaigns. */
  refusals: v.record(CampaignId, Line),
});
export type Presence = v.InferOutput<typeof Presence>;

/** Name of a run of a guided search: a part of paths, so it must not lead elsewhere. */
const RunName = v.pipe(v.string(), v.regex(/^[sv]\d+$/));

export const Job = v.object({
  name: Line,
  tasks: v.array(
    v.object({
      ...Task.entries,
      seed: Natural,
      name: v.exactOptional(RunName),
      base: v.exactOptional(RunName),
    }),
  ),
});
export type Job = v.InferOutput<typeof Job>;

/** Path of a file of a guided search. */
export const CorpusFile = v.pipe(
  v.string(),
  v.regex(/^(?:runs\/[sv]\d+|failures\/[sv]\d+\.decisions)\.json$/),
);

const Answer = v.object({
  /** Identifies the task; see {@link keyOf}. */
  key: v.string(),
  answer: v.union([Death, WorkerOutcome]),
  /** Files of the corpus that the run has made. */
  files: v.exactOptional(v.array(CorpusFile)),
});

export type Answer = v.InferOutput<typeof Answer>;

/** A part of the results of a job. */
export const Result = v.object({
  /** Its name. */
  job: Line,
  answers: v.array(Answer),
  /** Time that these tasks took, in ms. */
  elapsedMs: v.number(),
  worker: v.string(),
  /** Number of workers that were lost with this job. It is not given to another one. */
  lostWorkers: v.exactOptional(Natural),
});
export type Result = v.InferOutput<typeof Result>;

/** Identifies a task within its campaign. */
export function keyOf({ seed, name }: Task): string {
  return name ?? String(seed);
}

/** Encodes a message; outcomes of many seeds are alike, so that compression divides them by ten. */
export function encode(value: unknown): Uint8Array {
  return Bun.gzipSync(new TextEncoder().encode(JSON.stringify(value)), { level: 1 });
}

/**
 * Decodes a message.
 *
 * @throws if it is not one, or of another schema.
 */
export function decode<const S extends v.GenericSchema>(
  schema: S,
  bytes: Uint8Array,
): v.InferOutput<S> {
  // A copy: Bun's types exclude views of shared memory.
  const text = new TextDecoder().decode(Bun.gunzipSync(new Uint8Array(bytes)));
  return v.parse(schema, JSON.parse(text));
}
