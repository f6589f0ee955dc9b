/** All faults, by their names on the command line. Maelstrom has the first one only. */
import type { FaultEnvironment, Injector } from "./injector.ts";
import { duplicate, loss, slow } from "./message-faults.ts";
import { oneWayPartition, partition } from "./partition-faults.ts";
import { kill, pause } from "./process-faults.ts";

export const INJECTORS = {
  partition,
  "one-way-partition": oneWayPartition,
  kill,
  pause,
  loss,
  duplicate,
  slow,
} as const satisfies Record<string, (environment: FaultEnvironment) => Injector>;

export type Fault = keyof typeof INJECTORS;
export const FAULTS = Object.keys(INJECTORS) as readonly Fault[];
