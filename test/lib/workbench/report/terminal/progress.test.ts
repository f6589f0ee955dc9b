import { describe, expect, test } from "bun:test";
import type { Json } from "../../../../../lib/vortex/index.ts";
import type { Operation } from "../../../../../lib/workbench/history/history.ts";
import {
  describeSeconds,
  fitLines,
  TestProgress,
} from "../../../../../lib/workbench/report/terminal/progress.ts";
import type { TestOptions } from "../../../../../lib/workbench/run/test-options.ts";
import { explosiveHistory } from "../../../../support/histories/register-histories.ts";
import { testOptionsOf } from "../../../../support/simulations/simulate.ts";

/** An entry of a history. The test's clock zero is 5 s after the start of the process. */
const entry = (fields: Partial<Operation>, seconds = 0): [Operation, number] => [
  { index: 0, time: seconds * 1e9, type: "invoke", process: 0, f: "echo", value: "a", ...fields },
  5000 + seconds * 1000,
];

/** Returns progress whose checks take no time, even on a busy machine. */
function progressOf(options: TestOptions): TestProgress {
  return new TestProgress(options, () => 0);
}

/** Returns a function that adds the invocation and ok completion of an operation. */
function operationsOf(progress: TestProgress) {
  let index = 0;
  return (f: string, invoked: Json, completed: Json, seconds: number) => {
    progress.add(...entry({ index: index++, f, value: invoked }, seconds));
    progress.add(...entry({ index: index++, f, type: "ok", value: completed }, seconds + 0.01));
  };
}

describe("TestProgress", () => {
  test("reports that nodes are starting until the first operation", () => {
    const progress = progressOf(testOptionsOf("echo"));
    expect(progress.describe(100)).toEqual([
      "starting",
      "0 ok, 0 fail, 0 info",
      "nothing wrong so far",
    ]);
  });

  test("reports invalid transactions, but not an empty dependency graph", () => {
    const options = testOptionsOf("txn-rw-register", { consistencyModels: ["read-committed"] });
    const progress = progressOf(options);
    expect(progress.describe(100)).toContain("nothing wrong so far");
    const ok = operationsOf(progress);
    ok("txn", [["w", 1, 1]], [["w", 1, 1]], 1); // biome-ignore format: one line
    expect(progress.describe(6500)).toContain("nothing wrong so far");
    ok("txn", [["r", 1, null]], [["r", 1, 1]], 2); // biome-ignore format: one line
    ok("txn", [["r", 1, null], ["w", 2, 1]], [["r", 1, 9], ["w", 2, 1]], 3); // biome-ignore format: one line
    ok("txn", [["w", 1, 8], ["w", 1, 9]], [["w", 1, 8], ["w", 1, 9]], 4); // biome-ignore format: one line
    ok("txn", [["r", 1, null]], [["r", 1, 8]], 5); // biome-ignore format: one line
    expect(progress.describe(11_000)).toContain("invalid");
  });

  test("counts operations and the time left", () => {
    const progress = progressOf(testOptionsOf("echo", { timeLimitS: 20 }));
    progress.add(...entry({}, 1));
    progress.add(...entry({ type: "ok", value: { echo: "a" } }, 1.5));
    progress.add(...entry({ process: 1 }, 2));
    progress.add(...entry({ process: 1, type: "info" }, 2.5));
    expect(progress.describe(5000 + 7500).slice(0, 2)).toEqual([
      "7.5 of 20 s, 13 s left",
      "1 ok, 0 fail, 1 info",
    ]);
  });

  test("includes the recovery if final operations follow it", () => {
    const options = testOptionsOf("broadcast", { timeLimitS: 20, recoveryS: 10 });
    const progress = progressOf(options);
    progress.add(...entry({ f: "read" }));
    const phaseAt = (seconds: number) => progress.describe(5000 + seconds * 1000)[0];
    expect(progress.lengthS).toBe(30);
    expect(phaseAt(5)).toBe("5.0 of 20 s, 25 s left");
    expect(phaseAt(24)).toBe("recovery without faults, 6 s left");
    expect(phaseAt(31)).toBe("final operations");
  });

  test("lists the active faults", () => {
    const progress = progressOf(testOptionsOf("echo"));
    const faults = () => progress.describe(6000).at(-1);
    const nemesis = (f: string, value: Json = null) =>
      progress.add(...entry({ process: "nemesis", type: "info", f, value }));
    nemesis("start-partition");
    nemesis("start-kill", "one");
    expect(faults()).toBe("faults: partition, kill (one)");
    nemesis("start-partition", ["isolated", { n0: ["n1"], n1: ["n0"] }]);
    nemesis("start-kill", { n1: "killed" });
    expect(faults()).toBe("faults: partition (n0 | n1), kill (n1 killed)");
    nemesis("stop-partition");
    expect(faults()).toBe("faults: kill (n1 killed)");
    nemesis("stop-kill");
    expect(faults()).toBe("nothing wrong so far");
  });

  test("reports an invalid test as soon as that is certain", () => {
    const progress = progressOf(testOptionsOf("unique-ids"));
    const generated = (value: string, index: number) => {
      progress.add(...entry({ f: "generate", value: null }, index));
      progress.add(...entry({ f: "generate", type: "ok", value }, index));
    };
    generated("a", 0);
    expect(progress.describe(6000)).toContain("nothing wrong so far");
    generated("a", 1);
    expect(progress.describe(6900)).toContain("nothing wrong so far"); // Once in a second.
    expect(progress.describe(7000)).toContain("invalid");
  });

  test("checks only the first 2000 entries of a long history, and says so", () => {
    const progress = progressOf(testOptionsOf("echo"));
    for (let index = 0; index < 1500; index++) {
      progress.add(...entry({}, 1));
      progress.add(...entry({ type: "ok", value: { echo: "a" } }, 1));
    }
    expect(progress.describe(7000)).toContain("nothing wrong in the first 2000 entries");
  });

  test("gives up an exponential search", () => {
    const progress = progressOf(testOptionsOf("lin-kv", { concurrency: 2 }));
    for (const operation of explosiveHistory()) progress.add(...entry(operation));
    expect(progress.describe(7000)).toContain("nothing wrong so far");
  });

  test("stops checking after a check of more than 20 ms, and says so", () => {
    let nowMs = 0;
    const progress = new TestProgress(testOptionsOf("echo"), () => {
      nowMs += 21;
      return nowMs;
    });
    progress.add(...entry({}, 1));
    expect(progress.describe(7000)).toContain("nothing wrong in the first 2 s");
    progress.add(...entry({ type: "ok", value: { echo: "b" } }, 3));
    expect(progress.describe(9000)).toContain("nothing wrong in the first 2 s");
  });

  test("reports values missing from the latest reads of broadcast, which later reads may return", () => {
    const progress = progressOf(testOptionsOf("broadcast"));
    const operation = operationsOf(progress);
    operation("broadcast", 7, 7, 0);
    operation("read", null, [7], 1);
    expect(progress.describe(6500)).toContain("nothing wrong so far");
    operation("read", null, [], 2);
    expect(progress.describe(7500)).toContain("1 value missing so far");
    operation("read", null, [7], 3);
    expect(progress.describe(8500)).toContain("nothing wrong so far");
  });

  test("reports an invalid log once polls prove it, but not messages that may still be polled", () => {
    const progress = progressOf(testOptionsOf("kafka"));
    const operation = operationsOf(progress);
    operation("send", [["send", "0", 1]], [["send", "0", [0, 1]]], 0);
    operation("send", [["send", "0", 2]], [["send", "0", [1, 2]]], 1);
    operation("poll", [["poll"]], [["poll", { "0": [[1, 2]] }]], 2);
    expect(progress.describe(7500)).toContain("nothing wrong so far");
    operation("poll", [["poll"]], [["poll", { "0": [[2, 2]] }]], 3);
    expect(progress.describe(8600)).toContain("invalid");
  });

  test("reports no early verdict on counters", () => {
    const progress = progressOf(testOptionsOf("g-counter"));
    expect(progress.describe(6000)).toContain("checked at the end");
  });
});

test("fitLines breaks a line to fit a narrow terminal", () => {
  const parts = ["7.5 of 20 s, 13 s left", "1 ok, 0 fail, 1 info", "nothing wrong so far"];
  expect(fitLines(parts, 80)).toBe(parts.join("; "));
  expect(fitLines(parts, 50)).toBe(
    "7.5 of 20 s, 13 s left; 1 ok, 0 fail, 1 info\nnothing wrong so far",
  );
  expect(fitLines(parts, 10)).toBe("7.5 of 20 \n1 ok, 0 fa\nnothing wr");
});

test("describeSeconds formats a minute or more with minutes", () => {
  expect([0.4, 59.4, 59.6, 125].map(describeSeconds)).toEqual([
    "0 s",
    "59 s",
    "1 min 0 s",
    "2 min 5 s",
  ]);
});
