import { describe, expect, test } from "bun:test";
import {
  type Filter,
  filterMessages,
  NO_FILTER,
} from "../../../../../../lib/workbench/report/page/run/filter.ts";
import { gossipRun, RunBuilder } from "../../../../../support/report/report-run.ts";

describe("A message filter", () => {
  const run = gossipRun().run();
  const matching = (filter: Partial<Filter>) =>
    [...(filterMessages(run, { ...NO_FILTER, ...filter }) ?? [])].map(
      (row) =>
        `${run.lane(run.columns.messageSource[row] ?? 0)}>${run.lane(run.columns.messageDest[row] ?? 0)}`,
    );

  test("is undefined without conditions", () => {
    expect(filterMessages(run, NO_FILTER)).toBeUndefined();
  });

  test("matches a node at either end, a type, lost messages, and their combination", () => {
    expect(matching({ node: "n2" }).slice(2)).toEqual(["n1>n2", "n2>n3"]);
    expect(matching({ type: "gossip" })).toEqual(["n0>n1", "n1>n2", "n1>n3", "n2>n3"]);
    expect(matching({ onlyLost: true })).toEqual(["n1>n3"]);
    expect(matching({ type: "gossip", node: "n2", text: "7" })).toEqual(["n1>n2"]);
  });

  test("matches whole numbers and words, and other text literally", () => {
    const builder = new RunBuilder("echo", ["n0", "n1"]).start();
    for (const [index, value] of [12, 123, 1.2, "a.b", "[x]"].entries()) {
      builder.message("n0", "n1", 10 + index, 1, { type: "t", value });
    }
    const numbers = builder.run();
    const rowsOf = (text: string) =>
      [...(filterMessages(numbers, { ...NO_FILTER, text }) ?? [])].map((row) => row - 4);
    expect(rowsOf("12")).toEqual([0]);
    expect(rowsOf("1.2")).toEqual([2]);
    expect(rowsOf("2")).toEqual([]);
    expect(rowsOf("a.b")).toEqual([3]);
    expect(rowsOf("[x]")).toEqual([4]);
    expect(rowsOf("(")).toEqual([]);
  });
});
