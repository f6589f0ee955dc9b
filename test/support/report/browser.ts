/** A real browser, where there is one: tests that need it are left out elsewhere. */
import puppeteer, { type Browser, type BrowserContext, type Page } from "puppeteer-core";

const CANDIDATES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The browser's executable: `CHROMIUM` names another. */
export const BROWSER: string | undefined =
  process.env["CHROMIUM"] ??
  CANDIDATES.map((name) => Bun.which(name)).find((path) => path !== null) ??
  undefined;

export interface OpenedPage {
  readonly page: Page;
  /** What a page should not have: messages on the console, errors, requests for anything else. */
  readonly complaints: readonly string[];
  /** How long after navigation the report was seen, in ms. */
  shownMs(): Promise<number>;
  close(): Promise<void>;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "light" | "dark";
}

/** The browser, and how many pages are open in it: starting one takes longer than most tests. */
let running: Promise<Browser> | undefined;
let openCount = 0;

async function start(): Promise<Browser> {
  if (BROWSER === undefined) throw new Error("There is no Chromium here; CHROMIUM names one");
  return await puppeteer.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
}

/** Ends the browser with its last page. */
async function leave(context: BrowserContext): Promise<void> {
  const browser = running;
  await context.close();
  if (--openCount > 0) return;
  running = undefined;
  await (await browser)?.close();
}

/**
 * Opens a page in a window of its own, which knows nothing of others.
 *
 * @throws {Error} where there is no browser.
 */
export async function openPage(
  address: string,
  { width = 1280, height = 900, theme = "light" }: PageOptions = {},
): Promise<OpenedPage> {
  running ??= start();
  openCount++;
  const context = await (await running).createBrowserContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error}`));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    const isOwn = request.url() === address || request.url().startsWith("data:");
    if (!isOwn) complaints.push(`request: ${request.url()}`);
  });
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: theme },
    // What is scrolled to is there at once.
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  try {
    await page.goto(address);
  } catch (error) {
    await leave(context);
    throw error;
  }
  return {
    page,
    complaints,
    async shownMs() {
      await page.waitForFunction('performance.getEntriesByName("shown").length > 0');
      return Number(await page.evaluate('performance.getEntriesByName("shown")[0].startTime'));
    },
    close: () => leave(context),
  };
}
