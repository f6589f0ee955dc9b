import { describe, expect, test } from "bun:test";
import type { Finding } from "../../../../../lib/workbench/checkers/checker.ts";
import {
  sentencesOf,
  withStaleInOne,
} from "../../../../../lib/workbench/report/terminal/findings.ts";

function finding(anomaly: string, sentence: string, moreCount?: number): Finding {
  return { anomaly, sentence, operations: [], ...(moreCount === undefined ? {} : { moreCount }) };
}

describe("sentencesOf", () => {
  test("counts the occurrences that are not described", () => {
    const findings = [finding("lost", "value 1"), finding("lost", "value 2", 18)];
    expect(sentencesOf(findings)).toEqual(["lost: value 1", "lost: value 2", "lost: and 18 more"]);
  });

  test("escapes control characters", () => {
    expect(sentencesOf([finding("lost", "value \u001b[2J")])).toEqual(["lost: value \\x1b[2J"]);
  });
});

describe("withStaleInOne", () => {
  test("joins stale values into one finding: allowed, how many, and the worst", () => {
    const findings = [
      finding("stale", "value 4 was missing from reads until 28.7 s"),
      finding("unexpected", "value 9"),
      finding("stale", "value 5 was missing from reads until 1 ms", 3),
    ];
    expect(withStaleInOne(findings, { staleCount: 5, attemptCount: 40 })).toEqual([
      finding("unexpected", "value 9"),
      finding(
        "stale",
        "5 of 40 values were missing from reads for a while after being acknowledged, which is " +
          "allowed; the worst: value 4 was missing from reads until 28.7 s",
      ),
    ]);
  });

  test("counts elements of a set by that name", () => {
    const [one] = withStaleInOne([finding("stale", "element 4 was missing")], {
      staleCount: 1,
      attemptCount: 2,
    });
    expect(one?.sentence).toStartWith("1 of 2 elements was missing from reads");
  });

  test("changes nothing without stale values", () => {
    const findings = [finding("lost", "value 4", 1)];
    expect(withStaleInOne(findings, { staleCount: 0 })).toEqual(findings);
    expect(withStaleInOne(findings, undefined)).toEqual(findings);
  });
});
