import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  type LinearizationLayout,
  layOutLinearization,
  POINT_RADIUS,
} from "../../../../../../lib/workbench/report/page/graphs/linearization-layout.ts";
import type {
  PageBar,
  PageLinearization,
  PagePartial,
} from "../../../../../../lib/workbench/report/recorder/run-data.ts";

const formats = { time: (ticks: number) => `${ticks} s` };

/** An operation whose times are its indexes. */
function bar(process: number, invocation: number, completion?: number, label = "read: 1"): PageBar {
  const end = completion === undefined ? {} : { completion, end: completion };
  return { process, invocation, start: invocation, label, ...end };
}

function attemptOf(
  operations: readonly PageBar[],
  ...partials: readonly Partial<PagePartial>[]
): PageLinearization {
  const whole = { initialState: "0", steps: [], refused: [] };
  return {
    operations,
    omittedCount: 0,
    partials: partials.map((partial) => ({ ...whole, ...partial })),
    stuck: 0,
    unplaced: [],
  };
}

/** Steps through operations, each of which leaves the state of its position. */
function stepsOf(...operations: readonly number[]) {
  return operations.map((operation) => ({ operation, state: `${operation}` }));
}

function layOut(attempt: PageLinearization): LinearizationLayout {
  return layOutLinearization(formats, attempt);
}

/**
 * Histories of four clients, with a valid order and a prefix of it: each choice lets a client invoke,
 * take effect, then complete. Some never complete, and some never take effect.
 */
const attempts = fc
  .array(fc.record({ client: fc.nat(3), isLost: fc.boolean(), label: fc.string() }), {
    minLength: 1,
    maxLength: 120,
  })
  .map((choices): PageLinearization => {
    const operations: PageBar[] = [];
    const steps: PagePartial["steps"][number][] = [];
    const processes = [0, 1, 2, 3];
    const open = new Map<number, { readonly operation: number; isPlaced: boolean }>();
    for (const [index, { client, isLost, label }] of choices.entries()) {
      const process = processes[client] ?? 0;
      const current = open.get(client);
      if (current === undefined) {
        open.set(client, { operation: operations.length, isPlaced: false });
        operations.push(bar(process, index, undefined, label));
      } else if (!current.isPlaced) {
        current.isPlaced = true;
        steps.push({ operation: current.operation, state: label });
      } else {
        open.delete(client);
        if (isLost) processes[client] = process + 4;
        else {
          const invocation = operations[current.operation]?.invocation ?? 0;
          operations[current.operation] = bar(process, invocation, index, label);
        }
      }
    }
    const refused = [...open.values()]
      .filter(({ isPlaced }) => !isPlaced)
      .map(({ operation }) => operation);
    const half = steps.slice(0, steps.length / 2);
    return attemptOf(operations, { steps, refused }, { steps: half });
  });

describe("layOutLinearization", () => {
  test("gives each process a lane, by number, and each operation a bar in it", () => {
    const { lanes, bars } = layOut(attemptOf([bar(10, 0, 3), bar(9, 1, 2), bar(10, 4, 5)]));
    expect(lanes.map(({ process }) => process)).toEqual([9, 10]);
    const [first, second, third] = bars.map(({ y }) => y);
    expect(first).toBe(third);
    expect(second).toBeLessThan(first ?? 0);
  });

  test("keeps the order of events, however close or far apart they are", () => {
    const far = [bar(0, 0, 2), { ...bar(1, 1, 3), end: 9e9 }, { ...bar(0, 4, 5), start: 9e9 }];
    const { bars, width } = layOut(attemptOf(far));
    const [one, two, three] = bars.map(({ x, width }) => [x, x + width] as const);
    const xs = [one?.[0], two?.[0], one?.[1], two?.[1], three?.[0], three?.[1]];
    expect(xs).toEqual(xs.toSorted((a = 0, b = 0) => a - b));
    expect(new Set(xs).size).toBe(6);
    expect(width).toBeLessThan(400);
  });

  test("lets the bar of an indefinite operation last until the edge", () => {
    const info = { process: 0, invocation: 0, completion: 1, start: 0, label: "write 1" };
    const { bars, width } = layOut(attemptOf([info, bar(1, 2, 3)]));
    expect(bars.map(({ isOpen }) => isOpen)).toEqual([true, false]);
    expect((bars[0]?.x ?? 0) + (bars[0]?.width ?? 0)).toBe(width);
  });

  test("joins the steps that leave the state as it is", () => {
    const steps = ["0", "5", "5", "7"].map((state, operation) => ({ operation, state }));
    const operations = steps.map((_, process) => bar(process, process, 10 + process));
    const { orders, width } = layOut(attemptOf(operations, { steps }));
    const states = orders[0]?.states ?? [];
    expect(states.map(({ step, state }) => [step, state])).toEqual([
      [0, "0"],
      [2, "5"],
      [4, "7"],
    ]);
    const ends = states.map(({ x, width }) => x + width);
    expect(states.map(({ x }) => x)).toEqual([0, ...ends.slice(0, -1)]);
    expect(ends.at(-1)).toBe(width);
  });

  test("marks what the model refuses after the last point, each in its own bar", () => {
    const operations = [bar(0, 0, 5), bar(1, 1, 6), bar(2, 2, 7)];
    const { orders, bars } = layOut(attemptOf(operations, { steps: stepsOf(1), refused: [0, 2] }));
    const [order] = orders;
    const lastX = order?.points.at(-1)?.x ?? 0;
    expect(order?.refusals.map(({ operation, y }) => [operation, y])).toEqual(
      [0, 2].map((operation) => [operation, bars[operation]?.y ?? 0]),
    );
    for (const { x } of order?.refusals ?? []) expect(x).toBeGreaterThan(lastX);
  });

  test("goes back to the left where an order contradicts real time", () => {
    const operations = [bar(0, 0, 1), bar(1, 2, 3), bar(0, 4, 5)];
    const { bars, orders, width } = layOut(
      attemptOf(operations, { steps: stepsOf(1, 0), refused: [2] }),
    );
    const [order] = orders;
    for (const { operation, x } of [...(order?.points ?? []), ...(order?.refusals ?? [])]) {
      const { x: from = 0, width: length = 0 } = bars[operation] ?? {};
      expect(x).toBeGreaterThan(from);
      expect(x).toBeLessThan(from + length);
    }
    const states = order?.states ?? [];
    expect(states.map(({ state }) => state)).toEqual(["0", "1", "0"]);
    expect(states.map(({ x, width }) => x + width)).toEqual([width / 3, (2 * width) / 3, width]);
  });

  test("has bars without any order", () => {
    expect(layOut(attemptOf([bar(0, 0, 1)])).orders).toEqual([]);
  });

  test("cuts long labels, shorter among many operations, and shows invisible characters", () => {
    const label = `\u202e${"x".repeat(90)}`;
    const [few, many] = [3, 30].map((count) => {
      const operations = Array.from({ length: count }, (_, index) =>
        bar(index, 2 * index, 2 * index + 1, label),
      );
      const steps = [{ operation: 0, state: label }];
      return layOut(attemptOf(operations, { steps }, { steps }));
    });
    for (const layout of [few, many]) {
      expect(layout?.bars[0]?.label).toStartWith("\\u202exxx");
      expect(layout?.orders[0]?.states.at(-1)?.label).toStartWith("\\u202exxx");
    }
    const lengthIn = (layout: LinearizationLayout | undefined) =>
      layout?.bars[0]?.label.length ?? 0;
    expect(lengthIn(many)).toBeLessThan(lengthIn(few));
    expect(lengthIn(few)).toBeLessThan(50);
  });

  test("places every point within its bar and right of the point before it", () => {
    fc.assert(
      fc.property(attempts, (attempt) => {
        const { bars, orders } = layOut(attempt);
        for (const { points, refusals } of orders) {
          for (const { operation, x, y } of [...points, ...refusals]) {
            const { x: from = 0, y: middle, width = 0 } = bars[operation] ?? {};
            expect(y).toBe(middle ?? -1);
            expect(x).toBeGreaterThan(from);
            expect(x).toBeLessThan(from + width);
          }
          const xs = points.map(({ x }) => x);
          for (const [index, x] of xs.slice(1).entries()) {
            expect(x - (xs[index] ?? 0)).toBeGreaterThanOrEqual(2 * POINT_RADIUS);
          }
        }
      }),
    );
  });

  test("overlaps no bars, labels or times, and stays within its size", () => {
    fc.assert(
      fc.property(attempts, (attempt) => {
        const { bars, times, orders, lanes, width, height } = layOut(attempt);
        for (const { y } of lanes) {
          const inLane = bars.filter((each) => each.y > y && each.y < y + 40);
          for (const [index, { x, width: length, labelWidth, isOpen }] of inLane.entries()) {
            const next = inLane[index + 1]?.x ?? width;
            expect(x + labelWidth).toBeLessThanOrEqual(next);
            if (!isOpen) expect(x + length).toBeLessThan(next);
          }
        }
        for (const [index, { x, text }] of times.entries()) {
          expect(x + text.length * 7).toBeLessThanOrEqual(times[index + 1]?.x ?? width);
        }
        for (const { y } of bars) expect(y).toBeLessThan(height);
        for (const { states } of orders) {
          for (const { x, width: length, label } of states) {
            expect(label.length * 7).toBeLessThanOrEqual(Math.max(7, length));
            expect(x + length).toBeLessThanOrEqual(width);
          }
        }
      }),
    );
  });
});
