import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { txnListAppend } from "../../challenges/txn-list-append.ts";
import { TestCluster } from "../../lib/testing/index.ts";
import { parseJson } from "../../lib/vortex/index.ts";
import { CONSENSUS_FAULTS, sweepFaults } from "../support/simulations/fault-sweep.ts";
import { runSimulated } from "../support/simulations/simulate.ts";

setDefaultTimeout(3_600_000);

const txn = (...operations: readonly unknown[][]) => ({ type: "txn", txn: operations });
const read = (key: unknown) => ["r", key, null];
const append = (key: unknown, value: unknown) => ["append", key, value];

describe("txn-list-append", () => {
  test("reads on every node what was appended on any, in one order", async () => {
    const cluster = new TestCluster({ program: txnListAppend });
    await cluster.ask("n1", txn(append("k", 1)));
    await cluster.ask("n2", txn(append("k", 2), append("l", 3)));
    for (const id of ["n0", "n1", "n2"]) {
      expect((await cluster.ask(id, txn(read("k"), read("l"))))["txn"]).toEqual([
        ["r", "k", [1, 2]],
        ["r", "l", [3]],
      ]);
    }
  });

  test("reads a list without appends as null", async () => {
    const cluster = new TestCluster({ program: txnListAppend });
    expect((await cluster.ask("n0", txn(read("k"))))["txn"]).toEqual([["r", "k", null]]);
  });

  test("lets a transaction read its own appends, and only the earlier ones", async () => {
    const cluster = new TestCluster({ program: txnListAppend });
    const reply = await cluster.ask("n2", txn(append(1, 5), read(1), append(1, 6), read(1)));
    expect(reply).toMatchObject({
      type: "txn_ok",
      txn: [append(1, 5), ["r", 1, [5]], append(1, 6), ["r", 1, [5, 6]]],
    });
  });

  test("answers a transaction without operations", async () => {
    const cluster = new TestCluster({ program: txnListAppend });
    expect(await cluster.ask("n1", txn())).toMatchObject({ type: "txn_ok", txn: [] });
  });

  test("keeps any JSON, digit for digit, as a key and as a value, across a restart of all nodes", async () => {
    const texts = [
      ...["1", "1.0", '"1"', "null", "9007199254740993", "1e400", '{"__proto__":[]}', '"\\ud800"'],
    ];
    const values = texts.map(parseJson);
    const cluster = new TestCluster({ program: txnListAppend });
    for (const value of values) await cluster.ask("n1", txn(append(value, value)));
    for (const id of ["n0", "n1", "n2"]) cluster.start(id);
    await cluster.advance(2000);
    for (const value of values) {
      expect((await cluster.ask("n2", txn(read(value))))["txn"]).toEqual([["r", value, [value]]]);
    }
  });

  test.each([
    [{ type: "txn" }, "txn"],
    [txn(["w", 1, 2]), '"txn.0.0" must be "r" or "append"'],
    [txn(read(1), ["append", 1]), '"txn.1.2" is missing'],
  ])("replies malformed-request (12) to %p, and names the field", async (body, field) => {
    const cluster = new TestCluster({ program: txnListAppend });
    const reply = await cluster.ask("n0", body);
    expect(reply).toMatchObject({ type: "error", code: 12 });
    expect(reply["text"]).toContain(field);
  });
});

describe("txn-list-append in the workload", () => {
  const load = { rate: 100, timeLimitS: 10, consistencyModels: ["strict-serializable"] };

  test.each([
    [3, [], 3.5, 0.99],
    [5, [], 4.5, 0.99],
    [3, ["partition"], 3.5, 0.7],
    [5, ["partition"], 8, 0.7],
  ] as const)(
    "on %d nodes with faults %p takes at most %d messages per operation, of which %d are ok",
    (nodeCount, nemesis, most, okFraction) => {
      const options = { ...load, nodeCount, concurrency: 2 * nodeCount, nemesis };
      const { result } = runSimulated("txn-list-append", txnListAppend, options);
      expect(result.valid).toBe(true);
      expect(result.net.servers.msgsPerOp).toBeLessThanOrEqual(most);
      expect(result.availability?.["okFraction"]).toBeGreaterThanOrEqual(okFraction);
    },
  );

  test.each(CONSENSUS_FAULTS)("on %d nodes is valid under %p", (nodeCount, nemesis) => {
    const { problems } = sweepFaults({
      workload: "txn-list-append",
      program: txnListAppend,
      seedCount: 2,
      options: {
        ...{ nodeCount, concurrency: 2 * nodeCount, rate: 100, timeLimitS: 12 },
        ...{ nemesis, nemesisIntervalS: 2, recoveryS: 3 },
      },
    });
    expect(problems).toEqual([]);
  });
});
