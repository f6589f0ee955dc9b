/** Opens pages in Chromium, if there is one; tests that need it are skipped otherwise. */
import puppeteer, { type Browser, type BrowserContext, type Page } from "puppeteer-core";

const CANDIDATES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** Path of the browser, from `CHROMIUM` or the PATH; `undefined` if not found. */
export const BROWSER: string | undefined =
  process.env["CHROMIUM"] ??
  CANDIDATES.map((name) => Bun.which(name)).find((path) => path !== null) ??
  undefined;

export interface OpenedPage {
  readonly page: Page;
  /** Console messages, errors, dialogs, and requests for anything but the page. */
  readonly complaints: readonly string[];
  /** Time from navigation until the report was visible, in ms. */
  shownMs(): Promise<number>;
  close(): Promise<void>;
}

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "light" | "dark";
}

/** The browser, shared by all open pages because starting one takes longer than most tests. */
let running: Promise<Browser> | undefined;
let openCount = 0;

async function start(): Promise<Browser> {
  if (BROWSER === undefined) throw new Error("Cannot find Chromium; set CHROMIUM to its path");
  return await puppeteer.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
}

/** Closes a page, and the browser with the last page. */
async function closePage(context: BrowserContext): Promise<void> {
  const browser = running;
  await context.close();
  if (--openCount > 0) return;
  running = undefined;
  await (await browser)?.close();
}

/**
 * Opens a page in an isolated browser context.
 *
 * @throws {Error} when no browser is found.
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
    // Scrolling takes effect at once.
    { name: "prefers-reduced-motion", value: "reduce" },
  ]);
  try {
    await page.goto(address);
  } catch (error) {
    await closePage(context);
    throw error;
  }
  return {
    page,
    complaints,
    async shownMs() {
      await page.waitForFunction('performance.getEntriesByName("shown").length > 0');
      return Number(await page.evaluate('performance.getEntriesByName("shown")[0].startTime'));
    },
    close: () => closePage(context),
  };
}
