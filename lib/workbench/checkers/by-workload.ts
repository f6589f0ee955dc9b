/** Assigns each workload its checker. */
import type { Checker } from "./checker.ts";
import { checkCounter } from "./counter/index.ts";
import { checkEcho } from "./echo.ts";
import { checkTxnListAppend } from "./elle/txn-list-append.ts";
import { checkTxnRwRegister } from "./elle/txn-rw-register.ts";
import { checkKafka } from "./kafka/index.ts";
import { checkLinearizable } from "./register/linearizable.ts";
import { checkSetFull } from "./set-full/index.ts";
import { checkUniqueIds } from "./unique-ids.ts";

export const CHECKERS = {
  broadcast: checkSetFull,
  echo: checkEcho,
  "g-counter": checkCounter,
  "g-set": checkSetFull,
  kafka: checkKafka,
  "lin-kv": checkLinearizable,
  "pn-counter": checkCounter,
  "txn-list-append": checkTxnListAppend,
  "txn-rw-register": checkTxnRwRegister,
  "unique-ids": checkUniqueIds,
} as const satisfies Record<string, Checker>;

/** The workloads whose histories can be checked. */
export type CheckedWorkload = keyof typeof CHECKERS;
export const CHECKED_WORKLOADS = Object.keys(CHECKERS) as readonly CheckedWorkload[];
