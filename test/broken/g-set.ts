/** Broken programs for g-set. */
import type { KVNode } from "../../lib/vortex/index.ts";
import { gSet, type SetOptions } from "../programs/g-set.ts";
import { type BrokenCase, CALM } from "./case.ts";
import { dropping, withReplies } from "./intercept.ts";

const merging = (merge: SetOptions["merge"] & object) => (node: KVNode) => gSet(node, { merge });

export const BROKEN_G_SET: readonly BrokenCase[] = [
  {
    bug: "ignores the state of other nodes",
    workload: "g-set",
    // The merge drops what it receives.
    program: merging((mine) => new Set(mine)),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "keeps the larger of two sets instead of their union",
    workload: "g-set",
    // Elements that only the smaller set contains are dropped.
    program: merging((mine, theirs) => new Set(theirs.size > mine.size ? theirs : mine)),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "replaces its elements with those it receives",
    workload: "g-set",
    // Its own elements are dropped if the sender did not have them yet.
    program: merging((_mine, theirs) => new Set(theirs)),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "acknowledges every 20th element without adding it",
    workload: "g-set",
    program: dropping(gSet, { type: "add", nth: 20 }),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    bug: "returns an object instead of an array",
    workload: "g-set",
    program: withReplies(gSet, "read_ok", () => (body) => ({
      ...body,
      value: { ...(body["value"] as number[]) },
    })),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
