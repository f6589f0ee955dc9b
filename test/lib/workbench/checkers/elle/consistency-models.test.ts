import { describe, expect, test } from "bun:test";
import {
  anomaliesForbiddenBy,
  boundary,
} from "../../../../../lib/workbench/checkers/elle/consistency-models.ts";

const forbids = (model: string, anomaly: string) => anomaliesForbiddenBy([model]).has(anomaly);

describe("anomaliesForbiddenBy", () => {
  test.each([
    ["read-uncommitted", ["G0", "duplicate-elements", "cyclic-versions"], ["G1a", "G1c"]],
    ["read-committed", ["G0", "G1a", "G1b", "G1c", "incompatible-order"], ["internal"]],
    ["read-atomic", ["internal", "future-read"], ["lost-update", "G-single-item"]],
    ["cursor-stability", ["lost-update"], ["internal", "G-single-item"]],
    ["repeatable-read", ["G2-item", "G-single-item"], ["internal"]],
    ["snapshot-isolation", ["internal", "G-nonadjacent-item"], ["G2-item", "G2"]],
    ["serializable", ["G2-item", "internal", "G2"], ["G0-process", "G2-item-realtime"]],
    ["strong-session-serializable", ["G2-item-process"], ["G0-realtime"]],
    ["strict-serializable", ["G0-realtime", "G2-item-realtime", "G2-item-process"], []],
  ])("%s forbids %p, but not %p", (model, forbidden, allowed) => {
    expect(forbidden.filter((anomaly) => !forbids(model, anomaly))).toEqual([]);
    expect(allowed.filter((anomaly) => forbids(model, anomaly))).toEqual([]);
  });

  test("accepts Adya's names of models and the usual ones", () => {
    expect(anomaliesForbiddenBy(["PL-3"])).toEqual(anomaliesForbiddenBy(["serializable"]));
    expect(anomaliesForbiddenBy(["strong-serializable"])).toEqual(
      anomaliesForbiddenBy(["strict-serializable"]),
    );
  });

  test("returns what any of several models forbids", () => {
    const both = anomaliesForbiddenBy(["cursor-stability", "read-atomic"]);
    expect(both.has("lost-update") && both.has("internal")).toBe(true);
  });

  test("throws on an unknown model, and lists the known ones", () => {
    expect(() => anomaliesForbiddenBy(["linear"])).toThrow(/"linear": known are .*linearizable/);
  });
});

describe("boundary", () => {
  test("separates the weakest violated models from the stronger ones", () => {
    expect(boundary(["G-single-item-realtime"])).toEqual({
      not: ["strong-snapshot-isolation"],
      alsoNot: ["strong-serializable"],
    });
  });

  test("omits from `not` models that are stronger than another one there", () => {
    expect(boundary(["G0", "G2-item"]).not).toEqual(["read-uncommitted"]);
  });

  test("names several models if none implies the other", () => {
    expect(boundary(["lost-update"]).not).toEqual(["cursor-stability", "update-atomic"]);
  });

  test("rules out nothing for an anomaly that no model forbids", () => {
    expect(boundary(["empty-transaction-graph"])).toEqual({ not: [], alsoNot: [] });
  });
});
