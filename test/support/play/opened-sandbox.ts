/** Opens a page with a sandbox in a browser. */
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import { bundleEngine } from "../../../lib/workbench/play/bundle-engine.ts";
import { type BrowserName, openPage } from "../browsers.ts";

export interface OpenedSandbox {
  readonly page: Page;
  /** Paths that were requested of the server. */
  readonly requested: readonly string[];
  close(): Promise<void>;
}

async function bundleHost(): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [join(import.meta.dir, "page.ts")],
    target: "browser",
    format: "iife",
    define: { ENGINE: JSON.stringify(await bundleEngine()) },
    throw: true,
  });
  return (await Promise.all(outputs.map((output) => output.text()))).join("\n");
}

/** The same for all browsers. */
let script: Promise<string> | undefined;

/** Serves the page on loopback, and opens it. */
export async function openSandbox(browser: BrowserName): Promise<OpenedSandbox> {
  script ??= bundleHost();
  const host = await script;
  const requested: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      requested.push(pathname);
      const headers = { "access-control-allow-origin": "*" };
      if (pathname === "/page.js") return new Response(host, { headers });
      return new Response('<!doctype html><body><script src="page.js"></script>', {
        headers: { "content-type": "text/html" },
      });
    },
  });
  try {
    const { page, close } = await openPage(`http://127.0.0.1:${server.port}/`, { browser });
    return {
      page,
      requested,
      async close() {
        await close();
        await server.stop(true);
      },
    };
  } catch (error) {
    await server.stop(true);
    throw error;
  }
}
