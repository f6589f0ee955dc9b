/**
 * Serves the playground, and the program that is open in it.
 *
 * The page is the same for all and holds no secrets. The program may be read and saved only with a key,
 * which is in the address that `vortex play` prints: neither another page in the reader's browser nor another
 * user of the machine has it. Requests under another host's name are refused, since a web page could otherwise
 * point its own name at this server and read the responses (DNS rebinding); so are those that a browser
 * says come from another page.
 */
import { timingSafeEqual } from "node:crypto";
import { siteBundle } from "../site/site-bundle.ts";
import { siteHtml } from "../site/site-html.ts";
import { OpenedProgram, type ProgramOptions } from "./opened-program.ts";
import { UnreadableProgram } from "./program-files.ts";

const HOSTS: ReadonlySet<string> = new Set(["127.0.0.1", "localhost"]);
const KEY_BYTES = 18;
/** More than a program of files that may be opened needs. */
const MAX_BODY_BYTES = 16_000_000;

const HEADERS = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
  "Cross-Origin-Resource-Policy": "same-origin",
};

export class PlayServer {
  readonly #program: OpenedProgram | undefined;
  readonly #key = crypto.getRandomValues(new Uint8Array(KEY_BYTES)).toBase64({
    alphabet: "base64url",
  });
  #page: Promise<Uint8Array<ArrayBuffer>> | undefined;

  /** @param program The program that the page opens with, if there is one. */
  constructor(program?: ProgramOptions) {
    this.#program = program === undefined ? undefined : new OpenedProgram(program);
  }

  /** Path and query of the page that may save the program. */
  get address(): string {
    return this.#program === undefined ? "/" : `/?key=${this.#key}`;
  }

  async answer(request: Request): Promise<Response> {
    const { hostname, pathname } = new URL(request.url);
    if (!HOSTS.has(hostname)) return refusal(403, "Only this machine can open the playground");
    if (isFromElsewhere(request)) return refusal(403, "The request came from another page");
    if (pathname === "/program") return this.#answerProgram(request);
    if (pathname !== "/") return refusal(404, "Not found");
    if (request.method !== "GET" && request.method !== "HEAD") return refusal(405, "Use GET");
    this.#page ??= siteBundle().then((bundle) => Bun.gzipSync(siteHtml(bundle)));
    return new Response(await this.#page, {
      headers: {
        ...HEADERS,
        "Content-Type": "text/html; charset=utf-8",
        "Content-Encoding": "gzip",
      },
    });
  }

  async #answerProgram(request: Request): Promise<Response> {
    if (this.#program === undefined) return refusal(404, "No program was opened");
    if (!this.#hasKey(request)) {
      return refusal(403, "Open the address that vortex play printed: its key is missing here");
    }
    try {
      if (request.method === "GET") {
        const program = await this.#program.read();
        const isKnown = request.headers.get("If-None-Match") === `"${program.version}"`;
        if (isKnown) return new Response(null, { status: 304, headers: HEADERS });
        return Response.json(program, { headers: HEADERS });
      }
      if (request.method !== "PUT") return refusal(405, "Use GET or PUT");
      const text = await request.text();
      if (text.length > MAX_BODY_BYTES) return refusal(413, "The program is too large");
      const ending = await this.#program.save(parse(text));
      if (ending.status !== 200) return refusal(ending.status, ending.text);
      return Response.json({ version: ending.version }, { headers: HEADERS });
    } catch (error) {
      if (error instanceof UnreadableProgram) return refusal(500, error.message);
      throw error;
    }
  }

  #hasKey(request: Request): boolean {
    const wanted = Buffer.from(`Bearer ${this.#key}`);
    const given = Buffer.from(request.headers.get("Authorization") ?? "");
    return wanted.length === given.length && timingSafeEqual(wanted, given);
  }
}

/** Whether a browser says that another page sent the request. A person who follows a link may. */
function isFromElsewhere(request: Request): boolean {
  const { origin } = new URL(request.url);
  const sender = request.headers.get("Origin");
  if (sender !== null && sender !== origin) return true;
  const site = request.headers.get("Sec-Fetch-Site");
  const isNavigation = request.headers.get("Sec-Fetch-Mode") === "navigate";
  return site !== null && !["same-origin", "none"].includes(site) && !isNavigation;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(status: number, text: string): Response {
  return Response.json({ text }, { status, headers: HEADERS });
}
