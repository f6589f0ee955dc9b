/**
 * `SEEDS=1000 bun test test/broken/raft.test.ts` looks for each bug from seed 1 on; by default, the search
 * begins at the seed that is known to show it.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { loadMutatedRaft } from "../support/mutated-raft.ts";
import { RAFT_BUGS, type RaftBug, SETTINGS } from "./raft.ts";

setDefaultTimeout(3_600_000);

const { SEEDS } = process.env;
/** A change of Raft or of the simulation may move the seeds. */
const MORE_SEEDS = 20;

describe("Raft under faults", () => {
  test.each(RAFT_BUGS)("that $bug is detected: $shows", async (bug) => {
    const problems: string[] = [];
    const raft = await loadMutatedRaft([...replacementsOf(bug.setting), ...bug.replacements]);
    const [first, last] =
      SEEDS === undefined ? [bug.seed, bug.seed + MORE_SEEDS] : [1, Number(SEEDS)];
    for (let seed = first; seed <= last; seed++) {
      const problem = SETTINGS[bug.setting].problemOf(raft, seed);
      if (problem === undefined) continue;
      problems.push(`seed ${seed}: ${problem}`);
      if (!problem.includes(bug.shows)) continue;
      if (SEEDS !== undefined) expect(seed).toBe(bug.seed);
      return;
    }
    throw new Error(`No "${bug.shows}" from seed ${first} to ${last}. ${problems.join("\n")}`);
  });

  test("is documented with each bug", async () => {
    const text = await Bun.file(join(import.meta.dir, "../../docs/raft.md")).text();
    const rows = RAFT_BUGS.map(
      ({ bug, setting, shows, seed }) => `| ${bug} | ${setting} | ${shows} | ${seed} |`,
    );
    expect(rows.filter((row) => !text.includes(row))).toEqual([]);
  });

  test.each(Object.keys(SETTINGS) as RaftBug["setting"][])(
    "without a bug is correct: %s",
    async (setting) => {
      const raft = await loadMutatedRaft(replacementsOf(setting));
      const seeds = RAFT_BUGS.filter((bug) => bug.setting === setting).map(({ seed }) => seed);
      for (const seed of new Set(seeds)) {
        const problem = SETTINGS[setting].problemOf(raft, seed);
        expect(`seed ${seed}: ${problem}`).toBe(`seed ${seed}: undefined`);
      }
    },
  );
});

function replacementsOf(setting: RaftBug["setting"]) {
  return SETTINGS[setting].replacements ?? [];
}
