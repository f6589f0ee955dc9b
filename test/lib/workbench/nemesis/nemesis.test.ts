import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { uniqueIds } from "../../../../challenges/unique-ids.ts";
import type { KVNode } from "../../../../lib/vortex/index.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import type { Fault } from "../../../../lib/workbench/nemesis/faults.ts";
import type { FaultTiming } from "../../../../lib/workbench/nemesis/nemesis.ts";
import { runSimulated } from "../../../support/simulations/simulate.ts";

function run(nemesis: readonly Fault[], more = {}, simulation = {}) {
  const options = { nodeCount: 5, rate: 20, timeLimitS: 60, nemesisIntervalS: 5, nemesis, ...more };
  return runSimulated("unique-ids", uniqueIds, options, simulation);
}

function ofNemesis(history: readonly Operation[]): readonly Operation[] {
  return history.filter(({ process }) => process === "nemesis");
}

/** The invocations of the nemesis. */
function begun(history: readonly Operation[]): readonly Operation[] {
  return ofNemesis(history).filter((_, index) => index % 2 === 0);
}

describe("the nemesis", () => {
  test("starts at once, and alternates between start and stop", () => {
    const operations = begun(run(["partition"]).history);
    expect(operations[0]).toMatchObject({ time: 0, f: "start-partition", type: "info" });
    for (const [index, { f }] of operations.entries()) {
      expect(f).toBe(index % 2 === 0 ? "start-partition" : "stop-partition");
    }
  });

  test("waits up to twice the interval between two operations, the interval on average", () => {
    const operations = begun(run(["partition"], { timeLimitS: 3000, rate: 0.1 }).history);
    const delays = operations
      .slice(1)
      .map((one, index) => one.time - (operations[index]?.time ?? 0));
    expect(Math.max(...delays)).toBeLessThan(10e9);
    // Mean 5 s, and the mean of 600 has a standard deviation of 0.12 s.
    expect(Math.abs(3000 / operations.length - 5)).toBeLessThan(0.6);
  });

  test("reports what it did as Maelstrom does", () => {
    const completions = ofNemesis(run(["partition"]).history).filter((_, index) => index % 2 === 1);
    const [start, stop] = completions;
    expect(start?.value).toEqual(["isolated", expect.anything()]);
    expect(stop?.value).toBe("network-healed");
  });

  test("combines faults, each at its own pace", () => {
    const fs = new Set(begun(run(["partition", "kill", "pause"]).history).map(({ f }) => f));
    expect([...fs].sort()).toEqual([
      "start-kill",
      "start-partition",
      "start-pause",
      "stop-kill",
      "stop-partition",
      "stop-pause",
    ]);
  });

  test("restarts killed nodes with a new init", () => {
    const { history, messages, result } = run(["kill"]);
    const restarted = begun(history).filter(({ f }) => f === "stop-kill");
    const inits = messages.filter(
      ({ type, message }) => type === "send" && message.body["type"] === "init",
    );
    expect(restarted.length).toBeGreaterThan(0);
    expect(inits.length).toBeGreaterThan(5);
    expect(result.faults.kill).toBeGreaterThan(0);
    expect(result.workload).toMatchObject({ valid: true, duplicatedCount: 0 });
  });

  test("loses the memory of a killed node", () => {
    const counting = (node: KVNode) => {
      let last = 0;
      node.handle("generate", v.object({}), () => ({
        type: "generate_ok",
        id: `${node.id}-${++last}`,
      }));
    };
    const options = { nodeCount: 3, rate: 20, timeLimitS: 60, nemesisIntervalS: 5 };
    const healthy = runSimulated("unique-ids", counting, options).result;
    const killed = runSimulated("unique-ids", counting, { ...options, nemesis: ["kill"] }).result;
    expect(healthy.valid).toBe(true);
    expect(killed.workload).toMatchObject({ valid: false });
  });

  test("keeps the memory of a paused node, which replies when it resumes", () => {
    const { result } = run(["pause"], { nemesisIntervalS: 1 });
    expect(result.faults.pause).toBeGreaterThan(0);
    const latency = result.perf.latencies["all"]?.["1"] ?? 0;
    expect(latency).toBeGreaterThan(500);
    expect(result.workload?.valid).toBe(true);
  });

  test("does not count the pause of a dead node", () => {
    const { history, result } = run(["kill", "pause"], { nemesisIntervalS: 2 });
    const done = history.filter(({ f, value }) => f === "start-pause" && typeof value === "object");
    const dead = new Set<string>();
    let pauseCount = 0;
    let spared = 0;
    for (const { f, value } of history) {
      if (typeof value !== "object" || value === null) continue;
      const nodes = Object.keys(value);
      if (f === "start-kill") for (const node of nodes) dead.add(node);
      if (f === "stop-kill") for (const node of nodes) dead.delete(node);
      if (f !== "start-pause") continue;
      pauseCount += nodes.length;
      expect(nodes.filter((node) => dead.has(node))).toEqual([]);
      if (dead.size > 0) spared++;
    }
    expect(done.length).toBeGreaterThan(0);
    expect(spared).toBeGreaterThan(0);
    expect(result.faults.pause).toBe(pauseCount);
  });

  test("runs no timer that a paused node cancels when it resumes", () => {
    let cancelledCount = 0;
    let wrongCount = 0;
    const cancelling = (node: KVNode) => {
      uniqueIds(node);
      node.handle("hello", v.object({}), () => {});
      node.every(100, () => {
        let isCancelled = false;
        // Both fall due in many a pause; the first has its turn before the second.
        node.after(30, () => {
          isCancelled = true;
          cancelledCount++;
          cancelSecond();
        });
        const cancelSecond = node.after(60, () => {
          if (isCancelled) wrongCount++;
        });
      });
    };
    const options = { nodeCount: 3, timeLimitS: 30, nemesisIntervalS: 0.5 };
    const { result } = runSimulated("unique-ids", cancelling, { ...options, nemesis: ["pause"] });
    expect(result.faults.pause).toBeGreaterThan(10);
    expect(cancelledCount).toBeGreaterThan(100);
    expect(wrongCount).toBe(0);
  });

  test.each(["loss", "duplicate", "slow", "one-way-partition"] as const)(
    "%s takes effect on messages between nodes",
    (fault) => {
      const chatty = (node: KVNode) => {
        uniqueIds(node);
        node.handle("hello", v.object({}), () => {});
        node.every(100, () => {
          for (const peer of node.peers) node.send(peer, { type: "hello" });
        });
      };
      const { result } = runSimulated("unique-ids", chatty, { nodeCount: 3, nemesis: [fault] });
      expect(result.faults[fault]).toBeGreaterThan(0);
      expect(result.valid).toBe(true);
    },
  );

  test("affects targets only, if not all nodes are targets", () => {
    const parts = { faults: { targets: { kill: ["n3", "n4"] } } };
    const options = {
      nodeCount: 5,
      timeLimitS: 60,
      nemesisIntervalS: 1,
      nemesis: ["kill"],
    } as const;
    const { history } = runSimulated("unique-ids", uniqueIds, options, { parts });
    const killed = history
      .filter(({ f }) => f === "start-kill")
      .flatMap(({ value }) =>
        typeof value === "object" && value !== null ? Object.keys(value) : [],
      );
    expect([...new Set(killed)].sort()).toEqual(["n3", "n4"]);
  });

  test("starts and stops faults at the times of a custom timing", () => {
    const atSeconds = [3, 8];
    let count = 0;
    const timing: FaultTiming = (operations) => ({
      next(context) {
        const untilNs = (atSeconds[count] ?? Number.POSITIVE_INFINITY) * 1e9;
        if (context.nowNs < untilNs) return { type: "wait", untilNs };
        const step = operations.get("pause")?.next(context) ?? { type: "done" };
        if (step.type === "operation") count++;
        return step;
      },
    });
    const { history } = run(["pause"], { timeLimitS: 10 }, { parts: { faults: { timing } } });
    const told = begun(history).map(({ f, time }) => `${f} at ${Math.floor(time / 1e9)} s`);
    expect(told.slice(0, 2)).toEqual(["start-pause at 3 s", "stop-pause at 8 s"]);
  });
});
