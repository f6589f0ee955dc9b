/** What the page is given beside its script. */
import type { SourceFile } from "../engine/protocol.ts";

/** A program to start from. */
export interface Example {
  /** Its place in the address: `"guide/3-broadcast/1-memory"`. */
  readonly id: string;
  /** The heading that it is listed under. */
  readonly group: string;
  readonly title: string;
  readonly files: readonly SourceFile[];
  /** Flags of `vortex sim`. */
  readonly flags: readonly string[];
  readonly args: readonly string[];
}

export interface SiteData {
  /** Script of the workers that run programs. */
  readonly engine: string;
  /** Document of the frame that the workers belong to. */
  readonly frame: string;
  readonly examples: readonly Example[];
}

/** Id of the element that holds the data, as JSON. */
export const DATA_ID = "site-data";
