/** Data of the page, beside its script. */
import type { SourceFile } from "../engine/protocol.ts";

/** A program to start from. */
export interface Example {
  /** Its place in the address: `"guide/3-broadcast/1-memory"`. */
  readonly id: string;
  /** The heading that it is listed under. */
  readonly group: string;
  readonly title: string;
  /** The first paragraph of its section in the guide. */
  readonly note?: string;
  readonly files: readonly SourceFile[];
  /** Flags of `vortex sim`. */
  readonly flags: readonly string[];
  readonly args: readonly string[];
}

/** An exported name of the library, or a member of one. */
export interface DocEntry {
  readonly name: string;
  readonly kind: "function" | "class" | "interface" | "type" | "const" | "property" | "method";
  /** Its declaration without a body. */
  readonly signature: string;
  /** Its docstring, as Markdown; `""` without one. */
  readonly text: string;
  /** Of a class or an interface. */
  readonly members?: readonly DocEntry[];
  /** Name of the class or interface that it extends. */
  readonly base?: string;
}

/** The names that a program can import, by module. */
export type LibraryDocs = Readonly<Record<string, readonly DocEntry[]>>;

export interface SiteData {
  /** Script of the workers that run programs. */
  readonly engine: string;
  /** Document of the frame that the workers belong to. */
  readonly frame: string;
  readonly examples: readonly Example[];
  readonly docs: LibraryDocs;
}

/** Id of the element that holds the data, as JSON. */
export const DATA_ID = "site-data";
