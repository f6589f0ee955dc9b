/** Opens a page with a sandbox in a browser. */
import { join } from "node:path";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { bundleEngine } from "../../../lib/workbench/play/bundle-engine.ts";

export type BrowserName = "chrome" | "firefox";

const CANDIDATES: Readonly<Record<BrowserName, readonly string[]>> = {
  chrome: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
  // On a busy machine it takes a minute and more to start, so it must be asked for.
  firefox: [],
};
const VARIABLES = { chrome: "CHROMIUM", firefox: "FIREFOX" } as const;

/** Returns the path of a browser, from `CHROMIUM` or `FIREFOX` or the PATH; `undefined` if not found. */
export function pathOf(name: BrowserName): string | undefined {
  const found = CANDIDATES[name].map((each) => Bun.which(each)).find((path) => path !== null);
  return process.env[VARIABLES[name]] ?? found ?? undefined;
}

export interface OpenedPlayground {
  readonly page: Page;
  readonly version: string;
  /** Paths that were requested of the server. */
  readonly requested: readonly string[];
  close(): Promise<void>;
}

async function hostScript(): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "page.ts")],
    target: "browser",
    format: "iife",
    define: { ENGINE: JSON.stringify(await bundleEngine()) },
    throw: true,
  });
  return (await Promise.all(outputs.map((output) => output.text()))).join("\n");
}

/** Serves the page on loopback, and opens it. */
export async function openPlayground(name: BrowserName): Promise<OpenedPlayground> {
  const script = await hostScript();
  const requested: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      requested.push(pathname);
      const headers = { "access-control-allow-origin": "*" };
      if (pathname === "/page.js") return new Response(script, { headers });
      return new Response('<!doctype html><body><script src="page.js"></script>', {
        headers: { "content-type": "text/html" },
      });
    },
  });
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    await server.stop(true);
  };
  try {
    browser = await puppeteer.launch({
      browser: name,
      executablePath: pathOf(name) ?? "",
      args: name === "chrome" ? ["--no-sandbox"] : [],
      timeout: 110_000,
    });
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/`);
    return { page, version: await browser.version(), requested, close };
  } catch (error) {
    await close();
    throw error;
  }
}
