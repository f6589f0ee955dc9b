/** A real browser, where there is one: tests that need it are left out elsewhere. */
import puppeteer, { type Page } from "puppeteer-core";

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

/**
 * Opens a page in a browser of its own.
 *
 * @throws {Error} where there is no browser.
 */
export async function openPage(
  address: string,
  { width = 1280, height = 900, theme = "light" }: PageOptions = {},
): Promise<OpenedPage> {
  if (BROWSER === undefined) throw new Error("There is no Chromium here; CHROMIUM names one");
  const browser = await puppeteer.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error}`));
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    const isOwn = request.url() === address || request.url().startsWith("data:");
    if (!isOwn) complaints.push(`request: ${request.url()}`);
  });
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
  await page.goto(address);
  return {
    page,
    complaints,
    async shownMs() {
      await page.waitForFunction('performance.getEntriesByName("shown").length > 0');
      return Number(await page.evaluate('performance.getEntriesByName("shown")[0].startTime'));
    },
    close: () => browser.close(),
  };
}
