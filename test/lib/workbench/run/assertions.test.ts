import { describe, expect, test } from "bun:test";
import { TestHost } from "../../../../lib/testing/index.ts";
import { AssertionFailure, KVNode } from "../../../../lib/vortex/index.ts";
import { AssertionRecord } from "../../../../lib/workbench/run/assertions.ts";
import { INIT, receive } from "../../../support/fake-host.ts";

const failure = (node: string) => new AssertionFailure("always", "terms grow", node, "");

describe("AssertionRecord", () => {
  test("records the first failure of an assertion on each node, with its time", () => {
    let now = 5;
    const record = new AssertionRecord(() => now++, undefined);
    for (const node of ["n0", "n0", "n1"]) record.onFailure(failure(node));
    expect(record.failures.map(({ node, time }) => [node, time])).toEqual([
      ["n0", 5],
      ["n1", 6],
    ]);
  });

  test("knows the assertions of a catalog before they are reached", () => {
    const record = new AssertionRecord(() => 0, { sometimes: ["b", "a"], always: ["c"] });
    record.onEvaluation("sometimes", "b", true);
    record.onEvaluation("sometimes", "not in the catalog", false);
    expect(record.coverage).toEqual({
      sometimes: [
        { name: "a", count: 0 },
        { name: "b", count: 1 },
        { name: "not in the catalog", count: 0 },
      ],
      always: [{ name: "c", count: 0 }],
    });
    expect(new AssertionRecord(() => 0, undefined).coverage).toBeUndefined();
  });

  test("finds the failures of a process in its log", () => {
    const { transport, clock, random, logger, logged } = new TestHost();
    const node = new KVNode({ transport, clock, random, logger }, (starting) => {
      starting.always(false, "terms grow", { from: 3, to: 2 });
      starting.log("A log line about an AssertionFailure: none");
    });
    receive(node, INIT, "c0");
    const record = new AssertionRecord(() => 0, undefined);
    for (const line of logged.join("\n").split("\n")) record.addLogLine("n0", line);
    const text = 'Assertion "terms grow" failed on n0: {"from":3,"to":2}';
    expect(record.logged).toEqual([{ node: "n0", text }]);
    record.onFailure(failure("n0"));
    expect(record.logged).toEqual([]);
  });
});
