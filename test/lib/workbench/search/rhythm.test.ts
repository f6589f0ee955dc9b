import { describe, expect, test } from "bun:test";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import { explore } from "../../../../lib/workbench/search/explore.ts";
import { broadcast } from "../../../programs/broadcast.ts";
import { runSimulated, testOptionsOf } from "../../../support/simulations/simulate.ts";

const NODES = 5;

/** The starts and stops of kills of a run, with what they did. */
function killsOf(seed: number, nemesis = ["kill"]): readonly Operation[] {
  const given = testOptionsOf("broadcast", {
    ...{ nodeCount: NODES, concurrency: NODES, rate: 1, timeLimitS: 30 },
    ...{ nemesis, nemesisIntervalS: 1 },
  });
  const { options, parts } = explore({ ...given, seed, search: ["adaptive"] });
  const { history } = runSimulated("broadcast", broadcast, options, { parts });
  return history.filter(({ process, f }) => process === "nemesis" && f.endsWith("-kill"));
}

const RUNS = Array.from({ length: 30 }, (_, seed) => killsOf(seed));

describe("Adaptive faults", () => {
  test("hit the same few nodes in some runs, and every node in others", () => {
    const counts = RUNS.map((kills) => {
      const nodes = kills.flatMap(({ value }) => Object.keys(Object(value)));
      return new Set(nodes.filter((node) => /^n\d$/.test(node))).size;
    });
    expect(Math.min(...counts)).toBe(1);
    expect(Math.max(...counts)).toBe(NODES);
  });

  test("have few targets within eight starts in some runs, and many in others", () => {
    const counts = RUNS.flatMap((kills) => {
      const targets = kills.flatMap(({ f, value }) =>
        f === "start-kill" && typeof value === "string" ? [value] : [],
      );
      return targets.length < 16 ? [] : [new Set(targets.slice(0, 8)).size];
    });
    expect(counts.filter((count) => count <= 3).length).toBeGreaterThan(1);
    expect(counts.filter((count) => count > 4).length).toBeGreaterThan(1);
  });

  test("start up to three times in some runs, and often in others", () => {
    const counts = RUNS.map((kills) => kills.filter(({ f }) => f === "start-kill").length / 2);
    expect(counts.filter((count) => count <= 3).length).toBeWithin(4, 20);
    expect(Math.max(...counts)).toBeGreaterThan(15);
  });

  test("draw the same targets when another fault joins them", () => {
    const drawnOf = (kills: readonly Operation[]) =>
      kills
        .filter(({ f }, index) => f === "start-kill" && index % 2 === 0)
        .map(({ value }) => value);
    for (const [seed, kills] of RUNS.slice(0, 6).entries()) {
      const alone = drawnOf(kills);
      const joined = drawnOf(killsOf(seed, ["kill", "loss"]));
      const length = Math.min(alone.length, joined.length);
      expect(length).toBeGreaterThan(0);
      expect(joined.slice(0, length)).toEqual(alone.slice(0, length));
    }
  });

  test("alternate between a start and a stop", () => {
    for (const kills of RUNS) {
      for (const [index, { f }] of kills.entries()) {
        // Each operation has two entries; the healing at the end is one more stop.
        if (index < kills.length - 2) expect(f).toBe(index % 4 < 2 ? "start-kill" : "stop-kill");
      }
    }
  });
});
