/** Reports of empty, large and odd runs in Chromium; skipped without one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { BROWSER, type OpenedPage } from "../../../../support/browsers.ts";
import { openReport, settle, textOf } from "../../../../support/report/opened-report.ts";
import { gossipRun, RunBuilder, resultsOf } from "../../../../support/report/report-run.ts";

setDefaultTimeout(60_000);

/** Unusual runs, and text that their reports must show. */
const UNUSUAL: Readonly<Record<string, readonly [run: () => RunBuilder, shows: string]>> = {
  "without operations": [
    () => new RunBuilder("echo", ["n0"]).start(),
    "2 messages; 0 never arrived",
  ],
  "without events": [() => new RunBuilder("lin-kv", ["n0", "n1"]), "0 messages"],
  "without messages": [
    () => {
      const run = new RunBuilder("echo", ["n0"]);
      run.operation({ process: 0, node: "n0", type: "invoke", f: "echo", value: "a" }, 5);
      return run;
    },
    "0 messages; 0 never arrived",
  ],
  "of one node and one moment": [
    () => {
      const run = new RunBuilder("broadcast", ["n0"]).start();
      const broadcast = { process: 0, node: "n0", f: "broadcast", value: 1 } as const;
      run.operation({ ...broadcast, type: "invoke" }, 0);
      run.operation({ ...broadcast, type: "ok" }, 0);
      return run;
    },
    "Propagation of values",
  ],
  "of 60 nodes": [
    () => {
      const nodes = Array.from({ length: 60 }, (_, index) => `n${index}`);
      const run = new RunBuilder("broadcast", nodes).start();
      for (const node of nodes) run.message(node, "n0", 200, 3, { type: "hello" });
      return run;
    },
    "180 messages",
  ],
  "with very long names": [
    () => {
      const nodes = ["a".repeat(200), `${"b".repeat(200)}1`, "n".repeat(200)];
      const run = new RunBuilder("kafka", nodes).start();
      const [node = ""] = nodes;
      const sent = { process: 0, node, f: "send".repeat(40), value: "v".repeat(300) } as const;
      run.operation({ ...sent, type: "invoke" }, 100);
      run.operation({ ...sent, type: "ok", value: "k".repeat(400) }, 140);
      run.message(node, nodes[1] ?? "", 110, 9, { type: "t".repeat(300), x: "y".repeat(900) });
      return run;
    },
    "a".repeat(200),
  ],
  "with right-to-left text, emoji and invisible characters": [
    () => {
      const run = new RunBuilder("kafka", [
        "\u05d0\u05d1\u05d2",
        "\ud83d\ude80",
        "\u202en2",
      ]).start();
      run.message("\ud83d\ude80", "\u202en2", 110, 9, {
        type: "\u0645\u0631\u062d\u0628\u0627",
        x: "\ud800",
      });
      return run;
    },
    "\\u202en2",
  ],
  "that was interrupted": [() => gossipRun(), "No verdict"],
};

describe.skipIf(BROWSER === undefined)("The report of a run", () => {
  let first: OpenedPage;

  // Keeps the browser open between tests.
  beforeAll(async () => {
    first = await openReport(gossipRun(), resultsOf(true));
  });
  afterAll(() => first?.close());

  test.each(Object.keys(UNUSUAL))("%s fits a wide and a narrow window", async (name) => {
    const [build, shows] = UNUSUAL[name] ?? [gossipRun, ""];
    const results = name === "that was interrupted" ? undefined : resultsOf(true);
    const opened = await openReport(build(), results);
    try {
      expect(await textOf(opened, "main")).toContain(shows);
      const canvases = await opened.page.$$("canvas[role]");
      for (const canvas of canvases) {
        await canvas.press("+");
        await canvas.press("ArrowLeft");
        await canvas.press("0");
        await canvas.click();
      }
      await opened.page.setViewport({ width: 400, height: 800 });
      await settle();
      const width = "document.documentElement.scrollWidth";
      expect(await opened.page.evaluate(width)).toBeLessThanOrEqual(400);
      expect(opened.complaints).toEqual([]);
    } finally {
      await opened.close();
    }
  });
});
