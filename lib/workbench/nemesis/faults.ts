/** The faults that `--nemesis` names. */
import { defineNemesis, type NemesisDefinition } from "./definition.ts";
import { disk } from "./disk-faults.ts";
import { duplicate, loss, slow } from "./message-faults.ts";
import { oneWayPartition, partition } from "./partition-faults.ts";
import { kill, pause } from "./process-faults.ts";

export const BUILT_IN = {
  partition: defineNemesis({
    doc: "Splits the nodes; messages between the parts are dropped.",
    fault: partition(),
  }),
  "one-way-partition": defineNemesis({
    doc: "Drops messages in one direction only.",
    fault: oneWayPartition(),
  }),
  kill: defineNemesis({
    doc: "Kills nodes with SIGKILL and restarts them, without what they have not synced.",
    fault: kill(),
  }),
  pause: defineNemesis({ doc: "Stops nodes with SIGSTOP and resumes them.", fault: pause() }),
  loss: defineNemesis({ doc: "Drops half of the messages between nodes.", fault: loss() }),
  duplicate: defineNemesis({
    doc: "Delivers half of the messages between nodes twice.",
    fault: duplicate(),
  }),
  slow: defineNemesis({
    doc: "Multiplies the latency between servers by ten, to 100 ms at least.",
    fault: slow(),
  }),
  disk: defineNemesis({
    doc: "Makes the syncs of simulated disks slow, fail or wait.",
    fault: disk(),
  }),
} as const satisfies Record<string, NemesisDefinition>;

/** The name of a built-in fault. */
export type Fault = keyof typeof BUILT_IN;
export const FAULTS = Object.keys(BUILT_IN) as readonly Fault[];
/** The faults of messages and processes, which need no simulation. */
export const REAL_FAULTS: readonly Fault[] = FAULTS.filter((fault) => fault !== "disk");

export function isFault(name: string): name is Fault {
  return Object.hasOwn(BUILT_IN, name);
}

/** How often each fault took effect, by its name: that of a built-in fault, or of a user's. */
export interface FaultCounts extends Readonly<Partial<Record<Fault, number>>> {
  readonly [name: string]: number;
}
