/** Services to judge: Vortex's, and siblings with one mistake each, which the checkers must find. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import * as v from "valibot";
import { parseJson } from "../../lib/protocol/json.ts";
import { applyToKey } from "../../lib/services/kv.ts";
import { orNull } from "../../lib/services/service.ts";
import { type AnyBody, isRpcError } from "../../lib/vortex/index.ts";
import { Bucket, type ReadResult } from "../../lib/workbench/nats/services/bucket.ts";
import { Deadline } from "../../lib/workbench/nats/services/deadline.ts";
import { SeenFloor } from "../../lib/workbench/nats/services/floor.ts";
import {
  createServices,
  type ServiceName,
  type Services,
  type ServicesOptions,
} from "../../lib/workbench/nats/services/index.ts";
import { LastWriteWinsKv } from "../../lib/workbench/nats/services/last-write-wins.ts";
import { RevisionedKv } from "../../lib/workbench/nats/services/revisioned-kv.ts";

export type Subject = (connection: NatsConnection, options: ServicesOptions) => Promise<Services>;

const ANY_STATE = { revision: async () => 0, raise() {} };

/** Reads a key as the server that leads the bucket answers it, or one that thinks it does. */
class LeaderReads extends Bucket {
  readonly #manager: ReturnType<typeof jetstreamManager>;

  constructor(connection: NatsConnection, name: string) {
    super(connection, jetstream(connection), name);
    this.#manager = jetstreamManager(connection, { timeout: 1000 });
  }

  override async read(key: string): Promise<ReadResult> {
    const { streams } = await this.#manager;
    const query = { last_by_subj: `$KV.${this.name}.${key}` };
    try {
      const message = await streams.getMessage(`KV_${this.name}`, query);
      if (message === null) return { type: "none" };
      const entry = { value: orNull(parseJson(message.string())) };
      const version = { entry, revision: message.seq, requestId: "" };
      return { type: "version", version, stateRevision: message.seq };
    } catch {
      return { type: "unanswered" };
    }
  }
}

/** Difference of the clocks of two hosts, each behind the one before. */
const SKEW_MS = 60_000;

const Stamped = v.object({ value: v.optional(v.unknown()), atMs: v.optional(v.number()) });

/** Keeps the value with the highest time, by the clock of the host that it was written on. */
class ClockedKv implements Store {
  readonly #kv: LastWriteWinsKv;
  readonly #skewMs: number;

  constructor(bucket: Bucket, skewMs: number) {
    this.#kv = new LastWriteWinsKv(bucket);
    this.#skewMs = skewMs;
  }

  async handle(body: AnyBody, requestId: string, deadline: Deadline): Promise<AnyBody | undefined> {
    const { key } = body;
    const stored = await this.#kv.handle({ type: "read", key }, requestId, deadline);
    const { value = null, atMs = 0 } = v.parse(Stamped, stored?.["value"] ?? {});
    const entry = atMs === 0 ? undefined : { value: orNull(value) };
    const [after, reply] = applyToKey(entry, body) ?? [];
    const nowMs = Date.now() + this.#skewMs;
    if (after !== undefined && after !== entry && atMs <= nowMs) {
      const write = { type: "write", key, value: { value: after.value, atMs: nowMs } };
      await this.#kv.handle(write, requestId, deadline);
    }
    return reply;
  }
}

/** A store that takes the place of one of the services. */
interface Store {
  handle(body: AnyBody, requestId: string, deadline: Deadline): Promise<AnyBody | undefined>;
}

/** Replaces a service by another store. */
function replacing(
  name: ServiceName,
  open: (connection: NatsConnection, bucketName: string) => Store,
): Subject {
  return async (connection, options) => {
    const services = await createServices(connection, options);
    const store = open(connection, `vortex-${options.cluster}-${name}`);
    let count = 0;
    return {
      async handle(service, body) {
        if (service !== name) return services.handle(service, body);
        const deadline = new Deadline(options.timeoutMs ?? 5000);
        try {
          return await store.handle(body, `sibling.${count++}`, deadline);
        } catch (error) {
          if (!isRpcError(error)) throw error;
          return { type: "error", code: error.code, text: error.message };
        }
      },
    };
  };
}

const directBucket = (connection: NatsConnection, name: string) =>
  new Bucket(connection, jetstream(connection), name);

export const SUBJECTS = {
  vortex: createServices,
  /** lin-kv reads from any replica, as `kv.get` does. */
  "direct-reads": replacing("lin-kv", (connection, name) => {
    return new RevisionedKv(directBucket(connection, name), ANY_STATE);
  }),
  /** lin-kv reads from the leader, as `kv.get` does on a bucket without direct reads. */
  "leader-reads": replacing("lin-kv", (connection, name) => {
    return new RevisionedKv(new LeaderReads(connection, name), ANY_STATE);
  }),
  /** lin-kv is seq-kv: reads what its client may have seen. */
  "seen-reads": replacing("lin-kv", (connection, name) => {
    return new RevisionedKv(directBucket(connection, name), new SeenFloor());
  }),
  /** lww-kv goes by the clocks of its hosts, which differ. */
  "skewed-clocks": replacing("lww-kv", (connection, name) => {
    const index = Number(connection.info?.server_name.slice(1));
    return new ClockedKv(directBucket(connection, name), -SKEW_MS * index);
  }),
} as const satisfies { readonly [name: string]: Subject };

export type SubjectName = keyof typeof SUBJECTS;
