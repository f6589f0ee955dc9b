/** The playground's site, prebuilt in an executable or bundled on demand. */
import { bundleSite } from "./bundle-site.ts";
import type { SiteBundle } from "./site-html.ts";

/** Replaced when the workbench is built: each use of the bundle is a copy of it, so there is one. */
declare const IS_BUILT: true | undefined;
declare const BUNDLED_SITE: SiteBundle;

let bundle: Promise<SiteBundle> | undefined;

/** Returns the prebuilt bundle; when run from source, bundles the site at the first call. */
export function siteBundle(): Promise<SiteBundle> {
  bundle ??= typeof IS_BUILT === "undefined" ? bundleSite() : Promise.resolve(BUNDLED_SITE);
  return bundle;
}
