/** The page's script and style, wherever this runs. */
import { bundlePage } from "./bundle-page.ts";
import type { PageBundle } from "./html.ts";

/** What the build puts in this name's place: the bundle, made beforehand. */
declare const BUNDLED_PAGE: PageBundle | undefined;

let bundle: Promise<PageBundle> | undefined;

/** An executable brings the bundle along; run from source, it is made of the sources, once. */
export function pageBundle(): Promise<PageBundle> {
  bundle ??= typeof BUNDLED_PAGE === "undefined" ? bundlePage() : Promise.resolve(BUNDLED_PAGE);
  return bundle;
}
