/** Faults of links between nodes. */
import type { Json } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import type { Grudge } from "../network/network.ts";
import type { FaultEnvironment, Injector } from "./injector.ts";
import { drawOneWayPartition, drawPartition, ONE_WAY_KINDS, PARTITION_KINDS } from "./partition.ts";

/** Cuts links in both directions, as Maelstrom's partitions do. */
export function partition(environment: FaultEnvironment): Injector {
  return linkFault("partition", PARTITION_KINDS, drawPartition, environment);
}

/** Cuts links in one direction: some nodes receive nothing from the others, or send them nothing. */
export function oneWayPartition(environment: FaultEnvironment): Injector {
  return linkFault("one-way-partition", ONE_WAY_KINDS, drawOneWayPartition, environment);
}

function linkFault<Kind extends string>(
  name: string,
  kinds: readonly Kind[],
  draw: (kind: Kind, ...rest: [FaultEnvironment["nodeIds"], FaultEnvironment["random"]]) => Grudge,
  { network, nodeIds, random }: FaultEnvironment,
): Injector {
  return {
    draw: () => pickOne(random, kinds),
    start(kind) {
      const grudge = draw(kind as Kind, nodeIds, random); // `draw` returned it.
      network.partition(name, grudge);
      return ["isolated", describeGrudge(grudge)];
    },
    async stop() {
      network.heal(name);
      return "network-healed";
    },
    get effectCount() {
      return network.effectCount(name);
    },
  };
}

function describeGrudge(grudge: Grudge): Json {
  return Object.fromEntries([...grudge].map(([dest, refused]) => [dest, [...refused]]));
}
