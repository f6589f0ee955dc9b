/**
 * Serves the playground.
 *
 * Requests under another host's name are refused, since a web page could otherwise point its own name at
 * this server and read the responses (DNS rebinding).
 */
import { siteBundle } from "../site/site-bundle.ts";
import { siteHtml } from "../site/site-html.ts";

const HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"]);

const HEADERS = {
  "Content-Type": "text/html; charset=utf-8",
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
};

export class PlayServer {
  async answer(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    if (!HOSTS.has(hostname)) return refusal(403, "Only this machine can open the playground");
    if (request.method !== "GET" && request.method !== "HEAD") return refusal(405, "Use GET");
    if (pathname !== "/") return refusal(404, "Not found");
    return new Response(siteHtml(await siteBundle()), { headers: HEADERS });
  }
}

function refusal(status: number, text: string): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { ...HEADERS, "Content-Type": "text/plain" },
  });
}
