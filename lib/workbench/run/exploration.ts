/** Changes that a search makes to a simulation, beside its options. */
import type { Clock, NodeId } from "../../vortex/index.ts";
import type { NamedNemesis } from "../nemesis/definition.ts";
import type { DeliveryOrder } from "../network/delivery.ts";
import type { JournalEvent } from "../network/journal.ts";

export interface Exploration {
  /** The order of messages between servers, in place of latencies. */
  readonly order?: DeliveryOrder;
  /** Returns the clock of the nodes, whose timers may be late. */
  readonly timers?: (clock: Clock) => Clock;
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
