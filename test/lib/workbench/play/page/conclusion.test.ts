import { describe, expect, test } from "bun:test";
import { conclusionOf } from "../../../../../lib/workbench/play/page/conclusion.ts";
import type { Gauge } from "../../../../../lib/workbench/report/recorder/run-data.ts";

const VERDICT = "Valid: every value was read.";
const VALID = { valid: true, verdict: VERDICT } as const;
const MESSAGES = {
  name: "Messages per operation",
  unit: "",
  mustBe: "at most",
  explanation: "between servers",
} as const;
const EFFICIENT: Gauge = { ...MESSAGES, target: 1.1, isOwn: true, limit: 30 };

describe("conclusionOf a run", () => {
  test("is its verdict if it is not a stage", () => {
    const gauges = [{ ...EFFICIENT, value: 41.8 }];
    expect(conclusionOf({ ...VALID, gauges }, undefined)).toBe(VERDICT);
  });

  test("says that a valid run within Fly.io's limit passes", () => {
    const gauges = [{ ...EFFICIENT, value: 1.1 }];
    expect(conclusionOf({ ...VALID, gauges }, { id: "3d" })).toBe(`Stage 3d passed. ${VERDICT}`);
  });

  test("says which limit of Fly.io a valid run reaches, which it must stay below", () => {
    const latency: Gauge = {
      name: "Median stable latency",
      unit: "ms",
      value: 453,
      mustBe: "at most",
      target: 400,
      isOwn: true,
      limit: 400,
      explanation: "",
    };
    const gauges = [{ ...EFFICIENT, value: 30 }, latency];
    expect(conclusionOf({ ...VALID, gauges }, { id: "3d" })).toBe(
      "Stage 3d not passed: valid, but messages per operation: 30, not below 30; median stable latency: 453 ms, not below 400 ms",
    );
  });

  test("does not let Vortex's own target decide, and names it", () => {
    const gauges: Gauge[] = [{ ...MESSAGES, value: 4.26, target: 2.5, isOwn: true }];
    expect(conclusionOf({ ...VALID, gauges }, { id: "3c" })).toBe(
      `Stage 3c passed. ${VERDICT} messages per operation: 4.26 (Vortex’s own target: at most 2.5)`,
    );
  });

  test("says that an invalid run does not pass, whatever its figures are", () => {
    const run = { valid: false, verdict: "Invalid: a value is lost.", gauges: [] } as const;
    expect(conclusionOf(run, { id: "3a" })).toBe("Stage 3a not passed. Invalid: a value is lost.");
  });
});
