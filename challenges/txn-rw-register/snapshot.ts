/**
 * Snapshots: copies of all registers. A peer gets one when it lacks more than the log holds.
 *
 * A snapshot that is too long for one message is sent in pages, each after the previous one is
 * acknowledged. It is fixed when it is made, and the receiver merges it when all pages have arrived.
 * Pages from different times, or merged one by one, would show transactions in part.
 */
import * as v from "valibot";
import type { Version } from "./registers.ts";

const Count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** The place of a page: its index among the pages of a snapshot. The sender numbers its snapshots. */
export const Page = v.object({ snapshot: Count, index: Count, count: Count });
export type Page = v.InferOutput<typeof Page>;

/** How many pages of a snapshot have arrived. */
export const PageAck = v.object({ snapshot: Count, count: Count });
export type PageAck = v.InferOutput<typeof PageAck>;

/** A snapshot of several pages that is being sent to a peer. */
export class OutgoingSnapshot {
  readonly #number: number;
  readonly #pages: readonly (readonly Version[])[];
  #ackedCount = 0;
  /** Clock of the sender when it made the snapshot. */
  readonly upTo: number;

  constructor(number: number, upTo: number, pages: readonly (readonly Version[])[]) {
    this.#number = number;
    this.upTo = upTo;
    this.#pages = pages;
  }

  /** The first page that is not acknowledged. */
  next(): { readonly versions: readonly Version[]; readonly page: Page } {
    const index = this.#ackedCount;
    const page = { snapshot: this.#number, index, count: this.#pages.length };
    return { versions: this.#pages[index] ?? [], page };
  }

  /**
   * Takes in an acknowledgement; returns whether another page is next now.
   *
   * The count may go down: a message was overtaken, or the receiver has dropped its pages.
   */
  acknowledge({ snapshot, count }: PageAck): boolean {
    if (snapshot !== this.#number || count === this.#ackedCount) return false;
    this.#ackedCount = count;
    return true;
  }
}

/** The snapshots of several pages that a peer sends, one after the other. */
export class IncomingSnapshots {
  #held: { readonly pages: (readonly Version[])[]; snapshot: number; count: number } | undefined;
  /** Number of the last complete snapshot: late pages of it, and of earlier ones, are ignored. */
  #lastComplete = 0;

  /** Acknowledgement of the pages that are held back; `undefined` without pages. */
  get ack(): PageAck | undefined {
    if (this.#held === undefined) return undefined;
    const { snapshot, pages } = this.#held;
    return { snapshot, count: pages.length };
  }

  /** Invariant: a snapshot is held back only while it lacks pages. */
  get isIncomplete(): boolean {
    return this.#held === undefined || this.#held.pages.length < this.#held.count;
  }

  /** Takes in a page; returns all registers of the snapshot if it was the last page. */
  receive({ snapshot, index, count }: Page, versions: readonly Version[]): Version[] | undefined {
    if (snapshot <= this.#lastComplete || snapshot < (this.#held?.snapshot ?? 0)) return undefined;
    if (this.#held?.snapshot !== snapshot) this.#held = { snapshot, count, pages: [] };
    const { pages } = this.#held;
    // Any other page has arrived before, or follows pages that are no longer held.
    if (index !== pages.length) return undefined;
    pages.push(versions);
    this.#held.count = count;
    if (pages.length < count) return undefined;
    this.#held = undefined;
    this.#lastComplete = snapshot;
    return pages.flat();
  }
}
