/** The page's script and style, prebuilt in an executable or bundled on demand. */
import { bundlePage } from "./bundle-page.ts";
import type { PageBundle } from "./html.ts";

/** Replaced by the prebuilt bundle when the workbench is built. */
declare const BUNDLED_PAGE: PageBundle | undefined;

let bundle: Promise<PageBundle> | undefined;

/** Returns the prebuilt bundle; when run from source, bundles the page at the first call. */
export function pageBundle(): Promise<PageBundle> {
  bundle ??= typeof BUNDLED_PAGE === "undefined" ? bundlePage() : Promise.resolve(BUNDLED_PAGE);
  return bundle;
}
