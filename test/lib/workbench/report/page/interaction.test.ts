/** The report in a reader's hands: fingers, keys, themes. Left out where there is no Chromium. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { RunList } from "../../../../../lib/workbench/report/server/run-list.ts";
import { temporaryDirectory } from "../../../../support/processes/vortex.ts";
import { BROWSER, type OpenedPage, openPage } from "../../../../support/report/browser.ts";
import { openReport, settle, shownTime, textOf } from "../../../../support/report/opened-report.ts";
import { gossipRun, RunBuilder, resultsOf } from "../../../../support/report/report-run.ts";

setDefaultTimeout(60_000);

describe.skipIf(BROWSER === undefined)("A reader of the report", () => {
  let opened: OpenedPage;
  const canvas = `document.querySelectorAll("canvas[role]")[1]`;
  const spanOf = async () => {
    const [from, to] = await shownTime(opened);
    return to - from;
  };
  /** A place on the messages' diagram, from its left and its top edge. */
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

  test("zooms with two fingers around the place between them, and moves with one", async () => {
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
    // The fingers were 40 pixels apart, and are 360 now.
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

  test("zooms with Ctrl and the wheel, and with a double click, and moves by dragging", async () => {
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

  test("moves, zooms and shows all with the keyboard", async () => {
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

  test("comes to everything with the Tab key, and sees where it is", async () => {
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

  test("has it light or dark as the system is, until the button says otherwise", async () => {
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

  test("finds the time in the charts that the diagrams show, and picks it there", async () => {
    await showAll();
    const chart = await opened.page.$(".chart .u-over");
    await chart?.evaluate((element) =>
      (element as unknown as { scrollIntoView(): void }).scrollIntoView(),
    );
    await settle();
    const box = await chart?.boundingBox();
    if (box == null) throw new Error("There is no chart");
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

  test("is spared complaints", () => {
    expect(opened.complaints).toEqual([]);
  });
});

describe.skipIf(BROWSER === undefined)("The list of runs", () => {
  test("fits a narrow window, and leads to the reports", async () => {
    const root = temporaryDirectory();
    for (const [name, valid] of [
      ["20260501T103000.000+0000", true],
      ["20260501T103100.000+0000", false],
    ] as const) {
      gossipRun().store(join(root, "broadcast", name), resultsOf(valid));
    }
    const list = new RunList(root, {});
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (each) => list.answer(each),
    });
    const opened = await openPage(String(server.url), { width: 360 });
    try {
      const rows =
        (await opened.page.evaluate(`[...document.querySelectorAll("tbody tr")].map((row) => {
        const { right } = row.lastElementChild.getBoundingClientRect();
        return row.innerText.replace(/\\s+/g, " ") + (right <= 360 ? "" : " is cut off");
      })`)) as string[];
      expect(rows).toEqual([
        "invalid broadcast 2026-05-01 10:31:00 4 5/s 60 s 1",
        "valid broadcast 2026-05-01 10:30:00 4 5/s 60 s 1",
      ]);
      await Promise.all([opened.page.waitForNavigation(), opened.page.click("td a")]);
      await opened.shownMs();
      expect(await textOf(opened, "#verdict")).toStartWith("Invalid");
    } finally {
      await opened.close();
      await server.stop(true);
    }
  });
});

describe.skipIf(BROWSER === undefined)("A cycle of transactions in the report", () => {
  let opened: OpenedPage;

  beforeAll(async () => {
    const run = new RunBuilder("txn-rw-register", ["n0", "n1"]).start();
    const indexes: number[] = [];
    for (const [process, node] of ["n0", "n1"].entries()) {
      const value = [
        ["r", process, 1],
        ["w", 1 - process, 1],
      ];
      const txn = { process, node, f: "txn", value } as const;
      const at = 100 + 10 * process;
      indexes.push(run.operation({ ...txn, type: "invoke" }, at));
      run.message(`c${8 + process}`, node, at, 0, { type: "txn", txn: value, msg_id: 1 });
      run.message(node, `c${8 + process}`, at + 1, 0, { type: "txn_ok", in_reply_to: 1 });
      run.operation({ ...txn, type: "ok" }, at + 2);
    }
    const [one = 0, other = 0] = indexes;
    const step = (from: number, to: number, sentence: string) => ({
      from,
      to,
      relation: "wr",
      sentence,
    });
    const finding = {
      anomaly: "G1c",
      sentence: "Transactions saw each other's writes in a circle",
      operations: [{ index: one }, { index: other }],
      cycle: [
        step(one, other, "T1 wrote key 1 = 1, which T2 read (wr)"),
        step(other, one, "T2 wrote key 0 = 1, which T1 read (wr)"),
      ],
    };
    opened = await openReport(run, resultsOf(false, [finding]));
    await opened.page.click(".finding-head");
    await settle();
  });
  afterAll(() => opened?.close());

  test("has its transactions and the reasons for their order as text", async () => {
    const text = await textOf(opened, ".cycle");
    expect(text).toContain("T1 · process 0 on n0read 0 → 1write 1 := 1");
    expect(text).toContain("wrT2 wrote key 0 = 1,which T1 read");
  });

  test("lights up a transaction that is picked, stays open, and can light up all again", async () => {
    const { page } = opened;
    expect(await textOf(opened, ".detail")).toContain("4 messages highlighted");
    await page.evaluate('document.querySelector(".cycle .node").focus()');
    await page.keyboard.press("Enter");
    await settle();
    expect(await textOf(opened, ".detail")).toContain("2 messages highlighted");
    expect(await textOf(opened, ".detail")).toContain("process 0 on n0");
    expect(await page.$$(".cycle .selected")).toHaveLength(1);
    await page.click(".finding-body .links button");
    await settle();
    expect(await textOf(opened, ".detail")).toContain("4 messages highlighted");
    expect(opened.complaints).toEqual([]);
  });
});
