/** Reads from the page's address what to open. */
import { decodeLink, isLink } from "../link.ts";
import type { Example, SiteData } from "../site/site-data.ts";
import { type Opened, OpenedFile } from "./opened-file.ts";
import { type Work, workOfExample, workOfLink } from "./work.ts";

export type Origin =
  | { readonly kind: "start" }
  | { readonly kind: "example"; readonly example: Example; readonly work: Work }
  | { readonly kind: "link"; readonly fragment: string; readonly work: Work }
  | {
      readonly kind: "file";
      readonly file: OpenedFile;
      readonly opened: Opened;
      readonly work: Work;
    }
  | { readonly kind: "unreadable"; readonly text: string };

const EXAMPLE = "#example=";

/** The fragment of an example's address. */
export function exampleAddress(id: string): string {
  return EXAMPLE + id;
}

/** Reads the page's address. Never rejects: it may come from anyone. */
export async function readOrigin(
  { hash, search }: Pick<Location, "hash" | "search">,
  { examples }: SiteData,
): Promise<Origin> {
  try {
    if (isLink(hash)) {
      return { kind: "link", fragment: hash, work: workOfLink(await decodeLink(hash)) };
    }
    if (hash.startsWith(EXAMPLE)) {
      const id = decodeURIComponent(hash.slice(EXAMPLE.length));
      const example = examples.find((each) => each.id === id);
      if (example === undefined) throw new Error(`Unknown example "${id}"`);
      return { kind: "example", example, work: workOfExample(example) };
    }
    const file = hash === "" ? OpenedFile.inAddress(search) : undefined;
    if (file === undefined) return { kind: "start" };
    const opened = await file.read();
    return { kind: "file", file, opened, work: workOfOpened(opened) };
  } catch (error) {
    const what = isLink(hash) ? "This link cannot be opened: " : "";
    const text = error instanceof Error ? error.message : String(error);
    return { kind: "unreadable", text: `${what}${text}` };
  }
}

export function workOfOpened({ path, files, flags, args }: Opened): Work {
  return { ...workOfLink({ files, flags, args }), path };
}

/** The name of its draft. */
export function draftName(origin: Exclude<Origin, { kind: "start" | "unreadable" }>): string {
  switch (origin.kind) {
    case "example":
      return `example ${origin.example.id}`;
    case "link":
      return `link ${origin.fragment}`;
    case "file":
      return `file ${origin.opened.path}`;
    default:
      throw new Error("Unexpected origin", { cause: origin satisfies never });
  }
}
