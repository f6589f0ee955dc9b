/** The page's script and style, prebuilt in an executable or bundled on demand. */
import { bundlePage } from "./bundle-page.ts";
import type { PageBundle } from "./html.ts";

/** Replaced when the workbench is built: each use of the bundle is a copy of it, so there is one. */
declare const IS_BUILT: true | undefined;
declare const BUNDLED_PAGE: PageBundle;

let bundle: Promise<PageBundle> | undefined;

/** Returns the prebuilt bundle; when run from source, bundles the page at the first call. */
export function pageBundle(): Promise<PageBundle> {
  bundle ??= typeof IS_BUILT === "undefined" ? bundlePage() : Promise.resolve(BUNDLED_PAGE);
  return bundle;
}
