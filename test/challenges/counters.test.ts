/** The handlers of the counters; how they count is tested at `Counter`. */
import { describe, expect, test } from "bun:test";
import { gCounter } from "../../challenges/g-counter.ts";
import { pnCounter } from "../../challenges/pn-counter.ts";
import { TestCluster } from "../../lib/testing/index.ts";

const start = (program: typeof gCounter) => new TestCluster({ program });

describe.each([
  ["g-counter", gCounter],
  ["pn-counter", pnCounter],
])("%s", (_, program) => {
  test("replies with exactly the fields that the workload allows", async () => {
    const cluster = start(program);
    const added = await cluster.ask("n0", { type: "add", delta: 3 });
    expect(added).toEqual({ type: "add_ok", in_reply_to: 1 });
    const read = await cluster.ask("n1", { type: "read" });
    expect(read).toEqual({ type: "read_ok", value: 3, in_reply_to: 2 });
  });

  test.each([["1"], [1.5], [null], [2 ** 53], [{}]])(
    "refuses a delta of %j as malformed",
    async (delta) => {
      const reply = await start(program).ask("n0", { type: "add", delta });
      expect(reply).toMatchObject({ type: "error", code: 12 });
    },
  );

  test("sends nothing before the first request", async () => {
    const cluster = start(program);
    await cluster.advance(1000);
    expect(cluster.messages).toEqual([]);
  });
});

describe("g-counter", () => {
  test("refuses a negative delta: it only grows", async () => {
    const reply = await start(gCounter).ask("n0", { type: "add", delta: -1 });
    expect(reply).toMatchObject({ type: "error", code: 12 });
  });
});

describe("pn-counter", () => {
  test("goes below zero", async () => {
    const cluster = start(pnCounter);
    await cluster.ask("n0", { type: "add", delta: -5 });
    expect(await cluster.ask("n2", { type: "read" })).toMatchObject({ value: -5 });
  });
});
