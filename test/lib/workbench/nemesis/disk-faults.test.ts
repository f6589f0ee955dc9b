import { describe, expect, test } from "bun:test";
import { selectNemeses } from "../../../../lib/workbench/nemesis/select.ts";
import { disk, type FaultPart, kill } from "../../../../lib/workload/index.ts";
import { onDisk, storedSet } from "../../../programs/on-disk.ts";
import { doneBy, nemesisOf, partsWith } from "../../../support/simulations/nemeses.ts";
import { runSimulated, type SimulatedOptions } from "../../../support/simulations/simulate.ts";
import { symptomsOf } from "../../../support/simulations/symptoms.ts";

/** Runs a set on the disk of one node under a fault named `own`. */
function run(fault: FaultPart, options: SimulatedOptions = {}) {
  const test = { timeLimitS: 30, rate: 20, nemesisIntervalS: 3, nemesis: ["own"], ...options };
  const parts = partsWith(nemesisOf("own", fault));
  return runSimulated("g-set", onDisk(storedSet), test, { parts });
}

/** The values of the nemesis's completions. */
function deeds({ history }: ReturnType<typeof run>): unknown[] {
  return doneBy(history).map(({ value }) => value);
}

describe("disk", () => {
  test("makes syncs slow, fail or wait, and heals them", () => {
    const done = deeds(run(disk(), { timeLimitS: 200 }));
    for (const did of [
      "syncs slowly",
      "has a full disk",
      "has a failed disk",
      "has a stalled disk",
    ])
      expect(done).toContainEqual({ n0: did });
    expect(done).toContain("disks-healed");
  });

  test("counts the syncs that it has affected", () => {
    expect(run(disk({ targets: ["one"] })).result.faults["own"]).toBeGreaterThan(10);
  });

  test("makes only the faults that it is given, on the nodes that it is given", () => {
    const part = disk({ faults: ["full"], targets: [() => "n1"] });
    const result = run(part, { nodeCount: 3 });
    expect(new Set(deeds(result).map((value) => JSON.stringify(value)))).toEqual(
      new Set(['{"n1":"has a full disk"}', '"disks-healed"']),
    );
  });

  test("makes requests fail while the disk does, and never after", () => {
    const { history } = run(disk({ faults: ["failed"], targets: ["one"] }));
    const completions = history.filter(({ type }) => type === "info" || type === "ok");
    expect(completions.some(({ process, type }) => process !== "nemesis" && type === "info")).toBe(
      true,
    );
    expect(completions.at(-1)).toMatchObject({ type: "ok", f: "read" });
  });

  test("says so when no node synced anything", () => {
    const { result } = runSimulated("g-set", onDisk(storedSet, { waits: () => false }), {
      ...{ timeLimitS: 10, rate: 20, nemesis: ["disk"] },
    });
    expect(result.warnings).toContainEqual({
      ...{ kind: "fault-without-effect", fault: "disk", reason: "hit-no-sync", nodeCount: 1 },
    });
  });

  test("refuses faults that it does not know", () => {
    const broken: readonly unknown[] = ["broken"];
    // As in JavaScript, which has no types.
    expect(() => disk({ faults: broken as [] })).toThrow(
      'Unknown fault "broken". Use slow, full, failed, stalled',
    );
    expect(() => disk({ faults: [] })).toThrow("faults is empty: name at least one");
  });
});

describe("kill", () => {
  test("loses nothing that was synced, unless the node loses its disk", () => {
    const keeping = run(kill({ targets: ["one"] }));
    expect(deeds(keeping)).toContainEqual({ n0: "killed" });
    expect(keeping.result.valid).toBe(true);
    const losing = run(kill({ targets: ["one"], losesDisk: true }));
    expect(deeds(losing)).toContainEqual({ n0: "killed without its disk" });
    expect(symptomsOf(losing.result)).toContain("lost");
  });
});

test("The fault disk is built in", () => {
  expect(selectNemeses(["disk"])).toMatchObject([{ name: "disk" }]);
});
