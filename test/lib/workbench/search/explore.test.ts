import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { type Node, RpcError } from "../../../../lib/vortex/index.ts";
import type { Decisions } from "../../../../lib/workbench/decisions.ts";
import { FAULTS } from "../../../../lib/workbench/nemesis/faults.ts";
import { STRATEGIES, type Strategy } from "../../../../lib/workbench/run/test-options.ts";
import { explore } from "../../../../lib/workbench/search/explore.ts";
import { broadcast } from "../../../programs/broadcast.ts";
import { onDisk, storedSet } from "../../../programs/on-disk.ts";
import { runSimulated, testOptionsOf } from "../../../support/simulations/simulate.ts";

const given = testOptionsOf("broadcast", {
  nodeCount: 3,
  rate: 20,
  timeLimitS: 5,
  nemesis: ["partition", "loss"],
  nemesisIntervalS: 1,
});

function simulated(search: readonly Strategy[], seed: number) {
  const { options, parts } = explore({ ...given, seed, search });
  const { result, history, messages } = runSimulated("broadcast", broadcast, options, { parts });
  return { valid: result.valid, bytes: JSON.stringify([history, messages]) };
}

describe("explore", () => {
  test("returns a test without strategies as it is", () => {
    expect(explore(given)).toEqual({ options: given, parts: {} });
    expect(simulated([], 1).bytes).toBe(
      JSON.stringify(Object.values(runSimulated("broadcast", broadcast, given)).slice(1)),
    );
  });

  test.each(STRATEGIES)("gives the same seed the same messages to the byte: %s", (strategy) => {
    for (let seed = 1; seed <= 4; seed++) {
      const one = simulated([strategy], seed);
      expect(simulated([strategy], seed).bytes).toBe(one.bytes);
      expect(one.valid).toBe(true);
    }
  });

  test.each(STRATEGIES)("records decisions that replay the run to the byte: %s", (strategy) => {
    const everything = { ...given, nemesis: FAULTS, timeLimitS: 10 };
    for (let seed = 1; seed <= 4; seed++) {
      const { options, parts } = explore({ ...everything, seed, search: [strategy] });
      let decisions: Decisions | undefined;
      const onDecisions = (recorded: Decisions) => {
        decisions = recorded;
      };
      const program = onDisk(storedSet);
      const once = runSimulated("g-set", program, options, { parts, onDecisions });
      const again = runSimulated("g-set", program, options, { parts, decisions });
      expect(JSON.stringify(again.history)).toBe(JSON.stringify(once.history));
      expect(JSON.stringify(again.messages)).toBe(JSON.stringify(once.messages));
    }
  });

  test.each(STRATEGIES)("gives different seeds different tests: %s", (strategy) => {
    const runs = new Set([1, 2, 3, 4].map((seed) => simulated([strategy], seed).bytes));
    expect(runs.size).toBe(4);
  });

  test("draws a test once: what it returns stays what it is", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const { options } = explore({ ...given, seed, search: ["mixed"] });
      expect(explore(options).options).toEqual(options);
    }
  });

  test("mixes these combinations into any eight seeds in a row, and leaves seed 1 plain", () => {
    const live = { ...given, livenessLimitS: 5 };
    const nameOf = (seed: number): string => {
      const { search = [], ...drawn } = explore({ ...live, seed, search: ["mixed"] }).options;
      // Swarm leaves liveness out.
      const isSwarm = drawn.livenessLimitS === undefined;
      if (!isSwarm) expect(drawn).toEqual({ ...live, seed });
      return [...(isSwarm ? ["swarm"] : []), ...search].join(",");
    };
    expect(nameOf(1)).toBe("");
    for (const first of [1, 6, 41]) {
      const names = Array.from({ length: 8 }, (_, index) => nameOf(first + index));
      expect(names.sort()).toEqual([
        "",
        "adaptive",
        ...["order,adaptive", "order,adaptive", "order,adaptive"],
        "swarm,adaptive",
        ...["swarm,order,adaptive", "swarm,order,adaptive"],
      ]);
    }
  });

  test.each(["kafka", "txn-rw-register", "txn-list-append"] as const)(
    "needs nothing to succeed in a test that it draws: %s",
    (workload) => {
      const refuse = (node: Node) => {
        for (const type of ["send", "poll", "commit_offsets", "list_committed_offsets", "txn"]) {
          node.handle(type, v.looseObject({}), () => {
            throw new RpcError("temporarily-unavailable", "No leader");
          });
        }
      };
      const verdictOf = (search: readonly Strategy[]) => {
        const drawn = explore(testOptionsOf(workload, { search }));
        return runSimulated(workload, refuse, drawn.options, { parts: drawn.parts }).result.valid;
      };
      expect(verdictOf([])).toBe(false);
      expect(verdictOf(["adaptive"])).toBe(true);
    },
  );
});
