import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { TestCluster, TestHost } from "../../../lib/testing/index.ts";
import { InvariantViolation, KVNode } from "../../../lib/vortex/index.ts";
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

/** A node on a host that collects violations. */
function watched(program: (node: KVNode) => unknown) {
  const { transport, clock, random, logger } = new TestHost();
  const violations: InvariantViolation[] = [];
  const onViolation = (violation: InvariantViolation) => void violations.push(violation);
  const node = new KVNode({ transport, clock, random, logger, onViolation }, program);
  receive(node, INIT, "c0");
  return { node, violations };
}

describe("Node.invariant", () => {
  test("reports a violation once, with its node and the last event", () => {
    const { node, violations } = watched(counter);
    receive(node, { type: "add", delta: 1 });
    expect(violations).toEqual([]);
    receive(node, { type: "add", delta: -2 });
    receive(node, { type: "add", delta: -2 });
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({
      invariant: "the total is not negative",
      node: "n0",
      message: 'Invariant "the total is not negative" does not hold on n0 after "add" from "c1"',
    });
  });

  test("reports an invariant that does not hold from the start", () => {
    const { violations } = watched((node) => node.invariant("never", () => false));
    expect(violations[0]?.message).toEndWith('after "init" from "c0"');
  });

  test("reports an invariant whose check throws", () => {
    const { violations } = watched((node) =>
      node.invariant("odd", () => {
        throw new TypeError("x is undefined");
      }),
    );
    expect(violations[0]?.message).toEndWith(": its check threw TypeError: x is undefined");
  });

  test("is never checked on a host without onViolation", () => {
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

describe("TestCluster", () => {
  const violation = /^Invariant "the total is not negative" does not hold on n1 after /;

  test("throws to the test, not to the handler, when a message breaks an invariant", async () => {
    const cluster = new TestCluster({ program: counter });
    expect(() => cluster.request("n1", { type: "add", delta: -1 })).toThrow(violation);
    expect(() => cluster.request("n1", { type: "add", delta: -1 })).toThrow(InvariantViolation);
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
