/**
 * Opens pages in Chromium or Firefox, each driven over WebDriver BiDi or what Chromium has in its place.
 * A browser is found on the PATH, or where the variables `CHROMIUM` and `FIREFOX` say; the tests in one
 * that is missing are skipped.
 *
 *   apt-get install chromium firefox-esr
 */
import { afterAll, beforeAll, describe } from "bun:test";
import puppeteer, { type Browser, type BrowserContext, type Page } from "puppeteer-core";

export type BrowserName = "chromium" | "firefox";

const COMMANDS: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  firefox: ["firefox-esr", "firefox"],
};

function pathOf(name: BrowserName): string | undefined {
  const set = process.env[name.toUpperCase()];
  if (set !== undefined) return set;
  return COMMANDS[name].map((each) => Bun.which(each)).find((path) => path !== null) ?? undefined;
}

/** Path of Chromium, in which most tests of pages run; `undefined` if not found. */
export const BROWSER: string | undefined = pathOf("chromium");

/** Time that a browser has to start, in ms: Firefox takes 2 s, and half a minute on a busy machine. */
const START_LIMIT_MS = 110_000;

/**
 * Declares tests once for each browser; `body` gets its name. The browser starts before the first of them, and
 * runs until the last one ends.
 */
export function describeInBrowsers(title: string, body: (browser: BrowserName) => void): void {
  for (const name of ["chromium", "firefox"] as const) {
    const isMissing = pathOf(name) === undefined;
    if (isMissing) {
      console.log(
        `Skipping "${title}" in ${name}: not found. Install it, or set ${name.toUpperCase()} to its path`,
      );
    }
    describe.skipIf(isMissing)(`${title}, in ${name}`, () => {
      let first: OpenedPage | undefined;
      beforeAll(async () => {
        if (!isMissing) first = await openPage("about:blank", { browser: name });
      }, START_LIMIT_MS);
      afterAll(() => first?.close());
      body(name);
    });
  }
}

export interface OpenedPage {
  readonly page: Page;
  /** Console messages, errors, dialogs, and requests for anything but the page. */
  readonly complaints: readonly string[];
  /** Time from navigation until the report was visible, in ms. */
  shownMs(): Promise<number>;
  close(): Promise<void>;
}

export interface PageOptions {
  /** Chromium if not given. */
  readonly browser?: BrowserName;
  readonly width?: number;
  readonly height?: number;
  /** Firefox has the light one only: WebDriver BiDi cannot change it. */
  readonly theme?: "light" | "dark";
}

/** A browser, shared by all of its open pages because starting one takes longer than most tests. */
interface RunningBrowser {
  readonly started: Promise<Browser>;
  openCount: number;
}

const running = new Map<BrowserName, RunningBrowser>();

async function start(name: BrowserName): Promise<Browser> {
  const executablePath = pathOf(name);
  if (executablePath === undefined) {
    throw new Error(`Cannot find ${name}; set ${name.toUpperCase()} to its path`);
  }
  const timeout = START_LIMIT_MS;
  if (name === "chromium") {
    return puppeteer.launch({ executablePath, timeout, args: ["--no-sandbox"] });
  }
  return puppeteer.launch({
    browser: "firefox",
    executablePath,
    timeout,
    waitForInitialPage: false,
    extraPrefsFirefox: {
      // As in Chromium, where a page sets them.
      "ui.prefersReducedMotion": 1,
      "layout.css.prefers-color-scheme.content-override": 1,
    },
  });
}

/** Opens a context in a browser that runs, or in a new one. */
async function openContext(name: BrowserName): Promise<{
  readonly context: BrowserContext;
  /** Closes the context, and the browser with the last one. */
  close(): Promise<void>;
}> {
  const browser = running.get(name) ?? { started: start(name), openCount: 0 };
  running.set(name, browser);
  browser.openCount++;
  const leave = async () => {
    if (--browser.openCount > 0) return;
    running.delete(name);
    await (await browser.started).close();
  };
  try {
    const context = await (await browser.started).createBrowserContext();
    const close = async () => {
      await context.close();
      await leave();
    };
    return { context, close };
  } catch (error) {
    await leave();
    throw error;
  }
}

/**
 * Opens a page in an isolated browser context.
 *
 * @throws {Error} when the browser is not found.
 */
export async function openPage(
  address: string,
  { browser = "chromium", width = 1280, height = 900, theme = "light" }: PageOptions = {},
): Promise<OpenedPage> {
  const { context, close } = await openContext(browser);
  try {
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
    if (browser === "chromium") {
      await page.emulateMediaFeatures([
        { name: "prefers-color-scheme", value: theme },
        // Scrolling takes effect at once.
        { name: "prefers-reduced-motion", value: "reduce" },
      ]);
    }
    await page.goto(address);
    return {
      page,
      complaints,
      async shownMs() {
        await page.waitForFunction('performance.getEntriesByName("shown").length > 0');
        return Number(await page.evaluate('performance.getEntriesByName("shown")[0].startTime'));
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
