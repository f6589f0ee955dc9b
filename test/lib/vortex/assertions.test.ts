import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { TestCluster, TestHost } from "../../../lib/testing/index.ts";
import { settled } from "../../../lib/testing/manual-clock.ts";
import { AssertionFailure, KVNode } from "../../../lib/vortex/index.ts";
import { INIT, receive } from "../../support/fake-host.ts";

const Add = v.object({ delta: v.number() });

/** A counter with an invariant: it must not fall below zero. */
function counter(node: KVNode): void {
  let total = 0;
  node.invariant("the total is not negative", () => total >= 0);
  node.handle("add", Add, ({ body }) => {
    total += body.delta;
    return { type: "add_ok" };
  });
  node.handle("add_late", Add, async ({ body }) => {
    await undefined;
    total += body.delta;
    return { type: "add_ok" };
  });
  node.handle("add_in", Add, ({ body }) => {
    node.after(100, () => {
      total += body.delta;
    });
    return { type: "add_ok" };
  });
}

/** A node on a host that collects failures. */
function watched(program: (node: KVNode) => unknown) {
  const { transport, clock, random, logger } = new TestHost();
  const failures: AssertionFailure[] = [];
  const assertions = {
    onEvaluation: () => {},
    onFailure: (failure: AssertionFailure) => void failures.push(failure),
  };
  const node = new KVNode({ transport, clock, random, logger, assertions }, program);
  receive(node, INIT, "c0");
  return { node, failures };
}

describe("Node.invariant", () => {
  test("reports a violation once, with its node and the last event", () => {
    const { node, failures } = watched(counter);
    receive(node, { type: "add", delta: 1 });
    expect(failures).toEqual([]);
    receive(node, { type: "add", delta: -2 });
    receive(node, { type: "add", delta: -2 });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({
      kind: "invariant",
      assertion: "the total is not negative",
      node: "n0",
      message: 'Invariant "the total is not negative" does not hold on n0 after "add" from "c1"',
    });
  });

  test("reports an invariant that does not hold from the start", () => {
    const { failures } = watched((node) => node.invariant("never", () => false));
    expect(failures[0]?.message).toEndWith('after "init" from "c0"');
  });

  test("reports an invariant whose check throws", () => {
    const { failures } = watched((node) =>
      node.invariant("odd", () => {
        throw new TypeError("x is undefined");
      }),
    );
    expect(failures[0]?.message).toEndWith(": its check threw TypeError: x is undefined");
  });

  test("is never checked on a host without an observer", () => {
    const { transport, clock, random, logger } = new TestHost();
    let checks = 0;
    const node = new KVNode({ transport, clock, random, logger }, (starting) => {
      starting.invariant("any", () => {
        checks++;
        return false;
      });
    });
    receive(node, INIT);
    receive(node, { type: "nothing", msg_id: 2 });
    expect(checks).toBe(0);
  });
});

describe("Node.always", () => {
  const Value = v.object({ value: v.number() });

  /** Asserts that values are positive, in a handler that replies whatever happens. */
  function positive(node: KVNode): void {
    node.handle("check", Value, async ({ body: { value } }) => {
      node.always(value > 0, "values are positive", { value });
      await undefined;
      node.always(value > 1, "values are above one");
      return { type: "check_ok" };
    });
  }

  /** A node on a host without an observer, as in a process. */
  function unwatched(program: (node: KVNode) => unknown) {
    const { transport, clock, random, logger, logged, sent } = new TestHost();
    const node = new KVNode({ transport, clock, random, logger }, program);
    receive(node, INIT, "c0");
    return { node, logged, sent };
  }

  test("reports a failure with its details, and the node runs on", async () => {
    const { node, failures } = watched(positive);
    receive(node, { type: "check", msg_id: 2, value: 5 });
    expect(failures).toEqual([]);
    receive(node, { type: "check", msg_id: 3, value: 1 });
    receive(node, { type: "check", msg_id: 4, value: 0 });
    await settled();
    expect(failures.map(({ message }) => message)).toEqual([
      'Assertion "values are positive" failed on n0: {"value":0}',
      'Assertion "values are above one" failed on n0',
    ]);
    expect(failures[0]).toMatchObject({ kind: "always", assertion: "values are positive" });
  });

  test("calls a function of details for the first failure only", () => {
    let calls = 0;
    const { node, failures } = watched((starting) => {
      starting.handle("check", Value, ({ body: { value } }) => {
        starting.always(value > 0, "positive", () => ({ value, calls: ++calls }));
      });
    });
    for (const value of [1, -1, -2]) receive(node, { type: "check", value });
    expect(failures.map(({ circumstances }) => circumstances)).toEqual(['{"value":-1,"calls":1}']);
  });

  test.each([
    ["cannot be encoded", { big: 1n }, /: its details cannot be shown: TypeError: /],
    [
      "throw",
      () => {
        throw new Error("oops");
      },
      /: its details cannot be shown: Error: oops$/,
    ],
    ["are long", { text: "x".repeat(5000) }, /\(\d+ characters\)$/],
  ])("reports a failure whose details %s", (_what, details, message) => {
    const { failures } = watched((node) => node.always(false, "any", details));
    expect(failures[0]?.message).toMatch(message);
    expect(failures[0]?.message.length).toBeLessThan(600);
  });

  test("refuses arguments in the wrong order, which would pass for ever", () => {
    const { transport, clock, random, logger, assertions, logged } = new TestHost();
    const program = (node: KVNode) => node.always("values are positive" as never, true as never);
    receive(new KVNode({ transport, clock, random, logger, assertions }, program), INIT, "c0");
    expect(logged[0]).toContain(
      "node.always needs a boolean and a name, but got string and boolean",
    );
  });

  test("refuses names that vary", () => {
    const { logged, ...host } = new TestHost();
    const program = (node: KVNode) => {
      for (let index = 0; index < 2000; index++) node.always(true, `message ${index} is new`);
    };
    receive(new KVNode({ ...host, assertions: new TestHost().assertions }, program), INIT, "c0");
    expect(logged[0]).toContain("A name must not vary: put what varies into the details");
  });

  test("in a process, logs the first failure of a name, and the count at the end", async () => {
    const { node, logged, sent } = unwatched(positive);
    for (const msg_id of [2, 3, 4]) receive(node, { type: "check", msg_id, value: 0 });
    await settled();
    expect(logged.map((text) => text.split("\n")[0])).toEqual([
      'AssertionFailure: Assertion "values are positive" failed on n0: {"value":0}',
      'AssertionFailure: Assertion "values are above one" failed on n0',
    ]);
    expect(sent.map(({ body }) => body["type"])).toEqual(["init_ok", ...Array(3).fill("check_ok")]);
    logged.length = 0;
    await node.drain(0);
    expect(logged).toEqual([
      'Assertion "values are positive" failed on n0: {"value":0} (the first of 3 failures)',
      'Assertion "values are above one" failed on n0 (the first of 3 failures)',
    ]);
  });
});

describe("Node.unreachable", () => {
  test("reports that the program got there", () => {
    const { failures } = watched((node) => node.unreachable("two leaders", { term: 3 }));
    expect(failures[0]).toMatchObject({
      kind: "unreachable",
      message: 'Unreachable "two leaders" was reached on n0: {"term":3}',
    });
  });
});

describe("The test kit", () => {
  const Value = v.object({ value: v.number() });
  function even(node: KVNode): void {
    node.handle("check", Value, ({ body: { value } }) => {
      node.sometimes(value % 2 === 0, "an even value");
      node.sometimes(value > 10, "a large value");
      node.always(value > 0, "values are positive");
      return { type: "check_ok" };
    });
  }

  test("counts how often a situation was reached, on all nodes", async () => {
    const cluster = new TestCluster({ program: even });
    expect(cluster.sometimes).toEqual({});
    for (const [node, value] of [
      ["n0", 1],
      ["n1", 2],
      ["n2", 4],
    ] as const) {
      await cluster.ask(node, { type: "check", value });
    }
    expect(cluster.sometimes).toEqual({ "an even value": 2, "a large value": 0 });
  });

  test("throws to the test, not to the handler, when an assertion fails", async () => {
    const cluster = new TestCluster({ program: even });
    await expect(cluster.ask("n0", { type: "check", value: 0 })).rejects.toThrow(
      'Assertion "values are positive" failed on n0',
    );
    const host = new TestHost();
    const node = new KVNode(host, even);
    receive(node, INIT, "c0");
    expect(() => receive(node, { type: "check", msg_id: 2, value: 0 })).toThrow(AssertionFailure);
    expect(host.takeBodies().at(-1)).toEqual({ type: "check_ok", in_reply_to: 2 });
    expect(host.sometimes).toEqual({ "an even value": 1, "a large value": 0 });
  });
});

describe("TestCluster", () => {
  const violation = /^Invariant "the total is not negative" does not hold on n1 after /;

  test("throws to the test, not to the handler, when a message breaks an invariant", async () => {
    const cluster = new TestCluster({ program: counter });
    expect(() => cluster.request("n1", { type: "add", delta: -1 })).toThrow(violation);
    expect(() => cluster.request("n1", { type: "add", delta: -1 })).toThrow(AssertionFailure);
  });

  test("rejects when an asynchronous handler breaks an invariant", async () => {
    const cluster = new TestCluster({ program: counter });
    await expect(cluster.ask("n1", { type: "add_late", delta: -1 })).rejects.toThrow(violation);
  });

  test("rejects when a timer breaks an invariant", async () => {
    const cluster = new TestCluster({ program: counter });
    await cluster.ask("n1", { type: "add_in", delta: -1 });
    await expect(cluster.advance(1000)).rejects.toThrow(violation);
  });
});
