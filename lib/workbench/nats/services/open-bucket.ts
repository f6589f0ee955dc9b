/** Creates the buckets of services, and deletes them. */
import {
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
} from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { InvalidOptions } from "../../invalid-options.ts";
import { Bucket, HISTORY, isWithoutResponders } from "./bucket.ts";
import { Deadline } from "./deadline.ts";

/** Servers that start, or elect a leader, take seconds. */
const OPEN_MS = 30_000;

/** The servers answer for several keys, in one state, since this version. */
const MIN_VERSION = [2, 11];

/**
 * Opens a bucket, and creates it if it does not exist.
 *
 * @param replicas Number of servers that hold a copy. By default 3, or 1 if the server is alone.
 * @throws {InvalidOptions} if the servers cannot hold it, or hold it with another number of copies.
 */
export async function openBucket(
  connection: NatsConnection,
  name: string,
  replicas = connection.info?.cluster === undefined ? 1 : 3,
): Promise<Bucket> {
  checkVersion(connection.info?.version ?? "");
  const deadline = new Deadline(OPEN_MS);
  const client = jetstream(connection);
  const settings = { replicas, history: HISTORY, allow_direct: true };
  for (;;) {
    try {
      const bucket = await new Kvm(client).create(name, settings);
      const { replicas: existing } = await bucket.status();
      if (existing === replicas) return new Bucket(connection, client, name);
      throw new InvalidOptions(
        `Bucket ${name} has ${existing} replicas, not ${replicas}: choose another name for the cluster, or delete the bucket with: nats kv del ${name}`,
      );
    } catch (error) {
      if (error instanceof InvalidOptions) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof JetStreamApiError && error.code === STREAM_EXISTS) {
        throw new InvalidOptions(
          `Bucket ${name} exists with other settings (${reason}): choose another name for the cluster, or delete the bucket with: nats kv del ${name}`,
          { cause: error },
        );
      }
      if (deadline.isOver || isWithoutJetStream(connection, error) || isFinal(error)) {
        throw new InvalidOptions(explain(name, replicas, error, reason), { cause: error });
      }
      await deadline.pause();
    }
  }
}

/** Deletes a bucket with all it holds, if it exists: servers without JetStream have none. */
export async function deleteBucket(connection: NatsConnection, name: string): Promise<void> {
  try {
    const manager = await jetstreamManager(connection);
    await manager.streams.delete(`KV_${name}`);
  } catch (error) {
    const isGone =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
    if (!isGone && !isWithoutJetStream(connection, error)) throw error;
  }
}

/** Whether no server answered since none has JetStream, rather than since none leads. */
function isWithoutJetStream({ info }: NatsConnection, error: unknown): boolean {
  return isWithoutResponders(error) && info?.jetstream !== true;
}

/** @throws {InvalidOptions} if the server is too old. */
function checkVersion(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [minMajor = 0, minMinor = 0] = MIN_VERSION;
  if (major > minMajor || (major === minMajor && minor >= minMinor)) return;
  throw new InvalidOptions(
    `The NATS server has version ${version}. The services need ${MIN_VERSION.join(".")} or newer`,
  );
}

/** The server's codes for a stream that exists with another configuration, and for too many replicas. */
const [STREAM_EXISTS, NOT_CLUSTERED] = [10_058, 10_074];
const JETSTREAM_DISABLED = [10_039, 10_076];

/** Whether trying again cannot help. */
function isFinal(error: unknown): boolean {
  if (!(error instanceof JetStreamApiError)) return false;
  return [NOT_CLUSTERED, ...JETSTREAM_DISABLED].includes(error.code);
}

function explain(name: string, replicas: number, error: unknown, reason: string): string {
  const isDisabled =
    isWithoutResponders(error) ||
    (error instanceof JetStreamApiError && JETSTREAM_DISABLED.includes(error.code));
  if (isDisabled) {
    return `The NATS server has no JetStream for this account, which the services need: start it with -js, or enable it in its configuration`;
  }
  return `Cannot create bucket ${name} with ${replicas} replicas (${reason}): it takes that many servers with JetStream, which reach each other`;
}
