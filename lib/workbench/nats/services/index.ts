/**
 * Maelstrom's services for a cluster of several hosts, kept in JetStream key-value buckets.
 *
 * Each host has a front-end of its own, which keeps nothing that another one needs. docs/cluster.md states
 * what each service promises, and the settings of the servers that this takes.
 */
import { type NatsConnection, nuid } from "@nats-io/transport-node";
import { ERRORS, isRpcError, RpcError } from "../../../protocol/errors.ts";
import type { AnyBody } from "../../../protocol/message.ts";
import { SERVICES } from "../../../services/index.ts";
import { inReplyTo } from "../../../services/service.ts";
import { InvalidOptions } from "../../invalid-options.ts";
import { Deadline } from "./deadline.ts";
import { BarrierFloor, SeenFloor } from "./floor.ts";
import { LastWriteWinsKv } from "./last-write-wins.ts";
import { deleteBucket, openBucket } from "./open-bucket.ts";
import { RevisionedKv } from "./revisioned-kv.ts";
import { Timestamps } from "./timestamps.ts";

export type ServiceName = keyof typeof SERVICES;

export interface ServicesOptions {
  /** Name of the cluster: letters, digits, `-` and `_`. Clusters of different names share nothing. */
  readonly cluster: string;
  /** Number of servers that hold a copy of each bucket. By default 3, or 1 if the server is alone. */
  readonly replicas?: number;
  /** After how many ms no attempt at a request begins; the last one may take longer. Defaults to 5000. */
  readonly timeoutMs?: number;
}

export interface Services {
  /**
   * Handles a request of a node and returns the body of the reply; `undefined` for an unknown request
   * type, to which Maelstrom's services do not reply.
   *
   * Requests run at the same time. Errors are replies: `timeout` if the request may have had its effect,
   * `temporarily-unavailable` if it had none, `abort` if its value is too large.
   */
  handle(service: ServiceName, body: AnyBody): Promise<AnyBody | undefined>;
}

const TIMEOUT_MS = 5000;

/** Maximum number of requests at a time. */
const MAX_REQUESTS = 4096;

/**
 * Opens the services of a cluster. The first caller creates them; others may do so at the same time.
 *
 * @throws {InvalidOptions} if the servers cannot hold them, or hold them with other options.
 */
export async function createServices(
  connection: NatsConnection,
  { cluster, replicas, timeoutMs = TIMEOUT_MS }: ServicesOptions,
): Promise<Services> {
  const open = (service: ServiceName) =>
    openBucket(connection, bucketName(cluster, service), replicas);
  const [linKv, seqKv, lwwKv, linTso] = await Promise.all([
    open("lin-kv"),
    open("seq-kv"),
    open("lww-kv"),
    open("lin-tso"),
  ]);
  const handlers = {
    "lin-kv": new RevisionedKv(linKv, new BarrierFloor(linKv)),
    "seq-kv": new RevisionedKv(seqKv, new SeenFloor()),
    "lww-kv": new LastWriteWinsKv(lwwKv),
    "lin-tso": new Timestamps(linTso),
  } as const;
  const frontEnd = nuid.next();
  let requestCount = 0;
  let running = 0;
  return {
    async handle(service, body) {
      if (running >= MAX_REQUESTS) return inReplyTo(body, errorBody(tooMany(service)));
      running += 1;
      try {
        const requestId = `${frontEnd}.${requestCount++}`;
        const reply = await handlers[service].handle(body, requestId, new Deadline(timeoutMs));
        return reply && inReplyTo(body, reply);
      } catch (error) {
        return inReplyTo(body, errorBody(error));
      } finally {
        running -= 1;
      }
    },
  };
}

/**
 * Deletes the services of a cluster with all they hold.
 *
 * Requests are then answered with errors, until `createServices` is called again.
 */
export async function removeServices(connection: NatsConnection, cluster: string): Promise<void> {
  const names = Object.keys(SERVICES).filter(isServiceName);
  await Promise.all(names.map((name) => deleteBucket(connection, bucketName(cluster, name))));
}

/** Whether a name is that of a service. */
export function isServiceName(name: string): name is ServiceName {
  return Object.hasOwn(SERVICES, name);
}

/** @throws {InvalidOptions} if a bucket cannot have that name. */
function bucketName(cluster: string, service: ServiceName): string {
  if (/^[\w-]{1,128}$/.test(cluster)) return `vortex-${cluster}-${service}`;
  throw new InvalidOptions(
    `"${cluster}" cannot be the name of a cluster: use up to 128 letters, digits, - and _`,
  );
}

function tooMany(service: ServiceName): RpcError {
  const text = `${service} has ${MAX_REQUESTS} requests of this host under way: wait for replies`;
  return new RpcError("temporarily-unavailable", text);
}

function errorBody(error: unknown): AnyBody {
  if (isRpcError(error)) return { type: "error", code: error.code, text: error.message };
  const text = error instanceof Error ? error.message : String(error);
  return { type: "error", code: ERRORS.crash.code, text };
}
