/** Opens reports in Chromium. */
import { join } from "node:path";
import type { Json } from "../../../lib/vortex/index.ts";
import { writeReport } from "../../../lib/workbench/report/html/stored-run.ts";
import { type OpenedPage, openPage, type PageOptions } from "../browsers.ts";
import { temporaryDirectory } from "../processes/vortex.ts";
import type { RunBuilder } from "./report-run.ts";

/** Opens the report of a run. Without results, the run was interrupted. */
export async function openReport(
  run: RunBuilder,
  results: Json | undefined,
  options?: PageOptions,
): Promise<OpenedPage> {
  const directory = join(temporaryDirectory(), "run");
  run.store(directory, results);
  const opened = await openPage(`file://${await writeReport(directory)}`, options);
  await opened.shownMs();
  return opened;
}

/** Waits until the page has updated. */
export function settle(): Promise<void> {
  return Bun.sleep(400);
}

/** Waits until the page has rendered what an event changed; for changes without highlights. */
export async function rendered({ page }: OpenedPage): Promise<void> {
  await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))");
}

/** Returns an element's text; `undefined` if there is no such element. */
export async function textOf({ page }: OpenedPage, selector: string): Promise<string | undefined> {
  const text = await page.evaluate(
    `document.querySelector(${JSON.stringify(selector)})?.textContent`,
  );
  return text === undefined ? undefined : String(text);
}

/** Returns the diagrams' visible time, in s. */
export async function shownTime(opened: OpenedPage): Promise<readonly [from: number, to: number]> {
  const [, from, to] =
    /^(-?[\d.]+) s to ([\d.]+) s$/.exec((await textOf(opened, ".time")) ?? "") ?? [];
  if (from === undefined) throw new Error("The page does not show its visible time");
  return [Number(from), Number(to)];
}
