/**
 * Programs with one bug each that takes a rare order of events: a kill between two lines, a reply that is
 * overtaken, a lease that ends at the very moment of a read.
 *
 * Each file holds a program that is correct, and in it the line that is wrong in the broken variant.
 */
import type { SubtleCase } from "./case.ts";
import { SUBTLE_COUNTERS } from "./counters.ts";
import { SUBTLE_KAFKA } from "./kafka.ts";
import { SUBTLE_LIN_KV } from "./lin-kv.ts";
import { SUBTLE_PAXOS } from "./paxos.ts";
import { SUBTLE_RAFT } from "./raft.ts";
import { SUBTLE_SETS } from "./sets.ts";
import { SUBTLE_SNAPSHOTS } from "./snapshots.ts";
import { SUBTLE_TRANSACTIONS } from "./transactions.ts";
import { SUBTLE_UNIQUE_IDS } from "./unique-ids.ts";

export const SUBTLE: readonly SubtleCase[] = [
  ...SUBTLE_SETS,
  ...SUBTLE_COUNTERS,
  ...SUBTLE_UNIQUE_IDS,
  ...SUBTLE_LIN_KV,
  ...SUBTLE_RAFT,
  ...SUBTLE_PAXOS,
  ...SUBTLE_KAFKA,
  ...SUBTLE_TRANSACTIONS,
  ...SUBTLE_SNAPSHOTS,
];
