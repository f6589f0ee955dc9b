/** Bundles the playground: its page, the workers' script, and the programs to start from. */
import { join } from "node:path";
import { bundleForBrowser } from "../../report/html/bundle-page.ts";
import { bundleEngine } from "../bundle-engine.ts";
import { FRAME_HTML } from "../sandbox/frame.ts";
import { bundleExamples } from "./bundle-examples.ts";
import { libraryDocs } from "./library-docs.ts";
import type { SiteBundle } from "./site-html.ts";

/**
 * Bundles the playground from its sources. The build calls this; `site-bundle.ts` does when run from
 * source.
 *
 * @throws {AggregateError} with the errors in the sources.
 */
export async function bundleSite(): Promise<SiteBundle> {
  const [page, engine, examples, docs] = await Promise.all([
    bundleForBrowser(join(import.meta.dir, "../page/main.tsx")),
    bundleEngine(),
    bundleExamples(),
    libraryDocs(),
  ]);
  return { ...page, data: { engine, frame: FRAME_HTML, examples, docs } };
}
