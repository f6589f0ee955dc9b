/** The page as a reader has it: needs a Chromium, and is left out where there is none. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { writeReport } from "../../../../lib/workbench/report/stored-run.ts";
import { BROWSER, type OpenedPage, openPage } from "../../../support/browser.ts";
import { gossipRun, resultsOf } from "../../../support/report-run.ts";
import { temporaryDirectory } from "../../../support/vortex.ts";

setDefaultTimeout(60_000);
if (BROWSER === undefined) {
  console.log("No Chromium here: the report is not tried in a browser (CHROMIUM names one)");
}

const EVIL = "<img src=x onerror=alert(1)><script>alert(1)</script>";

describe.skipIf(BROWSER === undefined)("The report in a browser", () => {
  let opened: OpenedPage;
  const evaluate = (script: string) => opened.page.evaluate(script);
  const settle = () => Bun.sleep(400);

  beforeAll(async () => {
    const builder = gossipRun();
    builder.message("n0", "n1", 180, 1, { type: EVIL, value: EVIL });
    const finding = { anomaly: "lost", sentence: `7 is lost ${EVIL}`, operations: [{ index: 0 }] };
    const results = resultsOf(false, [finding], { lostCount: 1, attemptCount: 1 });
    const directory = join(temporaryDirectory(), "run");
    builder.store(directory, results);
    opened = await openPage(`file://${await writeReport(directory)}`);
    await opened.shownMs();
  });
  afterAll(() => opened?.close());

  test("shows the verdict, and what nodes said as text", async () => {
    expect(await evaluate('document.querySelector("#verdict").textContent')).toStartWith(
      "Invalid: 1 of 1 value was lost",
    );
    expect(await evaluate('document.querySelector(".finding").textContent')).toContain(EVIL);
    expect(await evaluate('document.querySelectorAll("img, #app script").length')).toBe(0);
  });

  test("filters messages", async () => {
    await opened.page.type("#filter-text", "7");
    await settle();
    const count = await evaluate('document.querySelector("#message-count").textContent');
    expect(count).toStartWith("4 of 15 messages pass the filter");
    await evaluate(`document.querySelector("#filter-text").value = ""`);
    await opened.page.type("#filter-text", " ");
  });

  test("lights up what a finding consists of when it is picked, by the keyboard too", async () => {
    await opened.page.focus(".finding-head");
    await opened.page.keyboard.press("Enter");
    await settle();
    expect(await evaluate('document.querySelector(".detail").textContent')).toContain(
      "5 messages lit up",
    );
    await opened.page.focus("canvas[role]");
    await opened.page.keyboard.press("Escape");
    await settle();
    expect(await evaluate('document.querySelector(".detail")')).toBeNull();
  });

  test("zooms by the keyboard and shows all again", async () => {
    const image = () => evaluate('document.querySelector("canvas[role]").toDataURL()');
    const before = await image();
    await opened.page.focus("canvas[role]");
    await opened.page.keyboard.press("+");
    await settle();
    expect(await image()).not.toBe(before);
    await opened.page.keyboard.press("0");
    await settle();
    expect(await image()).toBe(before);
  });

  test("answers a click on an operation", async () => {
    // Its bar lies where the pixels of the first client's lane have the colour of ok.
    const place = (await evaluate(`(() => {
      const canvas = document.querySelector("canvas[role]");
      canvas.scrollIntoView({ block: "center", behavior: "instant" });
      const y = 37;
      const { data } = canvas.getContext("2d").getImageData(0, y, canvas.width, 1);
      let x = 100;
      while (x < canvas.width && !(data[4 * x + 1] > data[4 * x] + 40 && data[4 * x + 3] > 200)) x++;
      const box = canvas.getBoundingClientRect();
      return { x: box.left + x + 1, y: box.top + y };
    })()`)) as { x: number; y: number };
    await opened.page.mouse.click(place.x, place.y);
    await settle();
    expect(await evaluate('document.querySelector(".detail").textContent')).toContain(
      "broadcast 7",
    );
  });

  test("has no line wider than a narrow window", async () => {
    await opened.page.setViewport({ width: 380, height: 800 });
    await settle();
    expect(await evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(380);
  });

  test("complained of nothing, and asked for nothing else", () => {
    expect(opened.complaints).toEqual([]);
  });
});
