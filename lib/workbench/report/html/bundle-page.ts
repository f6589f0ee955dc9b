/** Bundles the page's script and style, including its libraries. */
import { join } from "node:path";
import type { PageBundle } from "./html.ts";

/**
 * Bundles the page from its sources. The build calls this; `page-bundle.ts` does when run from source.
 *
 * @throws {AggregateError} with the errors in the sources.
 */
export function bundlePage(): Promise<PageBundle> {
  return bundleForBrowser(join(import.meta.dir, "../page/main.tsx"));
}

/**
 * Bundles a script of a page with the styles that it imports.
 *
 * @throws {AggregateError} with the errors in the sources.
 */
export async function bundleForBrowser(entry: string): Promise<PageBundle> {
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    target: "browser",
    format: "iife",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    throw: true,
  });
  const textOf = async (isWanted: (path: string) => boolean) => {
    const texts = outputs.filter(({ path }) => isWanted(path)).map((output) => output.text());
    return (await Promise.all(texts)).join("\n");
  };
  return {
    script: await textOf((path) => path.endsWith(".js")),
    style: await textOf((path) => path.endsWith(".css")),
  };
}
