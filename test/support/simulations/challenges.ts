/** The programs of the challenges, by file name. */
import { broadcast } from "../../../challenges/broadcast.ts";
import { echo } from "../../../challenges/echo.ts";
import { gCounter } from "../../../challenges/g-counter.ts";
import { gSet } from "../../../challenges/g-set.ts";
import { kafka } from "../../../challenges/kafka.ts";
import { linKv } from "../../../challenges/lin-kv.ts";
import { pnCounter } from "../../../challenges/pn-counter.ts";
import { txnListAppend } from "../../../challenges/txn-list-append.ts";
import { txnRwRegister } from "../../../challenges/txn-rw-register.ts";
import { uniqueIds } from "../../../challenges/unique-ids.ts";
import type { AnyProgram, Program } from "../../../lib/vortex/index.ts";

export const CHALLENGES: Readonly<Record<string, AnyProgram>> = {
  broadcast,
  echo,
  "g-counter": gCounter,
  "g-set": gSet,
  kafka,
  "lin-kv": linKv,
  "pn-counter": pnCounter,
  "txn-list-append": txnListAppend,
  "txn-rw-register": txnRwRegister,
  "unique-ids": uniqueIds,
};

export function challenge(name: string): Program {
  const program = CHALLENGES[name];
  if (program === undefined) throw new Error(`Unknown challenge "${name}"`);
  return program as Program; // Its own schema parses its options.
}
