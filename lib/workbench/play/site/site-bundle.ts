/** The playground's site, prebuilt in an executable or bundled on demand. */
import { bundleSite } from "./bundle-site.ts";
import type { SiteBundle } from "./site-html.ts";

/** Replaced by the prebuilt bundle when the workbench is built. */
declare const BUNDLED_SITE: SiteBundle | undefined;

let bundle: Promise<SiteBundle> | undefined;

/** Returns the prebuilt bundle; when run from source, bundles the site at the first call. */
export function siteBundle(): Promise<SiteBundle> {
  bundle ??= typeof BUNDLED_SITE === "undefined" ? bundleSite() : Promise.resolve(BUNDLED_SITE);
  return bundle;
}
