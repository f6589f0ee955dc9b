/**
 * Faults: when they begin and end, and what they do.
 *
 * @see Maelstrom, `nemesis.clj`; Jepsen, `nemesis/combined.clj`
 */
import type { Json, NodeId, Random } from "../vortex/index.ts";
import { type Generator, type Invocation, inOrder, nemesis, stagger } from "./generator.ts";
import type { Grudge, Network } from "./network.ts";
import { drawPartition, PARTITION_KINDS, type PartitionKind } from "./partition.ts";
import { pickOne } from "./random.ts";

export const FAULTS = ["partition"] as const;
export type Fault = (typeof FAULTS)[number];

export interface Nemesis {
  /** What it does in the main phase: a fault begins at once, and ends and begins ever after. */
  readonly generator: Generator;
  /** Ends all faults. */
  readonly healing: Generator;
  /** Carries out what its generators say; returns what came of it. */
  invoke(invocation: Invocation): Promise<Json>;
  /** Ends all faults, without a record. */
  tearDown(): void;
}

export interface NemesisOptions {
  readonly network: Network;
  readonly nodeIds: readonly NodeId[];
  readonly random: Random;
  /** Mean time between two of its operations, in seconds: they are uniform in [0, 2 × mean). */
  readonly intervalS: number;
}

/** Cuts links between nodes. */
export function partitionNemesis(options: NemesisOptions): Nemesis {
  const { network, nodeIds, random, intervalS } = options;
  let isPartitioned = false;
  const alternate = (): Invocation => {
    isPartitioned = !isPartitioned;
    return isPartitioned
      ? { f: "start-partition", value: pickOne(random, PARTITION_KINDS) }
      : { f: "stop-partition", value: null };
  };

  return {
    generator: stagger(intervalS, random, nemesis(alternate)),
    healing: nemesis(inOrder([{ f: "stop-partition", value: null }])),
    async invoke({ f, value }) {
      if (f === "stop-partition") {
        network.heal();
        return "network-healed";
      }
      const grudge = drawPartition(value as PartitionKind, nodeIds, random); // Drawn by alternate.
      network.partition(grudge);
      return ["isolated", describeGrudge(grudge)];
    },
    tearDown: () => network.heal(),
  };
}

function describeGrudge(grudge: Grudge): Json {
  return Object.fromEntries([...grudge].map(([dest, refused]) => [dest, [...refused]]));
}
