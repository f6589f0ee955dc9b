import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../../../lib/vortex/index.ts";
import { gossipRun, RunBuilder } from "../../../../../support/report/report-run.ts";

describe("ArrivalColumns", () => {
  test("finds the paths that hold only values that their senders had received or sent", () => {
    const run = gossipRun().run();
    expect(run.header.propagation?.paths).toEqual([".news[*][2]"]);
  });

  test("records when each value reached each node, and by which message", () => {
    const run = gossipRun().run();
    const { arrivalLane, arrivalAfter, arrivalMessage } = run.columns;
    const arrivals = [...arrivalLane].map((lane, index) => {
      const message = (arrivalMessage[index] ?? 0) - 1;
      const from = message < 0 ? "a client" : run.lane(run.columns.messageSource[message] ?? 0);
      return [run.lane(lane), from, (arrivalAfter[index] ?? 0) * run.tickMs];
    });
    expect(arrivals).toEqual([
      ["n0", "a client", 0],
      ["n1", "n0", 23],
      ["n2", "n1", 50],
    ]);
  });

  test("rejects a count that coincides with a value that its sender has", () => {
    const builder = new RunBuilder("broadcast", ["n0", "n1"]).start();
    for (const value of [1, 2, 3]) {
      const broadcast = { process: 0, node: "n0", f: "broadcast", value } as const;
      builder.operation({ ...broadcast, type: "invoke" }, value);
      builder.message("c5", "n0", value, 0, { type: "broadcast", message: value, msg_id: value });
    }
    builder.message("n0", "n1", 10, 1, { type: "gossip", count: 3, news: [1, 2, 3] });
    expect(builder.run().header.propagation?.paths).toEqual([".news[0]", ".news[1]", ".news[2]"]);
  });

  /** A run in which n0 sends three values to n1 in a body. */
  function runWith(fields: { readonly [field: string]: Json }) {
    const builder = new RunBuilder("broadcast", ["n0", "n1"]).start();
    for (const value of [11, 12, 13]) {
      const broadcast = { process: 0, node: "n0", f: "broadcast", value } as const;
      builder.operation({ ...broadcast, type: "invoke" }, value);
      builder.message("c5", "n0", value, 0, { type: "broadcast", message: value, msg_id: value });
    }
    builder.message("n0", "n1", 20, 1, { type: "gossip", ...fields });
    return builder.run();
  }

  test.each<readonly [what: string, fields: { readonly [field: string]: Json }, path: string]>([
    ["objects in lists", { batch: [{ item: { v: 11 } }, { item: { v: 12 } }] }, ".batch[*].item.v"],
    ["objects by node", { by: { n0: { v: 11 }, n7: { v: 12 } } }, ".by.n#.v"],
    ["keys of maps", { seen: { 11: true, 12: false } }, ".seen{key}"],
    ["names of keys", { seen: { "n0:11": true, "n0:12": true } }, ".seen{n#:#}"],
    ["texts", { seen: "11,12" }, '.seen""'],
    ["JSON within a text", { payload: '{"vs":[[11],[12]]}' }, '.payload"".vs[*][0]'],
  ])("finds values in %s", (_what, fields, path) => {
    const run = runWith(fields);
    expect(run.header.propagation?.paths).toEqual([path]);
    expect(run.header.propagation?.values.map(({ count }) => count)).toEqual([2, 2, 1]);
  });

  test("does not take the digits of names for values", () => {
    expect(runWith({ from: "n11", id: "x-12", ratio: "1.13" }).header.propagation?.paths).toEqual(
      [],
    );
  });
});
