import type { KVNode } from "../../lib/vortex/index.ts";
import { gSet, type SetOptions } from "../programs/g-set.ts";
import { type BrokenCase, CALM } from "./case.ts";
import { dropping, withReplies } from "./intercept.ts";

const merging = (merge: SetOptions["merge"] & object) => (node: KVNode) => gSet(node, { merge });

export const BROKEN_G_SET: readonly BrokenCase[] = [
  {
    wrong: "ignores what the others tell",
    workload: "g-set",
    program: merging((mine) => new Set(mine)),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    wrong: "takes the larger of two sets, not their union",
    workload: "g-set",
    program: merging((mine, theirs) => new Set(theirs.size > mine.size ? theirs : mine)),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    wrong: "replaces its elements by those that it hears of last",
    workload: "g-set",
    program: merging((_mine, theirs) => new Set(theirs)),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    wrong: "acknowledges every 20th element without adding it",
    workload: "g-set",
    program: dropping(gSet, { type: "add", nth: 20 }),
    options: CALM,
    shows: "lost",
    withinSeeds: 1,
  },
  {
    wrong: "answers reads with an object",
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
