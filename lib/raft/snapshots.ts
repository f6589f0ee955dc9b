/** Snapshots of the state machine, which replace the entries that it has applied. */
import { parseJson, stringifyJson } from "../vortex/index.ts";
import type { Snapshot } from "./log.ts";
import type { Machine } from "./machine.ts";
import type { Raft } from "./raft.ts";

/** How much longer a log may be if a follower still needs it. */
const KEPT_FOR_FOLLOWERS = 8;

export class Snapshots {
  readonly #machine: Machine;
  readonly #minLength: number;
  /** Length of the last snapshot, in characters. */
  #length = 0;

  /** @param minLength A log up to this length is kept, in characters. */
  constructor(machine: Machine, minLength: number) {
    this.#machine = machine;
    this.#minLength = minLength;
  }

  restore({ state }: Snapshot): void {
    this.#machine.restore(parseJson(state));
    this.#length = state.length;
  }

  /** Replaces the applied entries by a snapshot if they are longer than it. Returns whether it did. */
  compact(raft: Raft): boolean {
    const limit = Math.max(this.#minLength, this.#length);
    if (raft.state.log.lengthSinceSnapshot <= limit) return false;
    const state = stringifyJson(this.#machine.snapshot());
    this.#length = state.length;
    raft.compact(state, limit * KEPT_FOR_FOLLOWERS);
    return true;
  }
}
