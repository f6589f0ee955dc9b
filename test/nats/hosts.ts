/** Hosts of a cluster: each has a connection to a server of its own, and a front-end of the services. */
import { jetstreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import type { Services, ServicesOptions } from "../../lib/workbench/nats/services/index.ts";
import type { LinkedCluster } from "../support/nats-links.ts";
import { SUBJECTS, type SubjectName } from "./subjects.ts";

export interface Hosts {
  readonly services: readonly Services[];
  /** Number of the server that leads lin-kv's bucket; `undefined` if no server says so. */
  leader(): Promise<number | undefined>;
  /** Makes the server that leads lin-kv's bucket pass that on. */
  stepDown(): Promise<void>;
  close(): Promise<void>;
}

/** How long to wait for a server's answer: one that is cut off gives none. */
const ANSWER_MS = 1000;

export async function openHosts(
  cluster: LinkedCluster,
  subject: SubjectName,
  options: ServicesOptions,
): Promise<Hosts> {
  const connections = await Promise.all(cluster.servers.map(({ url }) => connectTo(url)));
  const stream = `KV_vortex-${options.cluster}-lin-kv`;
  return {
    services: await Promise.all(
      connections.map((connection) => SUBJECTS[subject](connection, options)),
    ),
    async leader() {
      const leaders = connections.map(async (connection) => {
        const manager = await jetstreamManager(connection, { timeout: ANSWER_MS, checkAPI: false });
        const { cluster } = await manager.streams.info(stream);
        if (cluster?.leader === undefined) throw new Error("no leader");
        return Number(cluster.leader.slice(1));
      });
      return Promise.any(leaders).catch(() => undefined);
    },
    async stepDown() {
      const subject = `$JS.API.STREAM.LEADER.STEPDOWN.${stream}`;
      for (const connection of connections) {
        const reply = connection.request(subject, "", { timeout: ANSWER_MS });
        const isDone = await reply.then(
          () => true,
          () => false,
        );
        if (isDone) return;
      }
    },
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

/** Connects to one server, and to no other if that one ends. */
function connectTo(url: string): Promise<NatsConnection> {
  return connect({
    servers: [url],
    ignoreClusterUpdates: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    pingInterval: 2000,
  });
}
