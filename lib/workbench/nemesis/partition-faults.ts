/** Faults of links between nodes. */
import type { Json, NodeId } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import { linkName, parseLink } from "../decisions.ts";
import type { Grudge } from "../network/grudge.ts";
import type { FaultPart, Injector, NemesisTest } from "./definition.ts";
import {
  drawOneWayPartition,
  drawPartition,
  ONE_WAY_KINDS,
  type OneWayKind,
  PARTITION_KINDS,
  type PartitionKind,
  separate,
  separateOneWay,
} from "./partition.ts";
import { namedTargets, type PickNodes, pickNodes } from "./targets.ts";

/** Options of {@link partition}. */
export interface PartitionOptions {
  /**
   * Kinds of partitions, and functions that pick the nodes of one side; each start draws one of these.
   * Defaults to all four kinds.
   */
  readonly targets?: readonly (PartitionKind | PickNodes)[];
}

/** Cuts links in both directions, as Maelstrom's partitions do. */
export function partition({ targets = PARTITION_KINDS }: PartitionOptions = {}): FaultPart {
  const named = namedTargets(targets, PARTITION_KINDS, partition);
  return linkFault([...named.keys()], (name, test) => {
    const target = named.get(name) ?? "one"; // `draw` returned the name.
    return typeof target === "function"
      ? pickNodes(target, test).then((nodes) => choose(test, () => separate(test.nodes, nodes)))
      : choose(test, () => drawPartition(target, test.nodes, test.random));
  });
}

/** Options of {@link oneWayPartition}. */
export interface OneWayPartitionOptions {
  /**
   * Kinds of partitions, and functions that pick nodes, which are then deaf or mute: a function
   * `leader` gives the kinds `leader-deaf` and `leader-mute`. Each start draws one of these. Defaults
   * to all four kinds.
   */
  readonly targets?: readonly (OneWayKind | PickNodes)[];
}

/** Cuts links in one direction: some nodes receive nothing from the others, or send them nothing. */
export function oneWayPartition({
  targets = ONE_WAY_KINDS,
}: OneWayPartitionOptions = {}): FaultPart {
  const named = namedTargets(targets, ONE_WAY_KINDS, oneWayPartition);
  const draws = new Map<string, (test: NemesisTest) => Grudge | Promise<Grudge>>();
  for (const [name, target] of named) {
    if (typeof target !== "function") {
      draws.set(name, (test) =>
        choose(test, () => drawOneWayPartition(target, test.nodes, test.random)),
      );
      continue;
    }
    const separated = async (test: NemesisTest, isDeaf: boolean) => {
      const nodes = await pickNodes(target, test);
      return choose(test, () => separateOneWay(test.nodes, nodes, isDeaf));
    };
    draws.set(`${name}-deaf`, (test) => separated(test, true));
    draws.set(`${name}-mute`, (test) => separated(test, false));
  }
  // `draw` returned the name, or decisions have it from a run with other targets.
  return linkFault(
    [...draws.keys()],
    (name, test) => draws.get(name)?.(test) ?? choose(test, () => new Map()),
  );
}

/** Draws the links to cut, unless decisions name others. */
function choose(test: NemesisTest, draw: () => Grudge): Grudge {
  const links = test.choose(() =>
    [...draw()].flatMap(([dest, refused]) => [...refused].map((src) => linkName(src, dest))),
  );
  const grudge = new Map<NodeId, Set<NodeId>>();
  for (const link of links) {
    const [src = "", dest = ""] = parseLink(link) ?? [];
    if (!test.nodes.includes(src) || !test.nodes.includes(dest)) continue;
    grudge.getOrInsertComputed(dest, () => new Set()).add(src);
  }
  return grudge;
}

function linkFault(
  names: readonly string[],
  draw: (name: string, test: NemesisTest) => Grudge | Promise<Grudge>,
): FaultPart {
  return (test): Injector => {
    const cuts = test.cuts();
    const cut = (grudge: Grudge): Json => {
      cuts.set(grudge);
      return ["isolated", describeGrudge(grudge)];
    };
    return {
      draw: () => pickOne(test.random, names),
      start(name) {
        const grudge = draw(String(name), test);
        return grudge instanceof Promise ? grudge.then(cut) : cut(grudge);
      },
      stop() {
        cuts.heal();
        return "network-healed";
      },
      get effectCount() {
        return cuts.count;
      },
    };
  };
}

function describeGrudge(grudge: Grudge): Json {
  return Object.fromEntries([...grudge].map(([dest, refused]) => [dest, [...refused]]));
}
