import { expect, test } from "bun:test";
import type { Json } from "../../../../../../lib/vortex/index.ts";
import { faultsBeside } from "../../../../../../lib/workbench/report/page/run/faults-beside.ts";
import { gossipRun } from "../../../../../support/report/report-run.ts";

/** What is listed with the first gossip, from n0 to n1, from 103 to 123 ms. */
function listed(...faults: readonly (readonly [f: string, value: Json, ms: number])[]): string[] {
  const builder = gossipRun();
  for (const [f, value, ms] of faults) {
    builder.operation({ process: "nemesis", type: "info", f, value }, ms);
  }
  const run = builder.run();
  const gossip = run.header.messageTypes.indexOf("gossip");
  const row = run.columns.messageType.indexOf(gossip);
  return faultsBeside(run, { kind: "message", row }, [row]).map(({ detail }) => detail);
}

test("Faults beside a selection are those on its nodes, or on the network, while it lasts", () => {
  expect(
    listed(
      ["start-kill", { n0: "killed" }, 104],
      ["start-loss", "a fifth of all messages", 105],
      ["stop-kill", { n0: "started" }, 106],
    ),
  ).toEqual(["n0 killed", "a fifth of all messages"]);
});

test("Faults of other nodes, and of other times, are not beside it", () => {
  expect(
    listed(
      ["start-pause", { n0: "paused" }, 1],
      ["stop-pause", { n0: "resumed" }, 2],
      ["start-kill", { n3: "killed" }, 104],
      ["start-disk", { n0: "syncs slowly" }, 5000],
    ),
  ).toEqual([]);
});
