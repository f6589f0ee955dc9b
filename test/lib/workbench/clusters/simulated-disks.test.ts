import { describe, expect, test } from "bun:test";
import { type Disk, isStorageError } from "../../../../lib/vortex/index.ts";
import { Scheduler } from "../../../../lib/workbench/clusters/scheduler.ts";
import {
  type DiskFault,
  SimulatedDisks,
} from "../../../../lib/workbench/clusters/simulated-disks.ts";
import { randomStream } from "../../../../lib/workbench/random.ts";

/** The disks of a simulation, with its log. */
function simulation(seed = 1) {
  const scheduler = new Scheduler();
  const logged: string[] = [];
  const disks = new SimulatedDisks({
    clock: scheduler,
    randomOf: (name) => randomStream(seed, name),
    onLog: (node, text) => void logged.push(`${node}: ${text}`),
  });
  /** Makes a fault, and returns how many syncs it has affected. */
  const setFault = (node: string, kind: DiskFault) => {
    let count = 0;
    disks.setFault(node, kind, () => count++);
    return () => count;
  };
  const open = (node = "n0") => disks.open(node, (task) => task());
  /** Runs a sync, and returns how long it took, in ms, and its error. */
  const sync = (disk: Disk) => {
    const beganMs = scheduler.nowMs();
    const error = scheduler.run(disk.sync().catch((reason: unknown) => reason));
    return { ms: scheduler.nowMs() - beganMs, error };
  };
  return { scheduler, disks, logged, setFault, open, sync };
}

/** Appends records and crashes; returns what is left, and whether a record was torn. */
function crashed(seed: number, records: readonly string[]) {
  const { disks, open, logged } = simulation(seed);
  const disk = open();
  for (const record of records) disk.append(record);
  disks.crash("n0");
  const left = open().readAll();
  return {
    left,
    isTorn: logged.some((text) => text.endsWith("cut an incomplete record at the end")),
  };
}

const SEEDS = Array.from({ length: 200 }, (_, index) => index + 1);

describe("The disk of a simulated node", () => {
  test("keeps what was synced when the node is killed", () => {
    const { disks, open, sync, logged } = simulation();
    const disk = open();
    disk.append("1");
    disk.append("2");
    sync(disk);
    disks.crash("n0");
    expect(open().readAll()).toEqual(["1", "2"]);
    expect(logged).toEqual(["n0: Found 2 records on the disk"]);
  });

  test("keeps any beginning of what was not synced, by the seed", () => {
    const records = ["1", "2", "3"];
    const lengths = new Map<number, number>();
    for (const seed of SEEDS) {
      const { left } = crashed(seed, records);
      expect([...left]).toEqual(records.slice(0, left.length));
      lengths.set(left.length, (lengths.get(left.length) ?? 0) + 1);
    }
    expect([...lengths.keys()].sort()).toEqual([0, 1, 2, 3]);
    // A third of the kills each lose everything and nothing.
    expect(lengths.get(0)).toBeGreaterThan(SEEDS.length / 4);
    expect(lengths.get(3)).toBeGreaterThan(SEEDS.length / 4);
  });

  test("may have a torn record at its end, which is cut", () => {
    const outcomes = SEEDS.map((seed) => crashed(seed, ["1", "2"]));
    expect(outcomes.some(({ isTorn }) => isTorn)).toBe(true);
    expect(outcomes.some(({ left, isTorn }) => left.length === 2 && isTorn)).toBe(false);
  });

  test("has the old log or the new one after a kill that interrupts a replacement", () => {
    const found = SEEDS.map((seed) => {
      const { disks, open, sync } = simulation(seed);
      const disk = open();
      disk.append("1");
      disk.append("2");
      sync(disk);
      disk.replace(["3"]);
      disks.crash("n0");
      return open().readAll().join();
    });
    expect(new Set(found)).toEqual(new Set(["1,2", "3"]));
  });

  test("is the same for the same seed", () => {
    for (const seed of SEEDS.slice(0, 20)) {
      expect(crashed(seed, ["1", "2"])).toEqual(crashed(seed, ["1", "2"]));
    }
  });

  test("takes a fraction of a millisecond for a sync, and rarely up to 10 ms", () => {
    const { open, sync } = simulation();
    const disk = open();
    const times = Array.from({ length: 2000 }, () => {
      disk.append("1");
      return sync(disk).ms;
    }).sort((one, other) => one - other);
    expect(times[0]).toBeGreaterThanOrEqual(0.15);
    expect(times[1000]).toBeWithin(0.2, 0.3);
    expect(times[1960]).toBeLessThan(1);
    expect(times[1999]).toBeWithin(5, 10);
  });

  test("takes no time when nothing waits for a sync", () => {
    const { open, sync } = simulation();
    expect(sync(open())).toEqual({ ms: 0, error: undefined });
  });

  test.each(["full", "failed"] as const)("fails syncs while it is %s, and recovers", (fault) => {
    const { disks, open, setFault, sync } = simulation();
    const disk = open();
    const affectedCount = setFault("n0", fault);
    disk.append("1");
    expect(isStorageError(sync(disk).error, fault)).toBe(true);
    disks.heal("n0");
    disk.append("2");
    expect(sync(disk).error).toBeUndefined();
    disks.crash("n0");
    expect(open().readAll()).toEqual(["1", "2"]);
    expect(affectedCount()).toBe(1);
  });

  test("makes syncs slow", () => {
    const { open, setFault, sync } = simulation();
    const disk = open();
    setFault("n0", "slow");
    const times = Array.from({ length: 100 }, () => {
      disk.append("1");
      return sync(disk).ms;
    });
    expect(Math.max(...times)).toBeWithin(150, 200);
  });

  test("ends stalled syncs only when the fault ends", () => {
    const { scheduler, disks, open, setFault } = simulation();
    const disk = open();
    setFault("n0", "stalled");
    disk.append("1");
    const synced = disk.sync();
    scheduler.after(5000, () => disks.heal("n0"));
    scheduler.run(synced);
    expect(scheduler.nowMs()).toBeWithin(5000, 5010);
  });

  test("is not affected by the fault of another node's", () => {
    const { open, setFault, sync } = simulation();
    const affectedCount = setFault("n1", "full");
    const disk = open("n0");
    disk.append("1");
    expect(sync(disk).error).toBeUndefined();
    expect(affectedCount()).toBe(0);
  });

  test("is empty after it was lost", () => {
    const { disks, open, sync } = simulation();
    const disk = open();
    disk.append("1");
    sync(disk);
    disks.crash("n0");
    disks.erase("n0");
    expect(open().readAll()).toEqual([]);
  });
});
