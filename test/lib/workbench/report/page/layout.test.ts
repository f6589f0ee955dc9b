/** The page in print, on a narrow screen, and unscrolled, in Chromium; skipped without one. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { writeReport } from "../../../../../lib/workbench/report/html/stored-run.ts";
import { BROWSER, openPage } from "../../../../support/browsers.ts";
import { temporaryDirectory } from "../../../../support/processes/vortex.ts";
import { openReport, settle, textOf } from "../../../../support/report/opened-report.ts";
import { gossipRun, resultsOf } from "../../../../support/report/report-run.ts";

setDefaultTimeout(60_000);

/** A run with logs and a lost value. */
function loggedRun() {
  const run = gossipRun();
  run.log("n1", 124, "received\t\u001b[31m7\u001b[0m from n0");
  run.log("n3", 124, "idle");
  for (const f of ["start-partition", "stop-partition"]) {
    const value = { grudge: { n1: ["n3"] } };
    for (const ms of [125, 126]) run.operation({ process: "nemesis", type: "info", f, value }, ms);
  }
  return run;
}

const LOST = {
  anomaly: "lost",
  sentence: "value 7 is lost\nin two lines",
  operations: [{ index: 0 }],
};

/** Returns how each canvas is drawn: its width, that of its place, and whether it has any colour. */
async function canvases(page: Page): Promise<{ width: number; place: number; hasInk: boolean }[]> {
  return JSON.parse(
    String(
      await page.evaluate(`JSON.stringify([...document.querySelectorAll("canvas")].map((canvas) => {
        const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        return {
          width: canvas.getBoundingClientRect().width,
          place: canvas.closest(".lanes, .chart > div").clientWidth,
          hasInk: data.some((value) => value > 0),
        };
      }))`),
    ),
  );
}

describe.skipIf(BROWSER === undefined)("The report's layout", () => {
  test("draws every chart before the page is scrolled", async () => {
    const opened = await openReport(loggedRun(), resultsOf(false, [LOST]), { height: 300 });
    await settle();
    const drawn = await canvases(opened.page);
    expect(drawn.length).toBeGreaterThan(4);
    expect(drawn.filter(({ hasInk }) => !hasInk)).toEqual([]);
    await opened.close();
  });

  test("redraws a diagram off screen when the visible time has changed", async () => {
    const opened = await openReport(loggedRun(), resultsOf(false, [LOST]), { height: 300 });
    await settle();
    const picture = () =>
      opened.page.evaluate(`[...document.querySelectorAll(".lanes canvas")].at(-1).toDataURL()`);
    const before = await picture();
    await opened.page.evaluate(`document.querySelector("[aria-label='Zoom in']").click()`);
    await settle();
    expect(await opened.page.evaluate("scrollY")).toBe(0);
    expect(await picture()).not.toBe(before);
    await opened.close();
  });

  test("scales the charts to the paper, and keeps the proportions of the diagrams", async () => {
    const opened = await openReport(loggedRun(), resultsOf(false, [LOST]));
    await settle();
    // As in print: the layout changes, and no script runs before the page is drawn.
    await opened.page.evaluate(`ResizeObserver.prototype.observe = () => {};`);
    await opened.page.emulateMediaType("print");
    await opened.page.evaluate(`document.body.style.width = "700px"`);
    for (const { width, place } of await canvases(opened.page)) {
      expect(Math.abs(width - place)).toBeLessThan(2);
    }
    const isDistorted = await opened.page.evaluate(`[...document.querySelectorAll("canvas")].some(
      (canvas) => {
        const { width, height } = canvas.getBoundingClientRect();
        return Math.abs(width / height - canvas.width / canvas.height) > 0.1;
      },
    )`);
    expect(isDistorted).toBe(false);
    await opened.close();
  });

  test("fits 420 pixels without a word cut in two", async () => {
    const opened = await openReport(loggedRun(), resultsOf(false, [LOST]), { width: 420 });
    await settle();
    expect(await opened.page.evaluate("document.documentElement.scrollWidth")).toBe(420);
    await opened.page.evaluate(`document.querySelector(".finding-head").click()`);
    await settle();
    // A cell whose text wraps within a word is narrower than its longest word.
    const cut = await opened.page.evaluate(`[...document.querySelectorAll("td:not(.code)")]
      .filter((cell) => {
        const word = document.createElement("span");
        word.style.cssText = "position: absolute; white-space: pre";
        cell.append(word);
        const words = cell.textContent.split(/\\s+/);
        const widths = words.map((text) => ((word.textContent = text), word.offsetWidth));
        word.remove();
        return Math.max(...widths) > cell.clientWidth + 1;
      }).length`);
    expect(cut).toBe(0);
    await opened.close();
  });

  test("shows node logs: listed, and among the messages of a finding", async () => {
    const opened = await openReport(loggedRun(), resultsOf(false, [LOST]));
    expect(await textOf(opened, ".log-lines tbody")).toContain("n1received\t7 from n0");
    await opened.page.evaluate(`document.querySelector(".finding-head").click()`);
    await settle();
    expect(await textOf(opened, ".messages .logged")).toBe(
      "n1 logged at 0.124 sreceived\t7 from n0",
    );
    expect(await textOf(opened, ".messages .fault")).toStartWith(
      "partition from 0.125 s to 0.125 s",
    );
    await opened.close();
  });

  test("lists the program's assertions, those that never counted first", async () => {
    const coverage = {
      sometimes: [
        { name: "a leader was elected", count: 1200 },
        { name: "a vote was <b>split", count: 0 },
      ],
      always: [{ name: "terms only grow", count: 7 }],
    };
    const opened = await openReport(gossipRun(), { ...resultsOf(true), coverage });
    const section = "section[aria-labelledby=assertions]";
    expect(await textOf(opened, `${section} .hint`)).toContain("reached 1 of the 2 situations");
    expect(await textOf(opened, `${section} tbody`)).toBe(
      "a vote was <b>splitnevera leader was elected1,200",
    );
    expect(await textOf(opened, section)).toContain("terms only grow7");
    await opened.close();
  });

  test("follows the chosen finding in the propagation, and keeps its line breaks", async () => {
    const run = loggedRun();
    const value = { process: 1, node: "n1", f: "broadcast", value: 8 } as const;
    const index = run.operation({ ...value, type: "invoke" }, 200);
    run.message("c9", "n1", 200, 0, { type: "broadcast", message: 8, msg_id: 1 });
    run.operation({ ...value, type: "ok" }, 202);
    const findings = [LOST, { ...LOST, anomaly: "lost", operations: [{ index }] }];
    const opened = await openReport(run, resultsOf(false, findings));
    const choose = async (index: number) => {
      await opened.page.evaluate(`document.querySelectorAll(".finding-head")[${index}].click()`);
      await settle();
      return opened.page.evaluate(
        `document.querySelector("section[aria-labelledby=propagation] select").value`,
      );
    };
    expect(await choose(0)).toBe("7");
    expect(await choose(1)).toBe("8");
    expect(await textOf(opened, ".finding-text")).toBe("value 7 is lost\nin two lines");
    await opened.close();
  });

  test("shows the lines of a crash as lines", async () => {
    const directory = join(temporaryDirectory(), "run");
    loggedRun().store(directory, undefined);
    const crash = "Node n0 crashed with exit status 1\nIts stderr:\n\tat main";
    writeFileSync(join(directory, "crash.txt"), `${crash}\n`);
    const opened = await openPage(`file://${await writeReport(directory)}`);
    await opened.shownMs();
    expect(await textOf(opened, "#verdict")).toBe(
      "No verdict: the run crashed. Node n0 crashed with exit status 1",
    );
    expect(await textOf(opened, "#crash")).toBe("Its stderr:\n\tat main");
    await opened.close();
  });

  test("names the unit at every axis, and the kind of latency", async () => {
    const opened = await openReport(loggedRun(), resultsOf(true));
    const titles = await opened.page.evaluate(
      `[...document.querySelectorAll("figcaption")].map((title) => title.textContent).join("; ")`,
    );
    expect(titles).toBe(
      "Request latency, from invocation to completion; Distribution of request latency, ok operations; Operations per second; Messages per second",
    );
    expect(await textOf(opened, ".gauges")).toContain("Median request latency");
    await opened.close();
  });

  test("takes a figure for missed by Fly.io's limit, not by Vortex's own target", async () => {
    const directory = join(temporaryDirectory(), "run");
    gossipRun().store(directory, resultsOf(true));
    const target = { msgsPerOp: 2, medianMs: 0.5, limits: { msgsPerOp: 30 } };
    const opened = await openPage(
      `file://${await writeReport(directory, { targetOf: () => target })}`,
    );
    await opened.shownMs();
    const figures = await textOf(opened, ".gauges");
    expect(figures).toContain("✓ Fly.io’s limit: below 30");
    expect(figures).toContain("Vortex’s own target: at most 2, missed");
    expect(figures).toContain("Vortex’s own target: at most 0.5 ms, missed. Fly.io sets no limit");
    expect(figures).not.toContain("✗");
    await opened.close();
  });
});
