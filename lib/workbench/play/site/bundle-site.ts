/** Bundles the playground: its page, the workers' script, and the programs to start from. */
import { join } from "node:path";
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
  const [{ outputs }, engine, examples, docs] = await Promise.all([
    Bun.build({
      entrypoints: [join(import.meta.dir, "../page/main.tsx")],
      target: "browser",
      format: "iife",
      minify: true,
      define: { "process.env.NODE_ENV": '"production"' },
      throw: true,
    }),
    bundleEngine(),
    bundleExamples(),
    libraryDocs(),
  ]);
  const textOf = async (extension: string) => {
    const found = outputs.filter(({ path }) => path.endsWith(extension));
    return (await Promise.all(found.map((output) => output.text()))).join("\n");
  };
  return {
    script: await textOf(".js"),
    style: await textOf(".css"),
    data: { engine, frame: FRAME_HTML, examples, docs },
  };
}
