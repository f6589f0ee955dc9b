import { expect, test } from "bun:test";
import {
  filterLines,
  linesBeside,
} from "../../../../../../lib/workbench/report/page/run/log-lines.ts";
import { gossipRun } from "../../../../../support/report/report-run.ts";

const ALL = { node: "", text: "", from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };

function loggedRun() {
  const builder = gossipRun();
  builder.log("n0", 20, "starting", true);
  builder.log("n0", 100, "Got 7");
  builder.log("n1", 124, "got 7 from n0");
  builder.log("n3", 125, "idle");
  return builder.run();
}

test("Lines are on the clock of the messages, those of the start before it", () => {
  const run = loggedRun();
  expect(filterLines(run, ALL).map((row) => `${run.time(run.logged[row] ?? 0)} ${run.lineOf(row)}`))
    // The last node replied to init after 53 ms.
    .toEqual(["-0.033 s starting", "0.100 s Got 7", "0.124 s got 7 from n0", "0.125 s idle"]);
});

test("Lines are filtered by node, by text in any case, and by time", () => {
  const run = loggedRun();
  expect(filterLines(run, { ...ALL, node: "n0" })).toEqual([0, 1]);
  expect(filterLines(run, { ...ALL, text: "GOT" })).toEqual([1, 2]);
  expect(filterLines(run, { ...ALL, from: 100_000, to: 124_000 })).toEqual([1, 2]);
});

test("Lines beside messages are those of the messages' nodes, while they were under way", () => {
  const run = loggedRun();
  const gossip = run.header.messageTypes.indexOf("gossip");
  const rows = [...run.sent.keys()].filter((row) => run.columns.messageType[row] === gossip);
  // n0 to n1, from 103 to 123 ms; n1 to n2, from 130 to 150 ms.
  expect(linesBeside(run, rows.slice(0, 2)).map((row) => run.lineOf(row))).toEqual([
    "got 7 from n0",
  ]);
});

test("Lines after the last message extend the time that the diagrams show", () => {
  const builder = gossipRun();
  builder.log("n0", 900, "killed");
  const run = builder.run();
  expect(run.time(run.end)).toBe("0.900 s");
});

test("Lines beyond the limit are counted", () => {
  const builder = gossipRun();
  for (let line = 0; line < 5; line++) builder.log("n0", 100, "again");
  const run = builder.run([], { lines: 2 });
  expect(run.logged.length).toBe(2);
  expect(run.header.omissions.logLines).toBe(3);
});
