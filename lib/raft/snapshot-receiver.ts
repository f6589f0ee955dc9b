/** Assembles the chunks of a leader's snapshot. See the thesis, §5.1. */
import * as v from "valibot";
import { type NodeId, parseJson, stringifyJson } from "../vortex/index.ts";
import type { Snapshot } from "./log.ts";
import type { InstallSnapshot } from "./messages.ts";

const SnapshotText = v.object({
  admitted: v.array(v.tuple([v.string(), v.string()])),
  state: v.string(),
});

/** Returns the text of a snapshot, which is sent in chunks. */
export function snapshotText({ admitted, state }: Snapshot): string {
  return stringifyJson({ admitted, state });
}

export class SnapshotReceiver {
  #leader: NodeId | undefined;
  #term = 0;
  #lastIncludedIndex = 0;
  #text = "";

  /** Adds a chunk. Returns the snapshot if it is complete, and the offset of the chunk to send next. */
  receive(
    leader: NodeId,
    message: InstallSnapshot,
  ): { readonly snapshot?: Snapshot; readonly offset: number } {
    const { term, lastIncludedIndex, lastIncludedTerm, offset, data, done } = message;
    const isSame =
      leader === this.#leader &&
      term === this.#term &&
      lastIncludedIndex === this.#lastIncludedIndex;
    if (!isSame) {
      this.#leader = leader;
      this.#term = term;
      this.#lastIncludedIndex = lastIncludedIndex;
      this.#text = "";
    }
    // A chunk that is not the next one is a repetition, or follows one that was lost.
    if (offset !== this.#text.length) return { offset: this.#text.length };
    this.#text += data;
    if (!done) return { offset: this.#text.length };
    const { admitted, state } = v.parse(SnapshotText, parseJson(this.#text));
    this.#text = "";
    return { snapshot: { lastIncludedIndex, lastIncludedTerm, admitted, state }, offset: 0 };
  }
}
