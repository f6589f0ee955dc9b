/** The frame of the pages that `vortex serve` renders itself. */
import { escapeHtml } from "../html/html.ts";

/** Headers of every response: nothing is cached, framed, or taken for another type. */
export const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
};

/** @param content Markup: escape whatever it quotes. */
export function htmlPage(status: number, title: string, content: string): Response {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Vortex</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body><main><h1>${escapeHtml(title)}</h1>
${content}
</main></body>
</html>
`;
  return new Response(html, { status, headers: HEADERS });
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; background: light-dark(#fff, #14171c); color: light-dark(#1c2330, #e4e8ee); }
main { max-width: 1600px; margin: 0 auto; padding: 20px clamp(12px, 3vw, 32px); }
.scroll { overflow-x: auto; }
th span.hidden { position: absolute; padding: 0; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.filter { display: flex; flex-wrap: wrap; gap: 8px 14px; align-items: center; margin: 12px 0; }
input, select, button { font: inherit; }
button { cursor: pointer; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; white-space: nowrap; }
th { text-align: left; font-weight: 500; color: light-dark(#5b6575, #98a3b3); }
th a { color: inherit; }
th, td { padding: 6px 16px 6px 0; border-bottom: 1px solid light-dark(#e1e5eb, #2b313b); vertical-align: top; }
td.cause { white-space: normal; min-width: 26ch; max-width: 48ch; }
td a { color: light-dark(#2b6cb0, #63a8ec); font-weight: 600; }
td span, th span, p > span { font-weight: 650; font-size: 0.88rem; padding: 2px 11px; border-radius: 99px; background: light-dark(#eef0f3, #262c35); }
.valid span { background: light-dark(#e3f4ea, #173425); color: light-dark(#2f855a, #56b787); }
.invalid span, .crashed span { background: light-dark(#fde8e8, #421d1f); color: light-dark(#d12f2f, #ff6b6b); }
.unknown span { background: light-dark(#fdf3d8, #3b2f12); color: light-dark(#b7791f, #e0ad4a); }
.comparison { width: auto; white-space: normal; }
.comparison td { max-width: 60ch; overflow-wrap: break-word; padding-right: 28px; }
.differs td, .differs th { font-weight: 650; }
.differs th { color: inherit; }
@media (max-width: 640px) {
  table:not(.comparison) thead { display: none; }
  form tr { display: flex; flex-wrap: wrap; gap: 4px 14px; padding: 10px 0; border-bottom: 1px solid light-dark(#e1e5eb, #2b313b); }
  form td { padding: 0; border: 0; white-space: normal; overflow-wrap: break-word; color: light-dark(#5b6575, #98a3b3); }
  form td:empty { display: none; }
  form td.cause { flex-basis: 100%; max-width: none; color: inherit; }
  form td[data-label]::before { content: attr(data-label) " "; }
}
`;
