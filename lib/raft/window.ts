/**
 * The requests that a leader has received from one node in its term.
 *
 * A request may arrive several times: the network repeats it, or its sender does. It is executed once.
 * Its fate is remembered until the sender waits for it no longer.
 */
import type { Outcome } from "./machine.ts";

/**
 * The fate of a request: it waits to be executed, it is in the log, it was answered without an entry in
 * the log, or it was refused because the node no longer leads the term.
 */
export type Fate = "waiting" | "in-log" | "refused" | Outcome;

export class RequestWindow {
  /** The start of the sender: requests of an earlier start are ignored. */
  readonly incarnation: string;
  readonly boot: number;
  /** The sender waits for no request below this number. */
  #floor = 0;
  readonly #fates = new Map<number, Fate>();

  constructor(incarnation: string, boot: number) {
    this.incarnation = incarnation;
    this.boot = boot;
  }

  /** Forgets the requests below a number. */
  raiseFloor(floor: number): void {
    if (floor <= this.#floor) return;
    this.#floor = floor;
    for (const number of this.#fates.keys()) if (number < floor) this.#fates.delete(number);
  }

  /** Returns the fate of a request: "new" the first time, "over" below the floor. */
  fateOf(number: number): Fate | "new" | "over" {
    return number < this.#floor ? "over" : (this.#fates.get(number) ?? "new");
  }

  set(number: number, fate: Fate): void {
    if (number >= this.#floor) this.#fates.set(number, fate);
  }
}
