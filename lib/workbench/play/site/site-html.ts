/** Assembles the playground as one self-contained HTML file. */
import { escapeHtml, type PageBundle, scriptText } from "../../report/html/html.ts";
import { DATA_ID, type SiteData } from "./site-data.ts";

/** The parts of the site. */
export interface SiteBundle extends PageBundle {
  readonly data: SiteData;
}

/**
 * Assembles the page.
 *
 * Its policy allows its own script, that of the frame, which inherits the policy, and blobs: the workers
 * and the modules of programs. It connects to nothing but the server that it is from, which holds the
 * file that is edited; the frame's own policy forbids even that.
 */
export function siteHtml({ script, style, data }: SiteBundle): string {
  const own = scriptText(script);
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(own)} ${frameScripts(data.frame).map(hashOf).join(" ")} blob:`,
    "worker-src blob:",
    "style-src 'unsafe-inline'",
    "img-src data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="${GENERATOR}">
<title>Vortex playground</title>
<link rel="icon" href="data:,">
<style>${style.replaceAll("</style", "<\\/style")}</style>
</head>
<body>
<div id="app"><noscript>The playground needs JavaScript.</noscript></div>
<script id="${DATA_ID}" type="application/json">${JSON.stringify(data).replaceAll("<", "\\u003c")}</script>
<script>${own}</script>
</body>
</html>
`;
}

/** Marks a file as written by `vortex play --export`. */
export const GENERATOR = "vortex play";

function frameScripts(html: string): string[] {
  return [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script = ""]) => script);
}

function hashOf(script: string): string {
  return `'sha256-${new Bun.CryptoHasher("sha256").update(script).digest("base64")}'`;
}
