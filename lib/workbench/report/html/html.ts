/** Assembles a report as one self-contained HTML file. */

export interface PageBundle {
  readonly script: string;
  readonly style: string;
}

/** Id of the element that holds the run's data. */
const DATA_ID = "run";

/**
 * Assembles the HTML of a report.
 *
 * The run is embedded as base64, so nothing that a node sent can become markup. The content security
 * policy forbids the page to load anything or to run any other script.
 *
 * @param data The block of bytes from `RunRecorder.finish`.
 */
export function pageHtml(title: string, data: Uint8Array<ArrayBuffer>, bundle: PageBundle): string {
  const script = scriptText(bundle.script);
  const hash = new Bun.CryptoHasher("sha256").update(script).digest("base64");
  const policy = `default-src 'none'; script-src 'sha256-${hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'`;
  const encoded = Bun.gzipSync(data, { level: 6 }).toBase64();
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
<script id="${DATA_ID}" type="application/octet-stream">${encoded}</script>
<script>${script}</script>
</body>
</html>
`;
}

/** Escapes text for an element's content or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Escapes what would end a script's element early. */
export function scriptText(script: string): string {
  return script.replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
}
