import { describe, expect, test } from "bun:test";
import {
  type CycleLayout,
  layOutCycle,
} from "../../../../../../lib/workbench/report/page/graphs/cycle-layout.ts";
import type { CycleStep } from "../../../../../../lib/workbench/report/recorder/run-data.ts";
import { RunBuilder } from "../../../../../support/report/report-run.ts";

type Txn = RunBuilder["history"][number]["value"];

/** Lays out a cycle through all of the transactions, in order; each has a process of its own. */
function cycleOf(transactions: readonly Txn[], relation = "wr") {
  const builder = new RunBuilder("txn-rw-register", ["n0"], transactions.length).start();
  for (const [process, value] of transactions.entries()) {
    builder.operation({ process, node: "n0", type: "invoke", f: "txn", value }, 10 * process + 1);
    builder.operation({ process, node: "n0", type: "ok", f: "txn", value }, 10 * process + 2);
  }
  const steps = transactions.map((_, from): CycleStep => {
    const to = (from + 1) % transactions.length;
    return { from, to, relation, sentence: `T${from + 1} came before T${to + 1} (${relation})` };
  });
  return layOutCycle(builder.run(), steps);
}

const write = (key: number, value: number): Txn => [["w", key, value]];

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

function overlap(one: Box, other: Box): boolean {
  return (
    Math.abs(one.x - other.x) < (one.width + other.width) / 2 &&
    Math.abs(one.y - other.y) < (one.height + other.height) / 2
  );
}

function isWithin({ width, height }: CycleLayout, box: Box): boolean {
  return (
    box.x - box.width / 2 >= 0 &&
    box.x + box.width / 2 <= width &&
    box.y - box.height / 2 >= 0 &&
    box.y + box.height / 2 <= height
  );
}

describe("layOutCycle", () => {
  test("returns a box for each transaction, named as in the sentences, and an edge for each step", () => {
    const { nodes, edges } = cycleOf([write(1, 1), write(2, 2), write(3, 3)]);
    expect(nodes.map(({ name, operation }) => [name, operation])).toEqual([
      ["T1", 0],
      ["T2", 1],
      ["T3", 2],
    ]);
    expect(edges.map(({ lines }) => lines)).toEqual([
      ["wr", "T1 came before T2"],
      ["wr", "T2 came before T3"],
      ["wr", "T3 came before T1"],
    ]);
  });

  test.each([2, 3, 5, 9])("of %i transactions overlaps no boxes or labels", (count) => {
    const layout = cycleOf(Array.from({ length: count }, (_, number) => write(number, number)));
    const boxes = [...layout.nodes, ...layout.edges];
    for (const [index, box] of boxes.entries()) {
      expect(isWithin(layout, box)).toBe(true);
      for (const other of boxes.slice(index + 1)) expect(overlap(box, other)).toBe(false);
    }
  });

  test("draws each edge from border to border", () => {
    const { nodes, edges } = cycleOf([write(1, 1), write(2, 2)]);
    const boxAt = (point: { x: number; y: number } | undefined) =>
      point && nodes.find((node) => overlap({ ...point, width: 2, height: 2 }, node))?.name;
    const ends = edges.map(({ points }) => [boxAt(points[0]), boxAt(points.at(-1))]);
    expect(ends).toEqual([
      ["T1", "T2"],
      ["T2", "T1"],
    ]);
  });

  test("lists the steps of each transaction, one per line", () => {
    const { nodes } = cycleOf([
      [
        ["r", 1, null],
        ["w", 2, 5],
        ["append", 3, 7],
        ["r", 4, [1, 2]],
      ],
      write(1, 9),
    ]);
    expect(nodes[0]?.lines).toEqual([
      "T1 · process 0 on n0",
      "read 1 → null",
      "write 2 := 5",
      "append 7 to 3",
      "read 4 → [1,2]",
    ]);
  });

  test("truncates long transactions and values, and shows invisible characters", () => {
    const many = Array.from({ length: 12 }, (_, key) => ["w", key, key]);
    const huge = [["r", "\u202ekey", "x".repeat(900)]];
    const [long, cut] = cycleOf([many, huge]).nodes;
    expect(long?.lines).toHaveLength(10);
    expect(long?.lines.at(-1)).toBe("and 4 more");
    for (const line of cut?.lines ?? []) expect(line.length).toBeLessThanOrEqual(30);
    expect(cut?.lines.join("")).not.toContain("\u202e");
  });
});
