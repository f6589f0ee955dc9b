/** The page of a run: one file, which needs nothing else. */

/** What the page's bundle consists of. */
export interface PageBundle {
  readonly script: string;
  readonly style: string;
}

/** Where the page looks for the run. */
export const DATA_ID = "run";

/**
 * Puts a page together.
 *
 * The run is text of base64, so nothing that a node has sent can be taken for markup. The policy
 * forbids the page to load anything, and to run any script but its own.
 *
 * @param data What `RunRecorder.finish` returns.
 */
export function pageHtml(title: string, data: Uint8Array<ArrayBuffer>, bundle: PageBundle): string {
  const script = scriptText(bundle.script);
  const hash = new Bun.CryptoHasher("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  const packed = Bun.gzipSync(data, { level: 6 }).toBase64();
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${bundle.style.replaceAll("</style", "<\\/style")}</style>
</head>
<body>
<div id="app"><noscript>This report needs JavaScript.</noscript></div>
<script id="${DATA_ID}" type="application/octet-stream">${packed}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A script that does not end its element early. */
function scriptText(script: string): string {
  return script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}
