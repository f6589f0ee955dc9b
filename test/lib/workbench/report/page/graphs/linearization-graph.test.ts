/** The drawing of partial linearizations in Chromium; skipped without one. */
import { afterAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { BROWSER, type OpenedPage } from "../../../../../support/browsers.ts";
import { openReport, rendered, textOf } from "../../../../../support/report/opened-report.ts";
import { resultsOf } from "../../../../../support/report/report-run.ts";
import { staleRead } from "../../../../../support/report/stale-read.ts";

setDefaultTimeout(60_000);

describe.skipIf(BROWSER === undefined)("Partial linearizations in the report", () => {
  const opened: OpenedPage[] = [];

  async function open(width: number, label?: string): Promise<OpenedPage> {
    const { run, finding } = staleRead(label);
    const report = await openReport(run, resultsOf(false, [finding]), { width });
    opened.push(report);
    await report.page.click(".finding-head");
    await rendered(report);
    return report;
  }

  let report: OpenedPage;
  beforeEach(async () => {
    report ??= await open(420);
  });
  afterAll(() => Promise.all(opened.map((each) => each.close())));

  const stateOf = (page: OpenedPage) => textOf(page, ".linearization output");
  const press = async (key: "ArrowLeft" | "ArrowUp" | "ArrowDown" | "Home" | "Enter") => {
    await report.page.focus(".linearization .scroll");
    await report.page.keyboard.press(key);
    await rendered(report);
  };

  test("show the end of the longest one first, and what the model refuses there", async () => {
    expect(await stateOf(report)).toBe(
      "Step 3 of 3: process 2, write 3. State: 3The model then refuses process 3's read: 1.",
    );
    expect(await report.page.$$(".operation-bar.refused")).toHaveLength(1);
    expect(await report.page.$$(".operation-bar.placed")).toHaveLength(3);
    expect(await textOf(report, ".linearization figcaption")).toContain("40 earlier operations");
    expect(await textOf(report, ".names")).toBe("process0123state");
  });

  test("step with keys, buttons and the slider, and show the state at each step", async () => {
    await press("ArrowLeft");
    expect(await stateOf(report)).toBe("Step 2 of 3: process 1, write 2. State: 2");
    expect(await textOf(report, ".state.current")).toBe("22");
    await press("Home");
    expect(await stateOf(report)).toBe("Before step 1. State: 7");
    await report.page.click(".linearization [aria-label='Next step']");
    await rendered(report);
    expect(await stateOf(report)).toBe("Step 1 of 3: process 0, write 1. State: 1");
    await report.page.focus(".linearization input");
    await report.page.keyboard.press("End");
    await rendered(report);
    expect(await stateOf(report)).toContain("The model then refuses");
  });

  test("can be chosen among", async () => {
    await press("ArrowDown");
    expect(await stateOf(report)).toContain("Step 2 of 2: process 1, write 2. State: 2");
    expect(await report.page.$$(".operation-bar.placed")).toHaveLength(2);
    await report.page.select(".linearization select", "0");
    await rendered(report);
    expect(await stateOf(report)).toContain("Step 3 of 3");
  });

  test("show the place of a selected operation, and highlight it in the diagrams", async () => {
    await press("ArrowDown");
    await report.page.evaluate(
      `document.querySelectorAll(".operation-bar")[2].dispatchEvent(new MouseEvent("click", { bubbles: true }))`,
    );
    await rendered(report);
    // The second order lacks it.
    expect(await stateOf(report)).toContain("Step 3 of 3: process 2, write 3");
    expect(await textOf(report, ".detail")).toContain("process 2 on n0");
    expect(await report.page.$$(".operation-bar.selected")).toHaveLength(1);
    await press("ArrowLeft");
    await press("Enter");
    expect(await textOf(report, ".detail")).toContain("process 1 on n1");
  });

  test("are a table as well", async () => {
    const table = await report.page.evaluate(
      `[...document.querySelectorAll(".linearization tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent).join(" "))`,
    );
    expect(table).toEqual([
      "1 0 write 1 1",
      "2 1 write 2 2",
      "3 2 write 3 3",
      "refused 3 read: 1 refused in state 3",
    ]);
    await report.page.click(".linearization summary");
    await report.page.click(".linearization tr:nth-child(4) button");
    await rendered(report);
    expect(await textOf(report, ".detail")).toContain("process 3 on n1");
  });

  test("fit a narrow window, and show the refusal without scrolling", async () => {
    expect(await report.page.evaluate("document.documentElement.scrollWidth")).toBe(420);
    await press("ArrowUp");
    const isVisible = await report.page.evaluate(`(() => {
      const mark = document.querySelector(".order-points .refusal").getBoundingClientRect();
      const view = document.querySelector(".linearization .scroll").getBoundingClientRect();
      return mark.left > view.left && mark.right < view.right;
    })()`);
    expect(isVisible).toBe(true);
  });

  test("treat labels as text", async () => {
    const page = await open(1280, "<img src=x onerror=alert(1)>\u202e");
    expect(await stateOf(page)).toContain("<img src=x onerror=alert(1)>\\u202e");
    expect(await page.page.$$(".linearization img")).toHaveLength(0);
    expect([...report.complaints, ...page.complaints]).toEqual([]);
  });
});
