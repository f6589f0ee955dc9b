/** Faults of disks. */
import type { Json, NodeId } from "../../vortex/index.ts";
import { pickOne } from "../../vortex/random.ts";
import { DISK_FAULTS, type DiskFault } from "../clusters/simulated-disks.ts";
import { type FaultPart, type Injector, InvalidNemesis } from "./definition.ts";
import { affectTarget, namedTargets, RANDOM_TARGETS, type Target } from "./targets.ts";

/** Options of {@link disk}. */
export interface DiskFaultOptions {
  /** The faults of syncs; each start draws one of these. Defaults to all four. */
  readonly faults?: readonly DiskFault[];
  /** The nodes; each start draws one of these. Defaults to all four random ones. */
  readonly targets?: readonly Target[];
}

/**
 * Makes the syncs of disks slow (up to 200 ms), fail because the disk is full or has failed, or wait
 * until the fault stops. In simulations only.
 */
export function disk(options: DiskFaultOptions = {}): FaultPart {
  const { faults = DISK_FAULTS, targets = RANDOM_TARGETS } = options;
  const unknown = faults.find((fault) => !DISK_FAULTS.includes(fault));
  if (unknown !== undefined) {
    throw new InvalidNemesis(`Unknown fault "${unknown}". Use ${DISK_FAULTS.join(", ")}`, disk);
  }
  if (faults.length === 0) throw new InvalidNemesis("faults is empty: name at least one", disk);
  const named = namedTargets(targets, RANDOM_TARGETS, disk);
  return (test): Injector => {
    const control = test.diskFault();
    const affect = (fault: DiskFault, nodes: readonly NodeId[]): Json => {
      for (const node of nodes) control.set(node, fault);
      return Object.fromEntries(nodes.map((node) => [node, DEEDS[fault]]));
    };
    return {
      draw: () => [pickOne(test.random, faults), pickOne(test.random, [...named.keys()])],
      start(drawn) {
        const [fault, name] = drawn as [DiskFault, string]; // `draw` returned it.
        return affectTarget(named, name, test, (nodes) => affect(fault, nodes));
      },
      stop() {
        control.heal();
        return "disks-healed";
      },
      get effectCount() {
        return control.count;
      },
    };
  };
}

const DEEDS = {
  slow: "syncs slowly",
  full: "has a full disk",
  failed: "has a failed disk",
  stalled: "has a stalled disk",
} as const satisfies Record<DiskFault, string>;
