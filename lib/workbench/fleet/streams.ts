/** The streams and object stores of campaigns on a NATS server. */
import {
  type ConsumerConfig,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamConfig,
} from "@nats-io/jetstream";
import { type ObjectStore, Objm } from "@nats-io/obj";
import { InvalidOptions } from "../invalid-options.ts";
import type { Nats } from "../nats/connection.ts";
import { ACK_WAIT_MS, BUCKETS, STREAMS, SUBJECTS } from "./messages.ts";

const NANOSECONDS_PER_MS = 1_000_000;
const DAY_NS = 24 * 60 * 60 * 1000 * NANOSECONDS_PER_MS;
/** After how long everything of a campaign is deleted if its tester does not come back. */
const CAMPAIGN_AGE_NS = 7 * DAY_NS;
/** A program is used by campaigns that may begin later. */
const PROGRAM_AGE_NS = 30 * DAY_NS;
/** Copies of everything on servers that form a cluster. */
const CLUSTER_REPLICAS = 3;

/** The part that workers use. */
export interface OpenedStreams {
  readonly client: JetStreamClient;
  readonly programs: ObjectStore;
  readonly corpus: ObjectStore;
}

/** The part that testers use. */
export interface Streams extends OpenedStreams {
  readonly manager: JetStreamManager;
}

/**
 * Opens what a tester has made: a worker needs no permission to make anything.
 *
 * @throws if it does not exist, or the server does not answer.
 */
export async function openMadeStreams({ connection }: Nats): Promise<OpenedStreams> {
  const objects = new Objm(connection);
  const open = (bucket: string) => objects.open(bucket);
  return {
    client: jetstream(connection),
    programs: await open(BUCKETS.programs),
    corpus: await open(BUCKETS.corpus),
  };
}

/**
 * Makes the streams and object stores that are missing. Those that exist stay as an operator made them.
 *
 * @throws {InvalidOptions} if the server has no JetStream, or does not permit it.
 */
export async function openStreams({ connection }: Nats): Promise<Streams> {
  try {
    const manager = await jetstreamManager(connection);
    const isCluster = connection.info?.cluster !== undefined;
    const attempt = async (replicas: number) => {
      const jobs = { ...jobStream(), num_replicas: replicas };
      const results = { ...resultStream(), num_replicas: replicas };
      for (const config of [jobs, results]) await ensureStream(manager, config);
      const objects = new Objm(connection);
      const store = (bucket: string, ageNs: number) =>
        objects.create(bucket, { replicas, ttl: ageNs, storage: StorageType.File });
      return {
        manager,
        client: jetstream(connection),
        programs: await store(BUCKETS.programs, PROGRAM_AGE_NS),
        corpus: await store(BUCKETS.corpus, CAMPAIGN_AGE_NS),
      };
    };
    if (!isCluster) return await attempt(1);
    // A cluster of fewer servers has no place for so many copies.
    return await attempt(CLUSTER_REPLICAS).catch(() => attempt(1));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidOptions(
      `Cannot keep campaigns on this NATS server: ${reason}. It needs JetStream (nats-server -js), and these credentials need the permissions that docs/campaigns.md lists`,
      { cause: error },
    );
  }
}

type NamedStream = Partial<StreamConfig> & { readonly name: string };

async function ensureStream(manager: JetStreamManager, config: NamedStream): Promise<void> {
  const isThere = await manager.streams.info(config.name).then(
    () => true,
    () => false,
  );
  // Another tester may make it at the same time, with the same settings.
  if (!isThere) await manager.streams.add(config);
}

/** A job is deleted when a worker acknowledges it. */
function jobStream(): NamedStream {
  return {
    name: STREAMS.jobs,
    subjects: [`${SUBJECTS.jobs}.>`],
    retention: RetentionPolicy.Workqueue,
    max_age: CAMPAIGN_AGE_NS,
  };
}

function resultStream(): NamedStream {
  return {
    name: STREAMS.results,
    subjects: [`${SUBJECTS.results}.>`],
    max_age: CAMPAIGN_AGE_NS,
    compression: StoreCompression.S2,
  };
}

/** Returns the second token of the latest campaign of a test that has results, if there is one. */
export async function findCampaign(
  { manager }: Streams,
  identity: string,
): Promise<string | undefined> {
  const filter = `${SUBJECTS.results}.${identity}.>`;
  const { state } = await manager.streams.info(STREAMS.results, { subjects_filter: filter });
  const subjects = Object.keys(state.subjects ?? {});
  const ended = await Promise.all(
    subjects.map(async (subject) => {
      const last = await manager.streams.getMessage(STREAMS.results, { last_by_subj: subject });
      return { nonce: subject.split(".").at(-1), seq: last?.seq ?? 0 };
    }),
  );
  return ended.sort((one, other) => other.seq - one.seq)[0]?.nonce;
}

/** The consumer of a campaign's jobs, which all workers share. */
export function consumerName(id: string): string {
  return `campaign-${id.replace(".", "-")}`;
}

export function jobConsumer(id: string): Partial<ConsumerConfig> {
  return {
    durable_name: consumerName(id),
    filter_subject: `${SUBJECTS.jobs}.${id}`,
    ack_policy: "explicit",
    ack_wait: ACK_WAIT_MS * NANOSECONDS_PER_MS,
    // No limit: each job in the hands of a worker is one.
    max_ack_pending: -1,
    inactive_threshold: CAMPAIGN_AGE_NS,
  };
}
