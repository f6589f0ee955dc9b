/** Broken programs that store their state on a disk. */
import { errorReply } from "../programs/machine.ts";
import { onDisk, storedKeyValue, storedSet } from "../programs/on-disk.ts";
import type { SimulatedOptions } from "../support/simulations/simulate.ts";
import { type BrokenCase, DEADLY } from "./case.ts";

/** One node, killed and restarted. */
const KILLED: SimulatedOptions = { ...DEADLY, nodeCount: 1 };
/** Its disk is slow, stalls and fails. */
const FAILING: SimulatedOptions = { ...KILLED, nemesis: ["kill", "disk"] };

export const BROKEN_ON_DISK: readonly BrokenCase[] = [
  {
    bug: "acknowledges elements and never syncs them",
    workload: "g-set",
    program: onDisk(storedSet, { waits: () => false }),
    options: KILLED,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "acknowledges elements that the next read syncs",
    workload: "g-set",
    // A kill before that read loses them.
    program: onDisk(storedSet, { waits: (type) => type === "read" }),
    options: FAILING,
    shows: "lost",
    withinSeeds: 10,
  },
  {
    bug: "lets reads return elements that are not synced",
    workload: "g-set",
    // A read has returned an element that a kill loses.
    program: onDisk(storedSet, { waits: (type) => type !== "read" }),
    options: FAILING,
    shows: "lost",
    withinSeeds: 10,
  },
  {
    bug: "acknowledges an element whose sync has failed",
    workload: "g-set",
    // A kill before the next sync loses it.
    program: onDisk(storedSet, { onFailedSync: (reply) => reply }),
    options: FAILING,
    shows: "lost",
    withinSeeds: 10,
  },
  {
    bug: "replaces the log by a snapshot without the last element",
    workload: "g-set",
    program: onDisk(storedSet, { snapshotsEarly: true }),
    options: KILLED,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "replies with a definite error when a sync fails",
    workload: "lin-kv",
    // The change is applied, and stored with the next sync.
    program: onDisk(storedKeyValue, {
      onFailedSync: () => errorReply("temporarily-unavailable", "The disk is full"),
    }),
    options: FAILING,
    shows: "not linearizable",
    withinSeeds: 2,
  },
];
