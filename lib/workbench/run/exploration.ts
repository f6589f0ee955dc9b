/** Changes that a search makes to a simulation, beside its options. */
import type { Clock, NodeId, Random } from "../../vortex/index.ts";
import type { Generator } from "../clients/generator.ts";
import type { NamedNemesis } from "../nemesis/definition.ts";
import type { DeliveryOrder } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";

/**
 * Spaces the operations of clients.
 *
 * @param meanS Mean time between two of them, in s.
 * @param random The stream from which that time is drawn without a search.
 */
export type Pace = (meanS: number, random: Random, operations: Generator) => Generator;

export interface Exploration {
  /** The order of messages between servers, in place of latencies. */
  readonly order?: DeliveryOrder;
  /** Returns the clock of the nodes, whose timers may be late. */
  readonly timers?: (clock: Clock) => Clock;
  readonly pace?: Pace;
  /**
   * Returns what takes the place of a nemesis.
   *
   * @param isReplayed Whether decisions say when it acts, and on what.
   */
  readonly nemesis?: (nemesis: NamedNemesis, isReplayed?: boolean) => NamedNemesis;
  readonly onMessage?: (event: JournalEvent) => void;
  /** Called when a node begins to sync its disk, and when the sync has ended. */
  readonly onSync?: (node: NodeId, hasEnded: boolean) => void;
}
