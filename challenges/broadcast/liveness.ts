/** State of a peer. `sinceMs` is the time of the first message that it has not answered. */
type Contact =
  | { readonly state: "answering" }
  | { readonly state: "awaited" | "lost"; readonly sinceMs: number };

const ANSWERING: Contact = { state: "answering" };

/**
 * Whether one incarnation of a peer answers.
 *
 * ```
 *              expectAnswer                noteSilence
 *  answering ───────────────> awaited ───────────────────> lost
 *      ^                         │                          │
 *      └──────── noteEcho ───────┴──────── noteEcho ────────┘
 * ```
 *
 * Only an echo of a message sent since then counts as an answer. Messages that merely arrive do
 * not: the link may be cut in one direction only.
 */
export class Liveness {
  #contact = ANSWERING;
  /** Whether the peer has addressed this incarnation of the node. */
  knowsThis = false;
  /** Whether the peer wants this node's batches: it is the peer's parent, or the peer has none. */
  wantsService = false;
  /** Time of the last question to the peer, in ms. */
  askedMs = Number.NEGATIVE_INFINITY;

  get isLost(): boolean {
    return this.#contact.state === "lost";
  }

  /** Time from the first unanswered message to the last question, in ms. */
  get askingForMs(): number {
    return this.#contact.state === "answering" ? 0 : this.askedMs - this.#contact.sinceMs;
  }

  /** Starts the wait for an answer, unless the peer owes one already. */
  expectAnswer(nowMs: number): void {
    if (this.#contact.state === "answering") this.#contact = { state: "awaited", sinceMs: nowMs };
  }

  /**
   * Takes in an answer.
   *
   * @param at When this node sent the message that is answered, in whole ms.
   * @returns whether the peer was lost before.
   */
  noteEcho(at: number): boolean {
    const contact = this.#contact;
    if (contact.state === "answering" || at < Math.floor(contact.sinceMs)) return false;
    this.#contact = ANSWERING;
    return contact.state === "lost";
  }

  /**
   * Gives the peer up if the first unanswered message is older than a limit.
   *
   * @returns whether it was given up now.
   */
  noteSilence(limitMs: number, nowMs: number): boolean {
    const contact = this.#contact;
    if (contact.state !== "awaited" || nowMs - contact.sinceMs < limitMs) return false;
    this.#contact = { state: "lost", sinceMs: contact.sinceMs };
    this.wantsService = false;
    return true;
  }
}
