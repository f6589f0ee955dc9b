/** The list of runs in Chromium; skipped without one. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { RunList } from "../../../../../lib/workbench/report/server/run-list.ts";
import { BROWSER, openPage } from "../../../../support/browsers.ts";
import { temporaryDirectory } from "../../../../support/processes/vortex.ts";
import { textOf } from "../../../../support/report/opened-report.ts";
import { gossipRun, resultsOf } from "../../../../support/report/report-run.ts";

setDefaultTimeout(60_000);

describe.skipIf(BROWSER === undefined)("The list of runs", () => {
  test("fits a narrow window and links to the reports", async () => {
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
        "invalid broadcast echo-it test 2026-05-01 10:31:00 0 of 0 values were lost 2.5 1 ms 3 ms 2 4 5/s 60 s 1",
        "valid broadcast echo-it test 2026-05-01 10:30:00 2.5 1 ms 3 ms 2 4 5/s 60 s 1",
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
