import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { linKv } from "../../challenges/lin-kv.ts";
import { TestCluster } from "../../lib/testing/index.ts";
import { type AnyBody, parseJson } from "../../lib/vortex/index.ts";
import { CONSENSUS_FAULTS, sweepFaults } from "../support/simulations/fault-sweep.ts";
import { runSimulated } from "../support/simulations/simulate.ts";

setDefaultTimeout(3_600_000);

const read = (key: unknown) => ({ type: "read", key });
const write = (key: unknown, value: unknown) => ({ type: "write", key, value });
const cas = (key: unknown, from: unknown, to: unknown, more: AnyBody = {}) => ({
  ...{ type: "cas", key, from, to },
  ...more,
});

describe("lin-kv", () => {
  test("reads on every node what was written on any", async () => {
    const cluster = new TestCluster({ program: linKv });
    expect(await cluster.ask("n1", write("k", [1]))).toMatchObject({ type: "write_ok" });
    for (const id of ["n0", "n1", "n2"]) {
      expect(await cluster.ask(id, read("k"))).toMatchObject({ type: "read_ok", value: [1] });
    }
  });

  test("replies key-does-not-exist (20) to a read and a cas of a missing key", async () => {
    const cluster = new TestCluster({ program: linKv });
    expect(await cluster.ask("n0", read("k"))).toMatchObject({ type: "error", code: 20 });
    expect(await cluster.ask("n1", cas("k", 1, 2))).toMatchObject({ type: "error", code: 20 });
  });

  test("replies precondition-failed (22) to a cas that does not match, and changes nothing", async () => {
    const cluster = new TestCluster({ program: linKv });
    await cluster.ask("n1", write("k", 1));
    expect(await cluster.ask("n2", cas("k", 2, 3))).toMatchObject({ type: "error", code: 22 });
    expect(await cluster.ask("n2", cas("k", 1, 3))).toMatchObject({ type: "cas_ok" });
    expect(await cluster.ask("n0", read("k"))).toMatchObject({ value: 3 });
  });

  test.each([
    [true, 5],
    [0, 5],
    [false, undefined],
    [null, undefined],
  ])("with create_if_not_exists %p, a cas of a missing key leaves %p", async (create, value) => {
    const cluster = new TestCluster({ program: linKv });
    await cluster.ask("n1", cas("k", 4, 5, { create_if_not_exists: create }));
    expect((await cluster.ask("n0", read("k")))["value"]).toBe(value);
  });

  test("keeps any JSON, digit for digit, as a key and as a value, across a restart of all nodes", async () => {
    const texts = [
      "1",
      "1.0",
      '"1"',
      "null",
      "9007199254740993",
      "1e400",
      '{"__proto__":[]}',
      '"\\ud800"',
    ];
    const values = texts.map(parseJson);
    const cluster = new TestCluster({ program: linKv });
    for (const value of values) await cluster.ask("n1", write(value, value));
    for (const id of ["n0", "n1", "n2"]) cluster.start(id);
    await cluster.advance(2000);
    for (const value of values) {
      expect(await cluster.ask("n2", read(value))).toMatchObject({ value });
    }
  });

  test.each([
    [{ type: "read" }, "key"],
    [{ type: "write", key: 1 }, "value"],
    [{ type: "cas", key: 1, from: 1 }, "to"],
  ])("replies malformed-request (12) to %p, and names the field", async (body, field) => {
    const cluster = new TestCluster({ program: linKv });
    const reply = await cluster.ask("n0", body);
    expect(reply).toMatchObject({ type: "error", code: 12 });
    expect(reply["text"]).toContain(`"${field}" is missing`);
  });
});

describe("lin-kv in the workload", () => {
  const load = { rate: 100, timeLimitS: 10, nemesisIntervalS: 3 };

  test.each([
    [3, 4, [], [], 2.6, 0.55],
    [3, 4, ["--batch-ms", "50"], [], 1.4, 0.55],
    [5, 2, [], [], 4.2, 0.55],
    [3, 4, [], ["partition"], 2.6, 0.45],
  ] as const)(
    "on %d nodes with %dn clients, arguments %p and faults %p takes at most %d messages per operation",
    (nodeCount, clients, args, nemesis, most, okFraction) => {
      const options = { ...load, nodeCount, concurrency: clients * nodeCount, nemesis };
      const { result } = runSimulated("lin-kv", linKv, options, { args });
      expect(result.valid).toBe(true);
      expect(result.net.servers.msgsPerOp).toBeLessThanOrEqual(most);
      expect(result.availability?.["okFraction"]).toBeGreaterThanOrEqual(okFraction);
    },
  );

  test.each(CONSENSUS_FAULTS)("on %d nodes is valid under %p", (nodeCount, nemesis) => {
    const { problems } = sweepFaults({
      workload: "lin-kv",
      program: linKv,
      seedCount: 1,
      options: {
        ...{ nodeCount, concurrency: 2 * nodeCount, rate: 100, timeLimitS: 6 },
        ...{ nemesis, nemesisIntervalS: 2, recoveryS: 3 },
      },
    });
    expect(problems).toEqual([]);
  });
});
