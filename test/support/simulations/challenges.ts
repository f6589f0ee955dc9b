/** The programs of the challenges, by file name. */
import { broadcast } from "../../../challenges/broadcast.ts";
import { echo } from "../../../challenges/echo.ts";
import { gCounter } from "../../../challenges/g-counter.ts";
import { gSet } from "../../../challenges/g-set.ts";
import { kafka } from "../../../challenges/kafka.ts";
import { pnCounter } from "../../../challenges/pn-counter.ts";
import { txnRwRegister } from "../../../challenges/txn-rw-register.ts";
import { uniqueIds } from "../../../challenges/unique-ids.ts";
import type { AnyProgram } from "../../../lib/workbench/clusters/simulated-cluster.ts";

export const CHALLENGES: Readonly<Record<string, AnyProgram>> = {
  broadcast,
  echo,
  "g-counter": gCounter,
  "g-set": gSet,
  kafka,
  "pn-counter": pnCounter,
  "txn-rw-register": txnRwRegister,
  "unique-ids": uniqueIds,
};

export function challenge(name: string): AnyProgram {
  const program = CHALLENGES[name];
  if (program === undefined) throw new Error(`Unknown challenge "${name}"`);
  return program;
}
