/** The simulation as users import it. */
import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { broadcast } from "../../../challenges/broadcast.ts";
import { echo } from "../../../challenges/echo.ts";
import type { Fault, SearchStrategy, WorkloadName } from "../../../lib/simulation/api.ts";
import { InvalidSimulation, SimulationCrash, simulate } from "../../../lib/simulation/index.ts";
import type { Node } from "../../../lib/vortex/index.ts";
import { FAULTS } from "../../../lib/workbench/nemesis/faults.ts";
import { STRATEGIES } from "../../../lib/workbench/run/test-options.ts";
import { WORKLOAD_NAMES } from "../../../lib/workbench/workloads/index.ts";

const BROADCAST = {
  workload: "broadcast",
  rate: 10,
  timeLimitS: 20,
  nemesis: ["partition"],
} as const;

describe("simulate", () => {
  test("returns valid for a correct program, and reports that the fault took effect", () => {
    const result = simulate(broadcast, BROADCAST);
    expect(result).toMatchObject({ valid: true, problems: [], seed: 1 });
    expect(result.faults.partition).toBeGreaterThan(0);
    expect(result.messagesPerOperation).toBeGreaterThan(0);
    expect(result.latencyMs?.median).toBeGreaterThan(0);
  });

  test("gives the same history and messages for the same seed, and different ones for another", () => {
    const first = simulate(broadcast, { ...BROADCAST, seed: 3 });
    expect(simulate(broadcast, { ...BROADCAST, seed: 3 })).toEqual(first);
    expect(simulate(broadcast, { ...BROADCAST, seed: 4 }).history).not.toEqual(first.history);
  });

  test("names what nodes answered in error among the problems, with the source line", () => {
    const throwing = (node: Node) => {
      node.handle("echo", v.object({ echo: v.string() }), () => {
        throw new TypeError("no echo here");
      });
    };
    const { problems } = simulate(throwing, { workload: "echo", nodeCount: 1, seed: 9 });
    const thrown = expect.stringMatching(
      /^n0 answered \d+ × error 13 \(crash\) to echo: TypeError: no echo here, at simulate.test.ts:\d+$/,
    );
    expect(problems).toContainEqual(thrown);
  });

  test("warns of a valid run that proves little", () => {
    const options = { workload: "echo", nodeCount: 1, timeLimitS: 1, nemesis: ["loss"] } as const;
    expect(simulate(echo, { ...options, seed: 1 }).warnings).toEqual([
      expect.stringContaining("loss affected no message"),
      expect.stringMatching(/only \d operations? succeeded/),
    ]);
  });

  test("reports the problems, and the seed", () => {
    const wrong = (node: Node) =>
      node.handle("echo", v.object({}), (request) =>
        node.reply(request, { type: "echo_ok", echo: 1 }),
      );
    const { valid, problems, findings } = simulate(wrong, { workload: "echo", seed: 9 });
    expect(valid).toBe(false);
    expect(problems[0]).toContain("process 0");
    expect(problems.at(-1)).toBe("seed 9");
    expect(findings[0]?.operations.length).toBeGreaterThan(0);
  });

  test("passes options to the program, and records the log lines of nodes", () => {
    const program = (node: Node) => {
      node.log(`here is ${node.id}`);
      echo(node);
    };
    const { logs } = simulate(program, { workload: "echo", nodeCount: 2, timeLimitS: 1 });
    expect(logs.map(({ node }) => node)).toEqual(["n0", "n1"]);
    expect(logs[0]?.line).toContain("here is n0");
    const fanOut = simulate(broadcast, { ...BROADCAST, options: { flushMs: 0 } });
    expect(fanOut.messagesPerOperation).not.toBe(
      simulate(broadcast, BROADCAST).messagesPerOperation,
    );
  });

  test("refuses options that do not fit the program", () => {
    const run = () => simulate(broadcast, { ...BROADCAST, options: { flushMs: -1 } });
    expect(run).toThrow(InvalidSimulation);
    expect(run).toThrow(/^Invalid options of the program: "flushMs" /);
  });

  test("throws when a node does not start, with the seed", () => {
    const broken = () => {
      throw new Error("no");
    };
    expect(() => simulate(broken, { workload: "echo", seed: 5 })).toThrow(SimulationCrash);
    expect(() => simulate(broken, { workload: "echo", seed: 5 })).toThrow("(seed 5)");
  });

  test("names the assertion of the program that failed, and the situations that were reached", () => {
    const program = (node: Node) => {
      node.invariant("n0 exists alone", () => node.peers.length === 0);
      node.sometimes(node.id === "n1", "n1 exists");
      node.sometimes(node.id === "n2", "n2 exists");
      node.always(node.id !== "", "nodes have names");
      echo(node);
    };
    const result = simulate(program, { workload: "echo", nodeCount: 2, seed: 5 });
    expect(result.valid).toBe(false);
    expect(result.problems).toContain(
      'failed-assertion: "n0 exists alone" did not hold on n1 while nodes started, after "init" from "c1"',
    );
    expect(result.problems.at(-1)).toBe("seed 5");
    expect(result.sometimes).toEqual({ "n1 exists": 1, "n2 exists": 0 });
    expect(result.always).toEqual({ "nodes have names": 2 });
  });

  test("draws the test by the seed if it searches, the same again for the same seed", () => {
    const options = { workload: "echo", nodeCount: 3, nemesis: ["kill"], timeLimitS: 10 } as const;
    const plain = simulate(echo, { ...options, seed: 2 });
    const drawn = simulate(echo, { ...options, search: ["swarm", "order"], seed: 2 });
    expect(drawn.problems).toEqual([]);
    expect(drawn.history).not.toEqual(plain.history);
    expect(simulate(echo, { ...options, search: ["swarm", "order"], seed: 2 })).toEqual(drawn);
    const rates = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => {
      const { history } = simulate(echo, { ...options, search: ["swarm"], seed });
      return history.length;
    });
    expect(Math.max(...rates)).toBeGreaterThan(2 * Math.min(...rates));
  });

  test("ignores an option that is undefined", () => {
    const options = { workload: "echo", rate: undefined, nodeCount: undefined } as never;
    expect(simulate(echo, options).history).toEqual(simulate(echo, { workload: "echo" }).history);
  });

  test.each([
    [{ workload: "ecko" }, 'Unknown workload "ecko". Choose from broadcast, echo, '],
    [{ nemesis: ["killl"] }, 'Unknown fault "killl". Choose from partition, '],
    [{ nemesis: "kill" }, 'nemesis must be a list, such as ["..."], but is kill'],
    [{ consistencyModels: "serializable" }, "consistencyModels must be a list"],
    [{ topology: "ring" }, 'Unknown topology "ring"'],
    [
      { nemisis: ["kill"] },
      'Unknown option "nemisis". Choose from workload, workloadOptions, nodeCount, ',
    ],
    [{ consistencyModels: ["serial"] }, 'Unknown consistency model "serial". Choose from '],
    [{ availability: 2 }, 'availability is 2, but must be "total" or a number from 0 to 1'],
    [{ availability: "all" }, 'availability is all, but must be "total" or a number from 0 to 1'],
    [{ search: ["swam"] }, 'Unknown search strategy "swam". Choose from swarm, order, '],
    [{ search: ["mixed", "swarm"] }, 'search has "mixed", which cannot be combined with others'],
    [{ nodeCount: 0 }, "nodeCount is 0, but must be an integer of at least 1"],
    [{ seed: -1 }, "seed is -1, but must be an integer of at least 0"],
    [{ timeLimitS: Number.POSITIVE_INFINITY }, "timeLimitS is Infinity, but must be a number"],
    [{ rate: Number.NaN }, "rate is NaN, but must be a number of at least 0"],
    [{ converge: true }, "the nodes of echo cannot be compared"],
  ])("refuses %j", (options, message) => {
    const run = () => simulate(echo, { workload: "echo", ...options } as never);
    expect(run).toThrow(InvalidSimulation);
    expect(run).toThrow(message);
  });

  // It takes the limit of 10 s. A wait is interrupted as a loop is, and leaves the processor to others.
  test("throws where a node does not return, with the message it was handling", () => {
    const stuck = (node: Node) => {
      node.handle("echo", v.object({}), () => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });
    };
    const run = () => simulate(stuck, { workload: "echo", seed: 3 });
    expect(run).toThrow(
      /^n\d has not returned from the message .* for 10 s of real time.*\n\(seed 3\)$/,
    );
  }, 60_000);

  test("has a type for every workload, fault and search strategy", () => {
    const workloads: Readonly<Record<WorkloadName, true>> = {
      ...{ broadcast: true, echo: true, "g-counter": true, "g-set": true, kafka: true },
      ...{ "lin-kv": true, "pn-counter": true, "txn-list-append": true },
      ...{ "txn-rw-register": true, "unique-ids": true },
    };
    expect(Object.keys(workloads).sort()).toEqual([...WORKLOAD_NAMES].sort());
    const faults: Readonly<Record<Fault, true>> = {
      ...{ partition: true, "one-way-partition": true, kill: true, pause: true },
      ...{ loss: true, duplicate: true, slow: true, disk: true },
    };
    expect(Object.keys(faults).sort()).toEqual([...FAULTS].sort());
    const strategies: Readonly<Record<SearchStrategy, true>> = {
      ...{ swarm: true, order: true, adaptive: true, mixed: true },
    };
    // "lenient" is what a search leaves in the options that it has drawn.
    expect([...Object.keys(strategies), "lenient"].sort()).toEqual([...STRATEGIES].sort());
  });
});
