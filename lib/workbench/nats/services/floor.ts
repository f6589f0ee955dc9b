/**
 * The lowest revision whose state a read may see.
 *
 * A replica may be behind, and so may a server that led the bucket and did not notice yet that it no
 * longer does: JetStream's own reads, direct or by the leader, are not linearizable.
 *
 * @see https://github.com/nats-io/nats-server/issues/6557
 */
import type { Bucket } from "./bucket.ts";
import { ATTEMPT_MS, type Deadline } from "./deadline.ts";
import { unavailable } from "./errors.ts";

export interface Floor {
  /**
   * Returns the lowest revision whose state a request may see that starts now.
   *
   * @throws {RpcError} `temporarily-unavailable`.
   */
  revision(deadline: Deadline): Promise<number>;
  /** Takes notice of a revision that the client saw. */
  raise(revision: number): void;
}

/** The client sees no older state than before. */
export class SeenFloor implements Floor {
  #seen = 0;

  async revision(): Promise<number> {
    return this.#seen;
  }

  raise(revision: number): void {
    this.#seen = Math.max(this.#seen, revision);
  }
}

/** No JSON is encoded as this key. */
export const BARRIER_KEY = "barrier";

/**
 * The client sees every change that was acknowledged before its request.
 *
 * A message is added to the log. Once a majority has it, all earlier changes have lower revisions.
 * Requests that wait for the message before it share one, as in a group commit.
 */
export class BarrierFloor implements Floor {
  readonly #bucket: Bucket;
  #current: Promise<unknown> = Promise.resolve();
  #next: Promise<number | undefined> | undefined;

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async revision(deadline: Deadline): Promise<number> {
    for (;;) {
      const revision = await this.#pass();
      if (revision !== undefined) return revision;
      if (deadline.isOver) throw unavailable(this.#bucket.name);
      await deadline.pause();
    }
  }

  raise(): void {}

  /** Adds a message after this call; `undefined` if it may not be stored. */
  #pass(): Promise<number | undefined> {
    this.#next ??= this.#current.then(() => {
      this.#next = undefined;
      const added = this.#add();
      this.#current = added;
      return added;
    });
    return this.#next;
  }

  async #add(): Promise<number | undefined> {
    const result = await this.#bucket.publish({ key: BARRIER_KEY, value: "null" }, ATTEMPT_MS);
    return result.type === "stored" ? result.revision : undefined;
  }
}
