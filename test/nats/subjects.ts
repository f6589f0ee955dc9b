/** Services to judge: Vortex's, and siblings with one mistake each, which the checkers must find. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { parseJson } from "../../lib/protocol/json.ts";
import { orNull } from "../../lib/services/service.ts";
import { isRpcError } from "../../lib/vortex/index.ts";
import { Bucket, type ReadResult } from "../../lib/workbench/nats/services/bucket.ts";
import { Deadline } from "../../lib/workbench/nats/services/deadline.ts";
import { SeenFloor } from "../../lib/workbench/nats/services/floor.ts";
import {
  createServices,
  type Services,
  type ServicesOptions,
} from "../../lib/workbench/nats/services/index.ts";
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

/** Replaces lin-kv by another store. */
function withLinKv(
  open: (connection: NatsConnection, bucketName: string) => RevisionedKv,
): Subject {
  return async (connection, options) => {
    const services = await createServices(connection, options);
    const kv = open(connection, `vortex-${options.cluster}-lin-kv`);
    let count = 0;
    return {
      async handle(service, body) {
        if (service !== "lin-kv") return services.handle(service, body);
        try {
          return await kv.handle(
            body,
            `sibling.${count++}`,
            new Deadline(options.timeoutMs ?? 5000),
          );
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
  "direct-reads": withLinKv((connection, name) => {
    return new RevisionedKv(directBucket(connection, name), ANY_STATE);
  }),
  /** lin-kv reads from the leader, as `kv.get` does on a bucket without direct reads. */
  "leader-reads": withLinKv((connection, name) => {
    return new RevisionedKv(new LeaderReads(connection, name), ANY_STATE);
  }),
  /** lin-kv is seq-kv: reads what its client may have seen. */
  "seen-reads": withLinKv((connection, name) => {
    return new RevisionedKv(directBucket(connection, name), new SeenFloor());
  }),
} as const satisfies { readonly [name: string]: Subject };

export type SubjectName = keyof typeof SUBJECTS;
