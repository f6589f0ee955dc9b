/**
 * The compiled counters, set and log, as processes that are cut off and killed: everything acknowledged
 * is there in the end. All of them run at once; simulations cover many seeds.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { DIST, vortex } from "../support/processes/vortex.ts";

setDefaultTimeout(60_000);

const PROGRAMS = ["g-counter", "pn-counter", "g-set", "kafka"];

const FLAGS =
  "--node-count 3 --concurrency 2n --rate 50 --time-limit 5 --nemesis partition,kill --nemesis-interval 1 --recovery 2 --seed 3 --no-store --json";

const runs = new Map(
  PROGRAMS.map((name) => [name, Promise.withResolvers<Awaited<ReturnType<typeof vortex>>>()]),
);

function startAll(): void {
  for (const [name, { resolve, reject }] of runs) {
    const args = ["test", "--bin", join(DIST, name), "-w", name, ...FLAGS.split(" ")];
    vortex(...args).then(resolve, reject);
  }
}

describe("A compiled program whose nodes are killed", () => {
  test.each(PROGRAMS)("loses nothing that it acknowledged: %s", async (name) => {
    if (name === PROGRAMS[0]) startAll();
    const { exitCode, stdout } = (await runs.get(name)?.promise) ?? {};
    const result = JSON.parse(stdout ?? "");
    expect(result.faults.kill).toBeGreaterThan(0);
    expect(result.valid).toBe(true);
    expect(exitCode).toBe(0);
  });
});
