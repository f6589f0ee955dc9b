/**
 * Public reports that no other test repeats.
 *
 * @see docs/public-reports.md
 */
import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import type { Node } from "../lib/vortex/index.ts";
import { checkHistory } from "../lib/workbench/run/check-history.ts";
import { fail, history, invoke, ok, whole } from "./support/histories/history.ts";
import { poll, send, sequence } from "./support/histories/kafka-operations.ts";
import { runSimulated } from "./support/simulations/simulate.ts";

describe("A public report:", () => {
  test("maelstrom #92, an invalid first operation of lin-kv, gets a verdict", () => {
    const reported = history(
      invoke(1, "read", [2, null]),
      invoke(101, "write", [2, 3]),
      fail(101, ["temporarily-unavailable", null]),
      ok(1, [2, 3]),
    );
    const { workload } = checkHistory("lin-kv", reported, {});
    expect(workload).toMatchObject({
      valid: false,
      explanation: [{ anomaly: "nonlinearizable" }],
    });
  });

  test("elle #20, an example of a paper, is a G-single", () => {
    const appends = (key: number, ...values: number[]) =>
      values.map((value) => ["append", key, value]);
    const first = [...appends(253, 1, 3, 4), ...appends(255, 2, 3, 4, 5), ...appends(256, 1, 2)];
    const reported = history(
      whole(0, "txn", first),
      whole(0, "txn", [
        ["append", 255, 8],
        ["r", 253, [1, 3, 4]],
      ]),
      whole(0, "txn", [
        ["append", 256, 4],
        ["r", 255, [2, 3, 4, 5, 8]],
        ["r", 256, [1, 2, 4]],
        ["r", 253, [1, 3, 4]],
      ]),
      whole(0, "txn", [
        ["append", 250, 10],
        ["r", 253, [1, 3, 4]],
        ["r", 255, [2, 3, 4, 5]],
        ["append", 256, 3],
      ]),
    );
    const { workload } = checkHistory("txn-list-append", reported, {
      consistencyModels: ["serializable"],
    });
    expect(workload).toMatchObject({ valid: false, anomalyTypes: ["G-single-item"] });
  });

  test("maelstrom #79, a kafka node that answers no request, gets a verdict", () => {
    const silent = (node: Node): void => {
      for (const type of ["send", "poll", "commit_offsets", "list_committed_offsets"]) {
        node.handle(type, v.looseObject({}), () => new Promise<never>(() => {}));
      }
    };
    const { result } = runSimulated("kafka", silent, { nodeCount: 1, rate: 20, timeLimitS: 5 });
    expect(result.valid).toBe(false);
    expect(result.workload).toMatchObject({
      explanation: [{ anomaly: "empty-transaction-graph" }],
    });
  });

  test("maelstrom #51, large offsets of kafka, gets a verdict", () => {
    const offsets = Array.from({ length: 1000 }, (_, index) => index * 4e12);
    const sends = offsets.map((offset, message) => send(0, "9", message, offset));
    const polled = offsets.map((offset, message) => [offset, message] as const);
    const { workload } = checkHistory("kafka", sequence(...sends, poll(1, { "9": polled })), {});
    expect(workload).toMatchObject({ valid: true, explanation: [] });
  });

  test("maelstrom #51, offsets above 2^53, gets a reason", () => {
    const reported = sequence(send(0, "9", 1, 2 ** 60), poll(1, { "9": [[2 ** 60, 1]] }));
    const { valid, workload } = checkHistory("kafka", reported, {});
    expect(valid).toBe("unknown");
    expect(workload).toMatchObject({ error: expect.stringContaining("2^53") });
  });
});
