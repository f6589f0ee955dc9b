/**
 * Moments at which a fault matters, as targets of faults.
 *
 * A fault with such a target waits for the moment, at most a second, and then affects its node. The wait is
 * part of the operation of the nemesis, which is recorded as any other.
 */
import type { Clock, NodeId, Random } from "../../vortex/index.ts";
import { pickOne, randomInteger } from "../../vortex/random.ts";
import type { Eventually, FaultPart, NamedNemesis } from "../nemesis/definition.ts";
import { disk } from "../nemesis/disk-faults.ts";
import { BUILT_IN, type Fault, isFault } from "../nemesis/faults.ts";
import { duplicate, loss, slow } from "../nemesis/message-faults.ts";
import { ONE_WAY_KINDS, PARTITION_KINDS } from "../nemesis/partition.ts";
import { oneWayPartition, partition } from "../nemesis/partition-faults.ts";
import { kill, pause } from "../nemesis/process-faults.ts";
import { type PickNodes, RANDOM_TARGETS } from "../nemesis/targets.ts";
import { isClientId } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";
import { drawVictims, rhythmic } from "./rhythm.ts";

/**
 * A node has replied to a client, has been sent a client's request that it has not handled yet, has sent a
 * message to another node or a service, or begins to sync its disk.
 */
type Moment = "replied" | "asked" | "sent" | "syncing";

const MAX_WAIT_MS = 1000;
/** Time from a moment to its fault, in ms. A sync takes 0.15 ms or more. */
const AFTER_MOMENT_MS = 0.002;
/** Syncs rarely take longer without a fault. */
const LONG_SYNC_MS = 12;
/** Maximum number of moments of a kind that pass before the one that is used. */
const MAX_PASSED = 8;

/** Observes a simulation, and finds the node of the present moment. */
export class Moments {
  /** The nodes that faults of nodes hit in this run. */
  readonly victims: readonly NodeId[];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #nodeIds: ReadonlySet<NodeId>;
  readonly #waiting = new Map<Moment, (node: NodeId) => void>();
  /** Number of messages that each node has received from others since the last choice, halved by each. */
  readonly #received = new Map<NodeId, number>();
  readonly #started = new Set<NodeId>();
  /** The beginnings of the syncs in progress. */
  readonly #syncsMs = new Map<NodeId, number[]>();
  #lastRestarted: NodeId | undefined;

  constructor(clock: Clock, random: Random, nodeIds: readonly NodeId[]) {
    this.#clock = clock;
    this.#random = random;
    this.#nodeIds = new Set(nodeIds);
    this.victims = drawVictims(random, nodeIds);
  }

  onMessage({ type, message: { src, dest, body } }: JournalEvent): void {
    if (type === "send") {
      if (this.#nodeIds.has(src)) this.#come(isClientId(dest) ? "replied" : "sent", src);
      return;
    }
    if (type !== "recv" || !this.#nodeIds.has(dest)) return;
    if (!isClientId(src)) {
      this.#received.set(dest, (this.#received.get(dest) ?? 0) + 1);
    } else if (body["type"] === "init") {
      if (this.#started.has(dest)) this.#lastRestarted = dest;
      this.#started.add(dest);
      this.#syncsMs.delete(dest); // A kill has ended them.
    } else {
      this.#come("asked", dest);
    }
  }

  onSync(node: NodeId, hasEnded: boolean): void {
    const began = this.#syncsMs.getOrInsertComputed(node, () => []);
    if (hasEnded) {
      began.shift();
    } else {
      began.push(this.#clock.nowMs());
      this.#come("syncing", node);
    }
  }

  /** The first of the nodes whose sync takes long, as on a disk that is slow or stalled; `undefined` if none does. */
  stalled(nodes: readonly NodeId[]): NodeId | undefined {
    const lateMs = this.#clock.nowMs() - LONG_SYNC_MS;
    for (const [node, [oldestMs]] of this.#syncsMs) {
      if (nodes.includes(node) && oldestMs !== undefined && oldestMs < lateMs) return node;
    }
    return undefined;
  }

  /** Waits for a random one of the nodes' next moments of a kind; resolves with its node, if it has come. */
  async next(moment: Moment, nodes: readonly NodeId[]): Promise<NodeId | undefined> {
    const { promise, resolve } = Promise.withResolvers<NodeId | undefined>();
    // Mostly an early one: not every test has as many in that time.
    let passing = randomInteger(this.#random, 1 + randomInteger(this.#random, MAX_PASSED));
    this.#waiting.set(moment, (node) => {
      if (nodes.includes(node) && passing-- === 0) resolve(node);
    });
    const cancel = this.#clock.after(MAX_WAIT_MS, () => resolve(undefined));
    const node = await promise;
    this.#waiting.delete(moment);
    cancel();
    // What happens at that very time comes first, so that a replay knows the order.
    await new Promise<void>((wake) => void this.#clock.after(AFTER_MOMENT_MS, wake));
    return node;
  }

  /** The node that has recently received most messages from others: the leader, if any. */
  busiest(nodes: readonly NodeId[]): NodeId | undefined {
    const [busiest] = [...this.#received]
      .filter(([node]) => nodes.includes(node))
      .sort(([, one], [, other]) => other - one);
    for (const [node, count] of this.#received) this.#received.set(node, count / 2);
    return busiest?.[0];
  }

  any(nodes: readonly NodeId[]): NodeId {
    return pickOne(this.#random, nodes);
  }

  /** The node that was restarted last. */
  get lastRestarted(): NodeId | undefined {
    return this.#lastRestarted;
  }

  #come(moment: Moment, node: NodeId): void {
    this.#waiting.get(moment)?.(node);
  }
}

/** The targets of faults, under the names that a history has for them. */
function targetsOf(moments: Moments, isReplayed: boolean): readonly PickNodes[] {
  const finders = {
    "just-replied": (nodes) => moments.next("replied", nodes),
    "just-asked": (nodes) => moments.next("asked", nodes),
    "just-sent": (nodes) => moments.next("sent", nodes),
    syncing: (nodes) => moments.stalled(nodes) ?? moments.next("syncing", nodes),
    busiest: (nodes) => moments.busiest(nodes),
    "just-restarted": (nodes) => moments.lastRestarted ?? moments.busiest(nodes),
  } as const satisfies Record<string, (nodes: readonly NodeId[]) => Eventually<NodeId | undefined>>;
  return Object.entries(finders).map(([name, find]) => {
    const pick: PickNodes = async ({ nodes }) => {
      if (isReplayed) return undefined;
      const found = await find(nodes);
      return found !== undefined && nodes.includes(found) ? found : moments.any(nodes);
    };
    return Object.defineProperty(pick, "name", { value: name });
  });
}

/** Faults of links, whose kinds divide all nodes. */
const CUTS: ReadonlySet<Fault> = new Set(["partition", "one-way-partition"]);

/**
 * Replaces built-in faults: by the same fault, at moments as well as at random times, in drawn rhythms.
 *
 * @param randomOf Returns the stream of a fault's rhythm.
 */
export function adaptive(
  moments: Moments,
  nodeIds: readonly NodeId[],
  randomOf: (fault: Fault) => Random,
): (nemesis: NamedNemesis, isReplayed?: boolean) => NamedNemesis {
  return (nemesis, isReplayed = false) => {
    const { name } = nemesis;
    if (!isFault(name)) return nemesis;
    const random = randomOf(name);
    const fault = partOf(name, targetsOf(moments, isReplayed), random);
    // Decisions replace its times, and may name other nodes.
    if (isReplayed) return { ...BUILT_IN[name], name, fault };
    const nodes = CUTS.has(name) ? nodeIds : moments.victims;
    return { ...BUILT_IN[name], name, ...rhythmic(fault, nodes, random) };
  };
}

/** Fractions of the messages that are lost or duplicated. */
const PROBABILITIES = [0.1, 0.5, 0.5, 0.9];
/** Factors of slow messages; the largest make replies come after most timeouts. */
const SLOWNESS = [10, 10, 30];

function partOf(name: Fault, some: readonly PickNodes[], random: Random): FaultPart {
  const nodes = { targets: [...RANDOM_TARGETS, ...some] };
  const probability = pickOne(random, PROBABILITIES);
  const factor = pickOne(random, SLOWNESS);
  const faults = {
    partition: () => partition({ targets: [...PARTITION_KINDS, ...some] }),
    "one-way-partition": () => oneWayPartition({ targets: [...ONE_WAY_KINDS, ...some] }),
    kill: () => kill(nodes),
    pause: () => pause(nodes),
    loss: () => loss({ ...nodes, probability }),
    duplicate: () => duplicate({ ...nodes, probability }),
    slow: () => slow({ ...nodes, factor }),
    disk: () => disk(nodes),
  } as const satisfies Record<Fault, () => FaultPart>;
  return faults[name]();
}
