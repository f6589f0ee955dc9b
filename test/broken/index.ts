/**
 * Programs with one bug each, which the workbench must detect.
 *
 * A case names the bug, holds the program with it, and names the anomaly that results. Most are a
 * correct program of `test/programs` with one part replaced: the faulty line is in the case itself or
 * in a function above it, under a comment that explains how it leads to the anomaly.
 */
import { BROKEN_BROADCAST } from "./broadcast.ts";
import type { BrokenCase } from "./case.ts";
import { BROKEN_COUNTERS } from "./counters.ts";
import { BROKEN_ECHO } from "./echo.ts";
import { BROKEN_G_SET } from "./g-set.ts";
import { BROKEN_KAFKA } from "./kafka.ts";
import { BROKEN_LIN_KV } from "./lin-kv.ts";
import { BROKEN_LIVENESS } from "./liveness.ts";
import { BROKEN_ON_DISK } from "./on-disk.ts";
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
  ...BROKEN_ON_DISK,
  ...BROKEN_LIVENESS,
];
