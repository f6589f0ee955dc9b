/** Faults that cut links between nodes. */
import type { Json } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import type { Grudge } from "../network/network.ts";
import type { FaultEnvironment, Injector } from "./injector.ts";
import { drawOneWayPartition, drawPartition, ONE_WAY_KINDS, PARTITION_KINDS } from "./partition.ts";

/** Maelstrom's partitions. */
export function partition(environment: FaultEnvironment): Injector {
  return linkFault("partition", PARTITION_KINDS, drawPartition, environment);
}

/** Nodes hear the others, which do not hear them; or the other way round. */
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
      const grudge = draw(kind as Kind, nodeIds, random); // Drawn above.
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
