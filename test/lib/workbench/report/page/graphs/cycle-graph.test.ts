/** The drawing of a cycle in Chromium; skipped without one. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { BROWSER, type OpenedPage } from "../../../../../support/browsers.ts";
import { openReport, settle, textOf } from "../../../../../support/report/opened-report.ts";
import { RunBuilder, resultsOf } from "../../../../../support/report/report-run.ts";

setDefaultTimeout(60_000);

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

  test("shows its transactions and the reasons for their order as text", async () => {
    const text = await textOf(opened, ".cycle");
    expect(text).toContain("T1 · process 0 on n0read 0 → 1write 1 := 1");
    expect(text).toContain("wrT2 wrote key 0 = 1,which T1 read");
  });

  test("highlights a selected transaction, stays open, and can highlight the whole finding again", async () => {
    const { page } = opened;
    expect(await textOf(opened, ".detail")).toContain("4 messages highlighted");
    await page.evaluate('document.querySelector(".cycle .node").focus()');
    await page.keyboard.press("Enter");
    await settle();
    expect(await textOf(opened, ".detail")).toContain("2 messages highlighted");
    expect(await textOf(opened, ".detail")).toContain("process 0 on n0");
    expect(await page.$$(".cycle .selected")).toHaveLength(1);
    await page.click(".finding-body .links button:last-child");
    await settle();
    expect(await textOf(opened, ".detail")).toContain("4 messages highlighted");
    expect(opened.complaints).toEqual([]);
  });
});
