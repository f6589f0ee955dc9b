/** Faults of three NATS servers. */
import type { Random } from "../../lib/vortex/index.ts";
import { randomInteger } from "../../lib/vortex/random.ts";
import type { LinkedCluster } from "../support/nats-links.ts";

/** The cluster under faults. */
export interface FaultContext {
  readonly cluster: LinkedCluster;
  readonly random: Random;
  /** Number of the server that leads lin-kv's bucket, or of any if none is known. */
  leader(): Promise<number>;
  /** Makes the server that leads lin-kv's bucket pass that on. */
  stepDown(): Promise<void>;
}

/** Starts a fault; returns how to end it. */
type Fault = (context: FaultContext) => Promise<() => Promise<void>>;

const SERVERS = [0, 1, 2] as const;

const anyServer = ({ random }: FaultContext) => randomInteger(random, SERVERS.length);
const others = (server: number) => SERVERS.filter((other) => other !== server);

function cutting(
  pairs: (context: FaultContext) => Promise<readonly (readonly [number, number])[]>,
): Fault {
  return async (context) => {
    for (const [from, to] of await pairs(context)) context.cluster.links.cut(from, to);
    return async () => context.cluster.links.heal();
  };
}

const isolation = (server: number) =>
  others(server).flatMap(
    (other) =>
      [
        [server, other],
        [other, server],
      ] as const,
  );

function killing(choose: (context: FaultContext) => Promise<readonly number[]>): Fault {
  return async (context) => {
    const { servers } = context.cluster;
    const chosen = (await choose(context)).flatMap((index) => servers[index] ?? []);
    await Promise.all(chosen.map((server) => server.kill()));
    return async () => {
      await Promise.all(chosen.map((server) => server.start()));
    };
  };
}

export const FAULTS = {
  "cut a server off": cutting(async (context) => isolation(anyServer(context))),
  "cut the leader off": cutting(async (context) => isolation(await context.leader())),
  "cut a follower off": cutting(async (context) => {
    return isolation(((await context.leader()) + 1) % SERVERS.length);
  }),
  "cut what the leader sends": cutting(async (context) => {
    const leader = await context.leader();
    return others(leader).map((other) => [leader, other] as const);
  }),
  "cut what the leader receives": cutting(async (context) => {
    const leader = await context.leader();
    return others(leader).map((other) => [other, leader] as const);
  }),
  "cut one link": cutting(async (context) => {
    const server = anyServer(context);
    const other = (server + 1) % SERVERS.length;
    return [
      [server, other],
      [other, server],
    ] as const;
  }),
  "kill a server": killing(async (context) => [anyServer(context)]),
  "kill the leader": killing(async (context) => [await context.leader()]),
  "kill two servers": killing(async (context) => others(anyServer(context))),
  "kill all servers": killing(async () => SERVERS),
  "pause the leader": async (context) => {
    const server = context.cluster.servers[await context.leader()];
    server?.pause();
    return async () => server?.resume();
  },
  "change the leader": async (context) => {
    await context.stepDown();
    return async () => {};
  },
} as const satisfies { readonly [name: string]: Fault };

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS).filter((name): name is FaultName => name in FAULTS);
