/**
 * Takes the screenshots of docs/report.md in Chromium: reports of broken programs in simulations.
 *
 *   bun run build.ts && bun test/support/pictures/report-pictures.ts
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openPage, type PageOptions } from "../browsers.ts";
import { ROOT, temporaryDirectory, vortex } from "../processes/vortex.ts";
import { settle } from "../report/opened-report.ts";

const IMAGES = join(ROOT, "docs/images");

/** Simulates a broken program. Returns the path of its report. */
async function reportOf(bug: string, ...flags: readonly string[]): Promise<string> {
  const directory = temporaryDirectory();
  const program = join(directory, "program.ts");
  const broken = JSON.stringify(join(ROOT, "test/broken/index.ts"));
  writeFileSync(
    program,
    `import { BROKEN } from ${broken};
export const program = BROKEN.find(({ bug }) => bug === ${JSON.stringify(bug)}).program;
`,
  );
  const store = join(directory, "store");
  const run = await vortex("sim", program, ...flags, "--report", "--store", store);
  // Exit code 1: the run is invalid, as it should be.
  if (run.exitCode !== 1) throw new Error(`Cannot simulate a program that ${bug}: ${run.stderr}`);
  return join(store, "latest", "report.html");
}

/** Opens a report, selects its first finding of a kind, and takes a screenshot from an element down. */
async function take(
  name: string,
  report: string,
  anomaly: string,
  from: string,
  size: PageOptions & { readonly width: number; readonly height: number },
): Promise<void> {
  const { page, shownMs, close } = await openPage(`file://${report}`, size);
  await shownMs();
  await page.evaluate(`(() => {
    const heads = [...document.querySelectorAll(".finding-head")];
    heads.find((head) => head.querySelector(".badge").textContent === "${anomaly}").click();
  })()`);
  await settle();
  const top = `document.querySelector("${from}").getBoundingClientRect().top + scrollY - 12`;
  await page.evaluate(`window.scrollTo(0, ${top})`);
  await settle();
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  await close();
}

const lost = await reportOf(
  "sends each value only once",
  ..."-w broadcast --node-count 5 --rate 15 --time-limit 6 --latency 50".split(" "),
  ..."--nemesis partition --nemesis-interval 2 --recovery 2 --seed 1".split(" "),
);
await take("report-messages", lost, "lost", "#messages", { width: 1100, height: 720 });
await take("report-narrow", lost, "lost", "header", { width: 420, height: 760, theme: "dark" });

const cycle = await reportOf(
  "keeps separate registers on each node",
  ..."-w txn-rw-register --node-count 3 --concurrency 6 --rate 50 --time-limit 10".split(" "),
  ..."--max-writes-per-key 4 --consistency-models serializable --seed 1".split(" "),
);
await take("report-cycle", cycle, "G-nonadjacent-item", ".finding.open", {
  width: 1100,
  height: 760,
});

const stale = await reportOf(
  "answers reads from a cache for 200 ms",
  ..."-w lin-kv --node-count 5 --concurrency 20 --rate 100 --time-limit 5 --latency 10".split(" "),
  ..."--seed 1".split(" "),
);
await take("report-linearization", stale, "nonlinearizable", ".finding.open", {
  width: 1100,
  height: 600,
});
