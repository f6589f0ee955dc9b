/** Reports in Chromium; skipped without one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { BROWSER, type OpenedPage, openPage } from "../../../../support/browsers.ts";
import { nodeProgram, temporaryDirectory, vortex } from "../../../../support/processes/vortex.ts";
import { openReport, settle } from "../../../../support/report/opened-report.ts";
import { gossipRun, RunBuilder, resultsOf } from "../../../../support/report/report-run.ts";

setDefaultTimeout(60_000);
if (BROWSER === undefined) {
  console.log("Skipping the report's browser tests: no Chromium found. Set CHROMIUM to its path");
}

const EVIL = "<img src=x onerror=alert(1)><script>alert(1)</script>";

describe.skipIf(BROWSER === undefined)("The report in a browser", () => {
  let opened: OpenedPage;
  const evaluate = (script: string) => opened.page.evaluate(script);

  beforeAll(async () => {
    const builder = gossipRun();
    builder.message("n0", "n1", 180, 1, { type: EVIL, value: EVIL });
    const finding = { anomaly: "lost", sentence: `7 is lost ${EVIL}`, operations: [{ index: 0 }] };
    const results = resultsOf(false, [finding], { lostCount: 1, attemptCount: 1 });
    opened = await openReport(builder, results);
  });
  afterAll(() => opened?.close());

  test("shows the verdict, and text from nodes as text", async () => {
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
    expect(count).toStartWith("4 of 15 messages match the filter");
    await evaluate(`document.querySelector("#filter-text").value = ""`);
    await opened.page.type("#filter-text", " ");
  });

  test("highlights a finding that is selected by keyboard", async () => {
    await opened.page.focus(".finding-head");
    await opened.page.keyboard.press("Enter");
    await settle();
    expect(await evaluate('document.querySelector(".detail").textContent')).toContain(
      "5 messages highlighted",
    );
    await opened.page.focus("canvas[role]");
    await opened.page.keyboard.press("Escape");
    await settle();
    expect(await evaluate('document.querySelector(".detail")')).toBeNull();
  });

  test("zooms by keyboard and shows the whole run again", async () => {
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

  test("shows the details of an operation that is clicked", async () => {
    // Its bar is where the first client's lane has pixels of the colour of ok.
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

  test("fits a narrow window", async () => {
    await opened.page.setViewport({ width: 380, height: 800 });
    await settle();
    expect(await evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(380);
  });

  test("logs nothing and requests nothing else", () => {
    expect(opened.complaints).toEqual([]);
  });
});

/** Operations and messages between five nodes, a tenth of them lost; one request to a service. */
function crowdedRun(messageCount: number): RunBuilder {
  const nodes = ["n0", "n1", "n2", "n3", "n4"];
  const run = new RunBuilder("broadcast", nodes).start();
  run.message("n4", "seq-kv", 10_000, 20, { type: "read", key: "k" });
  for (let number = 1; number < messageCount; number++) {
    const ms = 100 + number / 5;
    const [src = "", dest = ""] = [nodes[number % 5], nodes[(number * 7 + 1) % 5]];
    const isLost = number % 10 === 3;
    run.message(src, dest, ms, isLost ? undefined : 20, { type: "gossip", number });
    if (number % 20 !== 0) continue;
    const operation = { process: (number / 20) % 5, node: src, f: "read", value: number };
    run.operation({ ...operation, type: "invoke" }, ms);
    run.operation({ ...operation, type: "ok" }, ms + 0.5);
  }
  return run;
}

describe.skipIf(BROWSER === undefined)("The report of 100,000 messages", () => {
  let opened: OpenedPage;
  const canvas = `document.querySelectorAll("canvas[role]")[1]`;
  const count = () =>
    opened.page.evaluate(`document.querySelector("#message-count").textContent`) as Promise<string>;
  /** The diagram, once it has stopped changing. */
  const image = async () => {
    for (let last: unknown; ; ) {
      const now = await opened.page.evaluate(`${canvas}.toDataURL()`);
      if (now === last) return now;
      last = now;
      await settle();
    }
  };
  const press = async (keys: string) => {
    await opened.page.evaluate(`${canvas}.focus()`);
    for (const key of keys) await opened.page.keyboard.press(key as "0");
    await image();
  };
  const paintedPixels = () =>
    opened.page.evaluate(`(() => {
      // Reads from a copy, since reading the canvas itself makes the browser warn.
      const copy = new OffscreenCanvas(600, 100).getContext("2d", { willReadFrequently: true });
      copy.drawImage(${canvas}, -200, -30);
      const { data } = copy.getImageData(0, 0, 600, 100);
      return data.filter((value, index) => index % 4 === 3 && value > 0).length / 60_000;
    })()`);

  beforeAll(async () => {
    opened = await openReport(crowdedRun(100_000), resultsOf(true));
    await opened.page.evaluate(`${canvas}.scrollIntoView({ behavior: "instant" })`);
    await settle();
  });
  afterAll(() => opened?.close());

  test("says that it shows a sample until the reader zooms in far enough", async () => {
    expect(await count()).toBe(
      "100,010 messages; 10,000 never arrived (10,000 in flight at the end). Too many to draw: this is a sample. Zoom in to see each.",
    );
    await press("++++++++");
    expect(await count()).toBe(
      "100,010 messages; 10,000 never arrived (10,000 in flight at the end).",
    );
    expect(await paintedPixels()).toBeGreaterThan(0.15);
  });

  test("shows a message that is rare", async () => {
    await press("0");
    // Only this message is drawn between the last two lanes.
    const bluePixels = await opened.page.evaluate(`(() => {
      const { width, height } = ${canvas};
      const copy = new OffscreenCanvas(width, 20).getContext("2d", { willReadFrequently: true });
      copy.drawImage(${canvas}, 0, -(height - 46));
      const { data } = copy.getImageData(0, 0, width, 20);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 2] > data[at] + 60) count++;
      return count;
    })()`);
    expect(bluePixels).toBeGreaterThan(10);
  });

  test("shows the same picture after moving away and back", async () => {
    await press("0");
    const before = await image();
    await press("+++");
    const near = await image();
    expect(near).not.toBe(before);
    expect(await paintedPixels()).toBeGreaterThan(0.15);
    await press("0");
    expect(await image()).toBe(before);
  });

  test("shows messages after panning to earlier and later times", async () => {
    await press("0++++");
    // Another filter invalidates the raster of the whole run.
    await opened.page.select(".filter select", "n1");
    await settle();
    for (const way of ["ArrowRight", "ArrowLeft"] as const) {
      for (let turn = 0; turn < 20; turn++) await opened.page.keyboard.press(way);
      await image();
      expect(await paintedPixels()).toBeGreaterThan(0.15);
    }
    await opened.page.select(".filter select", "");
  });

  test("finds messages with a value, and the operation that is clicked", async () => {
    await press("0");
    await opened.page.type("#filter-text", "4242");
    await settle();
    expect(await count()).toBe(
      "1 of 100,010 messages match the filter; 10,000 never arrived (10,000 in flight at the end).",
    );
    const operations = await opened.page.$("canvas[role]");
    await operations?.click({ offset: { x: 500, y: 37 } });
    await settle();
    expect(await opened.page.evaluate('document.querySelector(".detail").textContent')).toContain(
      "read",
    );
  });

  test("logs nothing", () => {
    expect(opened.complaints).toEqual([]);
  });
});

describe.skipIf(BROWSER === undefined)("The report of a malicious node", () => {
  const HARM = `</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>"'>\u2028]]>`;
  const NODE = "n0<img src=x onerror=alert(1)></script><!--";

  test("shows ids, types, keys, values, errors and invalid lines as text", async () => {
    const harmful = nodeProgram(`
      const harm = ${JSON.stringify(HARM)};
      console.error(harm);
      print({ src: dest, dest, body: { type: harm, [harm]: harm, __proto__: harm, nested: [{ [harm]: 1 }] } });
      if (message.id < 30) reply({ type: "error", code: 11, text: harm });
      else print({ src: dest, dest: harm, body: {} });
    `);
    const store = temporaryDirectory();
    const { exitCode, stderr } = await vortex(
      ...["test", "-w", "echo", "--bin", harmful, "--nodes", NODE, "--time-limit", "1"],
      ...["--rate", "20", "--store", store, "--report", "--", HARM],
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(HARM) });

    const opened = await openPage(`file://${join(store, "latest/report.html")}`);
    try {
      await opened.shownMs();
      const text = await opened.page.evaluate("document.body.textContent");
      for (const shown of [NODE, "<script>alert(1)</script>"]) expect(text).toContain(shown);
      const injected = 'document.querySelectorAll("img, iframe, #app script, [onerror]").length';
      expect(await opened.page.evaluate(injected)).toBe(0);
      // Opens every finding and every row.
      await opened.page.evaluate(
        'for (const head of document.querySelectorAll("button, .finding-head, tr")) head.click()',
      );
      await Bun.sleep(400);
      expect(await opened.page.evaluate(injected)).toBe(0);
      expect(opened.complaints).toEqual([]);
    } finally {
      await opened.close();
    }
  });
});
