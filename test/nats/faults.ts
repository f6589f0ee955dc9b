/** Faults of three NATS servers. */
import type { Random } from "../../lib/vortex/index.ts";
import { randomInteger } from "../../lib/vortex/random.ts";
import type { LinkedCluster } from "../support/nats-links.ts";
import { watchPower } from "./power.ts";

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

/** NATS elects a leader within nine seconds of the loss of the last. */
const ELECTION_MS = 12_000;

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

/** Unless servers sync what they store during the fault, it is lost at its end. */
function losingPower(choose: (context: FaultContext) => readonly number[]): Fault {
  return async (context) => {
    const { servers } = context.cluster;
    const chosen = choose(context).flatMap((index) => servers[index] ?? []);
    const supplies = await Promise.all(chosen.map(watchPower));
    return async () => {
      await Promise.all(supplies.map((supply) => supply.fail()));
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
  "lose power on one server": losingPower((context) => [anyServer(context)]),
  "lose power on all servers": losingPower(() => SERVERS),
  /**
   * One server is cut off, so that two others acknowledge. One of those loses power, the other is down
   * while the first is back: the two of them are a majority.
   */
  "lose power on one of two servers": async ({ cluster: { servers, links }, leader }) => {
    const last = await leader();
    const [powerless, behind] = others(last);
    if (powerless === undefined || behind === undefined) throw new Error("No three servers");
    const supply = servers[powerless] && (await watchPower(servers[powerless]));
    for (const [from, to] of isolation(behind)) links.cut(from, to);
    return async () => {
      await servers[last]?.kill();
      await supply?.fail();
      links.heal();
      await Bun.sleep(ELECTION_MS);
      await servers[last]?.start();
    };
  },
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
