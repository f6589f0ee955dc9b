/**
 * Kinds of partitions, as grudges: which node blocks messages from which.
 *
 * Only nodes are separated, never clients or services.
 *
 * @see Maelstrom, `nemesis.clj`; Jepsen, `nemesis.clj` (`partition-majorities-ring`)
 */
import type { NodeId, Random } from "../../vortex/index.ts";
import { pickOne, shuffle } from "../../vortex/random.ts";
import type { Grudge } from "../network/grudge.ts";

/**
 * A partition in both directions: of one node, of a third of the others, into halves, or into majorities
 * of which no two are the same.
 */
export type PartitionKind = "one" | "minority-third" | "majority" | "majorities-ring";
export const PARTITION_KINDS: readonly PartitionKind[] = [
  "one",
  "minority-third",
  "majority",
  "majorities-ring",
];

/** Draws a partition of one kind. With few nodes it may cut nothing, as the kinds below say. */
export function drawPartition(
  kind: PartitionKind,
  nodeIds: readonly NodeId[],
  random: Random,
): Grudge {
  const shuffled = shuffle(random, nodeIds);
  switch (kind) {
    case "one":
      return split(shuffled, 1);
    case "minority-third":
      // With up to three nodes, the minority is empty.
      return split(shuffled, Math.floor((nodeIds.length - 1) / 3));
    case "majority":
      return split(shuffled, Math.floor(nodeIds.length / 2));
    case "majorities-ring":
      return nodeIds.length <= 5 ? smallRing(shuffled) : largeRing(shuffled, random);
    default:
      throw new Error("Unexpected kind of partition", { cause: kind satisfies never });
  }
}

/** A partition in one direction: nodes that receive nothing from the others, or send them nothing. */
export type OneWayKind = "one-deaf" | "one-mute" | "majority-deaf" | "majority-mute";
export const ONE_WAY_KINDS: readonly OneWayKind[] = [
  "one-deaf",
  "one-mute",
  "majority-deaf",
  "majority-mute",
];

/** Draws a one-way partition: some nodes receive nothing from the others, or send them nothing. */
export function drawOneWayPartition(
  kind: OneWayKind,
  nodeIds: readonly NodeId[],
  random: Random,
): Grudge {
  const shuffled = shuffle(random, nodeIds);
  const isOne = kind === "one-deaf" || kind === "one-mute";
  const some = new Set(shuffled.slice(0, isOne ? 1 : Math.floor(nodeIds.length / 2) + 1));
  const cut = split(shuffled, some.size);
  const isDeaf = kind === "one-deaf" || kind === "majority-deaf";
  return new Map([...cut].filter(([dest]) => some.has(dest) === isDeaf));
}

/** Separates some nodes from the others, in both directions. */
export function separate(nodeIds: readonly NodeId[], some: readonly NodeId[]): Grudge {
  const others = nodeIds.filter((id) => !some.includes(id));
  return split([...some, ...others], some.length);
}

/** Cuts the links from the others to some nodes, which are then deaf, or from these to the others. */
export function separateOneWay(
  nodeIds: readonly NodeId[],
  some: readonly NodeId[],
  isDeaf: boolean,
): Grudge {
  const cut = separate(nodeIds, some);
  return new Map([...cut].filter(([dest]) => some.includes(dest) === isDeaf));
}

/** Separates the first `count` nodes from the rest, in both directions. */
function split(nodeIds: readonly NodeId[], count: number): Grudge {
  const some = new Set(nodeIds.slice(0, count));
  const others = new Set(nodeIds.slice(count));
  if (some.size === 0 || others.size === 0) return new Map();
  return new Map(nodeIds.map((id) => [id, some.has(id) ? others : some]));
}

/**
 * Each node sees a majority, and no two nodes see the same one: each is the middle of a window of
 * neighbours in a ring, and blocks all others. With 3 nodes the cuts are one-way; with 2 there are
 * no cuts.
 */
function smallRing(ring: readonly NodeId[]): Grudge {
  const majority = Math.floor(ring.length / 2) + 1;
  const grudge = new Map<NodeId, ReadonlySet<NodeId>>();
  for (let start = 0; start < ring.length; start++) {
    const turned = [...ring.slice(start), ...ring.slice(0, start)];
    const middle = turned[Math.floor(majority / 2)];
    const refused = turned.slice(majority);
    if (middle !== undefined && refused.length > 0) grudge.set(middle, new Set(refused));
  }
  return grudge;
}

/**
 * The same for many nodes, where programs could guess a ring: links are added between the least
 * connected nodes until each sees a majority. All other links are cut, in both directions.
 */
function largeRing(nodeIds: readonly NodeId[], random: Random): Grudge {
  const majority = Math.floor(nodeIds.length / 2) + 1;
  const links = new Map(nodeIds.map((id) => [id, new Set([id])]));
  const degree = (id: NodeId) => links.get(id)?.size ?? 0;
  const leastConnected = (ids: readonly NodeId[]) => {
    const least = Math.min(...ids.map(degree));
    return pickOne(
      random,
      ids.filter((id) => degree(id) === least),
    );
  };

  for (;;) {
    const one = leastConnected(nodeIds);
    if (degree(one) >= majority) break;
    const other = leastConnected(nodeIds.filter((id) => !links.get(one)?.has(id)));
    links.get(one)?.add(other);
    links.get(other)?.add(one);
  }
  return new Map(
    nodeIds.map((id) => [id, new Set(nodeIds.filter((other) => !links.get(id)?.has(other)))]),
  );
}
