/** The states of a node in a run, as its program shows them. */
import { drainMicrotasks } from "bun:jsc";
import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { Node } from "../../../../../lib/vortex/index.ts";
import type { Operation } from "../../../../../lib/workbench/history/history.ts";
import { Inspector } from "../../../../../lib/workbench/play/engine/inspector.ts";
import { carryOutSimulation } from "../../../../../lib/workbench/run/simulation.ts";
import { gSet } from "../../../../programs/g-set.ts";
import { runSimulated, testOptionsOf } from "../../../../support/simulations/simulate.ts";

const OPTIONS = { nodeCount: 2, concurrency: 2, rate: 20, timeLimitS: 2, recoveryS: 1 };

/** A node that counts the elements that it was sent, one moment after each of them. */
function counting(node: Node): void {
  let count = 0;
  node.inspect(() => ({ count }));
  node.handle("add", v.object({}), async () => {
    await Promise.resolve();
    count++;
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", value: [] }));
}

async function inspected(program: typeof counting, maxLength?: number) {
  const inspector = new Inspector(["n1"], maxLength);
  const history: Operation[] = [];
  const observing = inspector.observing({
    onOperation: (operation) => void history.push(operation),
  });
  const { clock } = inspector;
  let isOver = false;
  const task = carryOutSimulation(
    testOptionsOf("g-set", OPTIONS),
    { program, ...observing },
    clock,
  );
  task.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    clock.runNext();
    drainMicrotasks();
  }
  const [inspection] = inspector.inspections();
  if (inspection === undefined) throw new Error("The inspector has no states of n1");
  return { history, inspection };
}

describe("The states of a node", () => {
  test("change with its events, whose continuations have run", async () => {
    const { inspection, history } = await inspected(counting);
    const counts = inspection.states.map((state) => JSON.parse(state).entries[0][1]);
    expect(counts).toEqual(Array.from(counts.keys()));
    const added = history.filter(
      ({ type, f, node }) => type === "ok" && f === "add" && node === "n1",
    );
    expect(counts.length).toBe(added.length + 1);
    // A node counts an element between the invocation and the end of its operation.
    for (const [index, { time }] of added.entries()) {
      const at = inspection.times[index + 1] ?? Number.NaN;
      expect(at).toBeWithin(time - 1e6, time + 1);
    }
    expect(inspection.times[0]).toBeLessThan(0);
  });

  test("are thinned out when they are many", async () => {
    const { inspection } = await inspected(counting, 400);
    const { times, intervalNs } = inspection;
    expect(intervalNs).toBeGreaterThan(0);
    expect(times.length).toBeGreaterThan(1);
    expect(inspection.states.join("").length).toBeLessThan(500);
    for (const [index, time] of times.entries()) {
      expect(time - (times[index - 1] ?? Number.NEGATIVE_INFINITY)).toBeGreaterThanOrEqual(
        intervalNs,
      );
    }
  });

  test("are none without node.inspect", async () => {
    const { inspection } = await inspected(gSet);
    expect(inspection.states).toEqual([]);
  });

  test("say why they cannot be shown", async () => {
    const { inspection } = await inspected((node) => {
      counting(node);
      node.inspect(() => {
        throw new Error("not yet");
      });
    });
    expect(inspection.states).toEqual(['{"text":"node.inspect: Error: not yet"}']);
  });

  test("are taken without a trace in the run", async () => {
    const { history } = await inspected(counting);
    const plain = runSimulated("g-set", counting, OPTIONS);
    expect(history).toEqual([...plain.history]);
  });
});
