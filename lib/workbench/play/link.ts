/**
 * Links that hold a program, the options of its test and the decisions of its run, in the fragment of an
 * address, which a browser sends to no server.
 *
 * The fragment is `play=` and the compressed JSON as base64url. Its author may be hostile: it is bounded
 * before and after decompression, and validated.
 */
import * as v from "valibot";
import { describeIssues } from "../../protocol/describe-issues.ts";
import { Decisions } from "../decisions.ts";

const PREFIX = "play=";

/** Bounds of a link: of its text, and of what it holds, in bytes. Chromium opens addresses of 2 MB. */
export const MAX_LINK_LENGTH = 1_500_000;
const MAX_CONTENT_LENGTH = 8_000_000;
export const MAX_FILES = 100;

/** A part of a path: without separators, and without what ends a line. */
const PART = /^[^/\\\p{Cc}\u2028\u2029]+$/u;

/** A relative path without steps to a parent, as the imports of a program resolve to. */
const FileName = v.pipe(
  v.string(),
  v.maxLength(200),
  v.check(
    (name) => name.split("/").every((part) => PART.test(part) && part !== "." && part !== ".."),
    "must be a relative path without steps to a parent",
  ),
);

export function isFileName(name: string): boolean {
  return v.is(FileName, name);
}

const Shared = v.strictObject({
  version: v.literal(1),
  /** The first exports the program. */
  files: v.pipe(
    v.array(v.strictObject({ name: FileName, source: v.string() })),
    v.minLength(1),
    v.maxLength(MAX_FILES),
    v.check(
      (files) => new Set(files.map(({ name }) => name)).size === files.length,
      "must have different names",
    ),
  ),
  /** Name of the exported function, if there are several. */
  exportName: v.exactOptional(v.pipe(v.string(), v.maxLength(200))),
  /** The flags of `vortex sim`, as `toArgv` gives them. */
  flags: v.pipe(v.array(v.pipe(v.string(), v.maxLength(4000))), v.maxLength(200)),
  /** The program's arguments. */
  args: v.exactOptional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(10_000))), v.maxLength(200))),
  decisions: v.exactOptional(Decisions),
});

/** A program, the flags and arguments of a test, and decisions. */
export type Shared = Omit<v.InferOutput<typeof Shared>, "version">;

/** The text is not what a link of the playground holds. */
export class LinkError extends Error {
  override readonly name = "LinkError";
}

/** Whether a fragment, with or without `#`, is that of a link. */
export function isLink(fragment: string): boolean {
  return fragment.replace(/^#/, "").startsWith(PREFIX);
}

/**
 * Returns the fragment of a link, without `#`.
 *
 * @throws {LinkError} if it would be too long, or could not be opened again.
 */
export async function encodeLink(shared: Shared): Promise<string> {
  const content = new TextEncoder().encode(JSON.stringify({ version: 1, ...shared }));
  parseShared(JSON.parse(new TextDecoder().decode(content)));
  const bytes = await readAll(
    new Blob([content]).stream().pipeThrough(new CompressionStream("deflate-raw")),
    MAX_CONTENT_LENGTH,
  );
  const fragment = `${PREFIX}${bytes.toBase64({ alphabet: "base64url", omitPadding: true })}`;
  if (fragment.length <= MAX_LINK_LENGTH) return fragment;
  throw new LinkError(
    `The link would have ${fragment.length} characters, and browsers open at most ${MAX_LINK_LENGTH}`,
  );
}

/**
 * Reads the fragment of a link, with or without `#`.
 *
 * @throws {LinkError} that says what is wrong with it.
 */
export async function decodeLink(fragment: string): Promise<Shared> {
  const text = fragment.replace(/^#/, "");
  if (!text.startsWith(PREFIX)) throw new LinkError(`It does not start with "${PREFIX}"`);
  if (text.length > MAX_LINK_LENGTH) throw new LinkError("It is too long");
  return parseShared(await parse(text.slice(PREFIX.length)));
}

async function parse(base64: string): Promise<unknown> {
  try {
    const bytes = Uint8Array.fromBase64(base64, { alphabet: "base64url" });
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return JSON.parse(new TextDecoder().decode(await readAll(stream, MAX_CONTENT_LENGTH)));
  } catch (error) {
    if (error instanceof LinkError) throw error;
    throw new LinkError("It is cut short, or was changed", { cause: error });
  }
}

/** @throws {LinkError} if the stream has more bytes. */
async function readAll(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  maxLength: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > maxLength) {
      await reader.cancel();
      throw new LinkError(`It holds more than ${maxLength} bytes`);
    }
    chunks.push(next.value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** @throws {LinkError} that says what is wrong with the content of a link. */
export function parseShared(value: unknown): Shared {
  const result = v.safeParse(Shared, value);
  if (!result.success) throw new LinkError(describeIssues(result.issues));
  const { version: _, ...shared } = result.output;
  return shared;
}
