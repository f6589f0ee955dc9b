/** Programs that are wrong in one way each: what the workbench must find out. */
import { BROKEN_BROADCAST } from "./broadcast.ts";
import type { BrokenCase } from "./case.ts";
import { BROKEN_COUNTERS } from "./counters.ts";
import { BROKEN_ECHO } from "./echo.ts";
import { BROKEN_G_SET } from "./g-set.ts";
import { BROKEN_KAFKA } from "./kafka.ts";
import { BROKEN_LIN_KV } from "./lin-kv.ts";
import { BROKEN_LIST_APPEND } from "./txn-list-append.ts";
import { BROKEN_TXN_REPLICATION } from "./txn-replication.ts";
import { BROKEN_RW_REGISTER } from "./txn-rw-register.ts";
import { BROKEN_UNIQUE_IDS } from "./unique-ids.ts";

export const BROKEN: readonly BrokenCase[] = [
  ...BROKEN_ECHO,
  ...BROKEN_UNIQUE_IDS,
  ...BROKEN_BROADCAST,
  ...BROKEN_G_SET,
  ...BROKEN_COUNTERS,
  ...BROKEN_LIN_KV,
  ...BROKEN_KAFKA,
  ...BROKEN_RW_REGISTER,
  ...BROKEN_TXN_REPLICATION,
  ...BROKEN_LIST_APPEND,
];
