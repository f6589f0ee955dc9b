import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../lib/vortex/index.ts";
import { describeFault } from "../../../../lib/workbench/nemesis/describe-fault.ts";
import {
  drawOneWayPartition,
  drawPartition,
  ONE_WAY_KINDS,
  PARTITION_KINDS,
} from "../../../../lib/workbench/nemesis/partition.ts";
import type { Grudge } from "../../../../lib/workbench/network/grudge.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";
import { nodeNames } from "../../../../lib/workbench/run/test-options.ts";

/** A partition as the history stores it: blocked sources by destination. */
function isolated(grudge: Grudge | Record<string, string[]>): Json {
  const entries = grudge instanceof Map ? [...grudge] : Object.entries(grudge);
  return ["isolated", Object.fromEntries(entries.map(([dest, sources]) => [dest, [...sources]]))];
}

describe("describeFault", () => {
  test("separates groups that cannot reach each other by a bar", () => {
    const grudge = { n2: ["n1", "n0"], n0: ["n2"], n1: ["n2"] };
    expect(describeFault(isolated(grudge))).toBe("n0 n1 | n2");
  });

  test("shows a link that is cut in one direction as an arrow", () => {
    expect(describeFault(isolated({ n1: ["n0"] }))).toBe("n0 → n1 cut");
  });

  test("joins senders and receivers of the same cut", () => {
    const grudge = { n10: ["n0", "n2"], n9: ["n2", "n0"] };
    expect(describeFault(isolated(grudge))).toBe("n0 n2 → n9 n10 cut");
  });

  test("lists each pair of a ring once", () => {
    const ring = {
      n0: ["n2", "n3"],
      n1: ["n3", "n4"],
      n2: ["n0", "n4"],
      n3: ["n0", "n1"],
      n4: ["n1", "n2"],
    };
    expect(describeFault(isolated(ring))).toBe("n0 ↔ n2 n3, n1 ↔ n3 n4, n2 ↔ n4 cut");
  });

  test("says that a partition of too few nodes cut nothing", () => {
    expect(describeFault(isolated({}))).toBe("no link cut: too few nodes");
  });

  test("names the nodes that were killed, and those that were paused", () => {
    expect(describeFault({ n10: "killed", n2: "killed" })).toBe("n2 n10 killed");
    expect(describeFault({})).toBe("no node");
  });

  test("returns other values as text", () => {
    expect(describeFault("majority")).toBe("majority");
    expect(describeFault("network-healed")).toBe("healed");
    expect(describeFault(null)).toBe("");
    expect(describeFault(["odd", 1])).toBe('["odd",1]');
  });

  test("describes every partition of one to nine nodes without JSON", () => {
    for (let count = 1; count <= 9; count++) {
      const nodeIds = nodeNames(count);
      const random = randomStream(count, "partitions");
      for (const grudge of [
        ...PARTITION_KINDS.map((kind) => drawPartition(kind, nodeIds, random)),
        ...ONE_WAY_KINDS.map((kind) => drawOneWayPartition(kind, nodeIds, random)),
      ]) {
        expect(describeFault(isolated(grudge))).toMatch(/^[n\d |]+$|^[n\d →↔,]+ cut$|^no link cut/);
      }
    }
  });
});
