/** Touch, wheel, keyboard and themes in Chromium; skipped without one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { BROWSER, type OpenedPage } from "../../../../support/browsers.ts";
import { openReport, settle, shownTime } from "../../../../support/report/opened-report.ts";
import { gossipRun, resultsOf } from "../../../../support/report/report-run.ts";

setDefaultTimeout(60_000);

describe.skipIf(BROWSER === undefined)("The report", () => {
  let opened: OpenedPage;
  const canvas = `document.querySelectorAll("canvas[role]")[1]`;
  const spanOf = async () => {
    const [from, to] = await shownTime(opened);
    return to - from;
  };
  /** Converts a position on the messages' diagram to one in the window. */
  const place = async (x: number, y: number) => {
    const box = (await opened.page.evaluate(`(() => {
      ${canvas}.scrollIntoView({ block: "center", behavior: "instant" });
      const { left, top } = ${canvas}.getBoundingClientRect();
      return { left, top };
    })()`)) as { left: number; top: number };
    return { x: Math.round(box.left + x), y: Math.round(box.top + y) };
  };
  const showAll = async () => {
    await opened.page.evaluate(`${canvas}.focus()`);
    await opened.page.keyboard.press("0");
    await opened.page.evaluate(`${canvas}.blur()`);
  };

  beforeAll(async () => {
    opened = await openReport(gossipRun(), resultsOf(true));
  });
  afterAll(() => opened?.close());

  test("zooms around two fingers and pans with one", async () => {
    await showAll();
    const before = await spanOf();
    const touch = await opened.page.createCDPSession();
    await touch.send("Emulation.setTouchEmulationEnabled", { enabled: true, maxTouchPoints: 2 });
    const move = async (
      type: "touchStart" | "touchMove" | "touchEnd",
      ...xs: readonly number[]
    ): Promise<void> => {
      const points = await Promise.all(xs.map((x) => place(x, 60)));
      const touchPoints = points.map((point, id) => ({ ...point, id }));
      await touch.send("Input.dispatchTouchEvent", { type, touchPoints });
    };
    await move("touchStart", 480, 520);
    for (const apart of [40, 60, 80, 120, 160]) await move("touchMove", 480 - apart, 520 + apart);
    await move("touchEnd");
    const [from, to] = await shownTime(opened);
    // The distance between the fingers grew from 40 to 360 pixels.
    expect(before / (to - from)).toBeGreaterThan(6);
    expect(before / (to - from)).toBeLessThan(10);

    await move("touchStart", 600);
    for (const x of [560, 500, 400]) await move("touchMove", x);
    await move("touchEnd");
    const [later] = await shownTime(opened);
    expect(later).toBeGreaterThan(from);
    expect(await spanOf()).toBeCloseTo(to - from, 2);
    await touch.send("Emulation.setTouchEmulationEnabled", { enabled: false });
  });

  test("zooms by Ctrl + wheel and double click, and pans by dragging", async () => {
    await showAll();
    const { mouse, keyboard } = opened.page;
    const before = await spanOf();
    const { x, y } = await place(500, 60);
    await mouse.move(x, y);
    // A wheel without Ctrl scrolls the page.
    await mouse.wheel({ deltaY: -100 });
    await settle();
    expect(await spanOf()).toBe(before);
    const middle = await place(500, 60);
    await mouse.move(middle.x, middle.y);
    await keyboard.down("Control");
    await mouse.wheel({ deltaY: -400 });
    await keyboard.up("Control");
    await settle();
    const near = await spanOf();
    expect(before / near).toBeCloseTo(1.0018 ** 400, 0);
    await mouse.click(middle.x, middle.y, { count: 2 });
    await settle();
    expect(near / (await spanOf())).toBeCloseTo(3, 0);
    const [from] = await shownTime(opened);
    await mouse.move(middle.x, middle.y);
    await mouse.down();
    await mouse.move(middle.x - 100, middle.y, { steps: 4 });
    await mouse.up();
    expect((await shownTime(opened))[0]).toBeGreaterThan(from);
  });

  test("pans, zooms and shows the whole run by keyboard", async () => {
    const { keyboard } = opened.page;
    await opened.page.evaluate(`${canvas}.focus()`);
    await keyboard.press("0");
    const all = await shownTime(opened);
    await keyboard.press("+");
    await keyboard.press("+");
    const [from, to] = await shownTime(opened);
    expect((all[1] - all[0]) / (to - from)).toBeCloseTo(1.6 ** 2, 0);
    await keyboard.press("ArrowRight");
    expect((await shownTime(opened))[0]).toBeGreaterThan(from);
    await keyboard.press("ArrowLeft");
    expect((await shownTime(opened))[0]).toBeCloseTo(from, 2);
    await keyboard.press("0");
    expect(await shownTime(opened)).toEqual(all);
  });

  test("reaches every control with Tab, and outlines the focused one", async () => {
    await opened.page.focus(".title button");
    const reached: string[] = [];
    for (let turn = 0; turn < 40; turn++) {
      await opened.page.keyboard.press("Tab");
      const [name, outline] = (await opened.page.evaluate(`(() => {
        const { activeElement: element } = document;
        const name = element.getAttribute("aria-label") ?? element.id ?? element.textContent;
        return [element.tagName + " " + (name || element.textContent).slice(0, 28), getComputedStyle(element).outlineStyle];
      })()`)) as [string, string];
      if (name.startsWith("BODY")) break;
      reached.push(name);
      expect(outline, name).not.toBe("none");
    }
    expect(reached).toEqual(
      expect.arrayContaining([
        "SUMMARY Command to repeat this run",
        "BUTTON Show all",
        "CANVAS Operations of each client ov",
        "INPUT filter-text",
        "CANVAS Messages between nodes, serv",
        "BUTTON Highlight its messages",
      ]),
    );
  });

  test("follows the system's theme until the button switches it", async () => {
    const { page } = opened;
    const look = async () => {
      await settle();
      return (await page.evaluate(`({
        background: getComputedStyle(document.documentElement).backgroundColor,
        picture: ${canvas}.toDataURL(),
        chart: document.querySelector(".uplot canvas").toDataURL(),
      })`)) as Record<string, string>;
    };
    const system = (value: string) =>
      page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value },
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
    const press = () => page.evaluate('document.querySelector(".title button").click()');
    const light = await look();
    expect(light["background"]).toBe("rgb(255, 255, 255)");
    await system("dark");
    const dark = await look();
    expect(dark["background"]).toBe("rgb(20, 23, 28)");
    expect(dark["picture"]).not.toBe(light["picture"] ?? "");
    expect(dark["chart"]).not.toBe(light["chart"] ?? "");
    await press();
    expect(await look()).toEqual(light);
    await system("light");
    await press();
    expect(await look()).toEqual(dark);
    await press();
    expect(await look()).toEqual(light);
  });

  test("marks the diagrams' visible time in the charts, and sets it by dragging there", async () => {
    await showAll();
    const chart = await opened.page.$(".chart .u-over");
    await chart?.evaluate((element) =>
      (element as unknown as { scrollIntoView(): void }).scrollIntoView(),
    );
    await settle();
    const box = await chart?.boundingBox();
    if (box == null) throw new Error("The page has no chart");
    await opened.page.mouse.move(box.x + box.width * 0.5, box.y + 40);
    await opened.page.mouse.down();
    await opened.page.mouse.move(box.x + box.width * 0.75, box.y + 40, { steps: 4 });
    await opened.page.mouse.up();
    const mark = (await opened.page.evaluate(`(() => {
      const { style } = document.querySelector(".time-mark");
      return [parseFloat(style.left), parseFloat(style.width)];
    })()`)) as [number, number];
    expect(mark[0]).toBeCloseTo(box.width * 0.5, -1);
    expect(mark[1]).toBeCloseTo(box.width * 0.25, -1);
  });

  test("logs nothing and requests nothing else", () => {
    expect(opened.complaints).toEqual([]);
  });
});
