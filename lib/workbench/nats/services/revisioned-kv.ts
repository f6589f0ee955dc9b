/**
 * lin-kv and seq-kv: stores whose changes are in one order, that of the bucket's revisions. They differ
 * in the states that a request may see.
 *
 * A compare-and-set reads a version, and publishes its value on condition that the key is still at that
 * revision. The server that leads the bucket checks the condition. One that led it, and did not notice
 * yet that it no longer does, receives the same message and may answer first, though what it says does
 * not count. So only "stored" is taken at its word, since that needs a majority. After any other answer
 * the log decides: either it has a version with the request's id, or another one in its place.
 *
 * A write has no condition, so it is not repeated: if both messages were stored, with another client's
 * write between them, that write would be undone.
 */
import { isRpcError } from "../../../protocol/errors.ts";
import { stringifyJson } from "../../../protocol/json.ts";
import type { AnyBody } from "../../../protocol/message.ts";
import { applyToKey } from "../../../services/kv.ts";
import { orNull } from "../../../services/service.ts";
import { type Bucket, doubtOf, HISTORY, NEVER_SET, type Version } from "./bucket.ts";
import type { Deadline } from "./deadline.ts";
import { outcomeUnknown, refused, unavailable } from "./errors.ts";
import { BARRIER_KEY, type Floor } from "./floor.ts";
import { bucketKey } from "./key.ts";
import { Turns } from "./turns.ts";

/** A request to change a key, which may be published several times. */
interface Change {
  readonly key: string;
  readonly value: string;
  readonly requestId: string;
}

export class RevisionedKv {
  readonly #bucket: Bucket;
  readonly #floor: Floor;
  readonly #turns = new Turns();

  constructor(bucket: Bucket, floor: Floor) {
    this.#bucket = bucket;
    this.#floor = floor;
  }

  /**
   * Handles a request and returns the reply; `undefined` for an unknown request type.
   *
   * @param requestId Unique among the requests of all clients.
   * @throws {RpcError} if the request could not be carried out, or not certainly.
   */
  async handle(body: AnyBody, requestId: string, deadline: Deadline): Promise<AnyBody | undefined> {
    const key = bucketKey(orNull(body["key"]));
    switch (body["type"]) {
      case "read":
        return applyToKey((await this.#read(key, deadline)).entry, body)?.[1];
      case "write":
        return this.#write({ key, value: textOf(body["value"]), requestId }, deadline);
      case "cas":
        // Of requests of this host at the same time all but one would conflict.
        return this.#turns.take(key, () => this.#compareAndSet(key, body, requestId, deadline));
      default:
        return undefined;
    }
  }

  async #read(key: string, deadline: Deadline): Promise<Version> {
    const floor = await this.#floor.revision(deadline);
    for (;;) {
      const read = await this.#bucket.read(key, deadline.readMs);
      if (read.type === "version" && read.stateRevision >= floor) {
        // The key has this version in each state from its revision to the replica's, so also in the
        // state of the floor or of its revision, whichever is later.
        this.#floor.raise(read.version.revision);
        return read.version;
      }
      if (read.type === "none" && (await this.#isNeverSet(key, deadline))) return NEVER_SET;
      if (deadline.isOver) throw unavailable(this.#bucket.name);
      await deadline.pause();
    }
  }

  /**
   * Adds a message to the log on condition that the key was never set. A replica's answer cannot show
   * that: it has no revision then.
   */
  async #isNeverSet(key: string, deadline: Deadline): Promise<boolean> {
    const result = await this.#bucket.publish(
      { key: BARRIER_KEY, value: "null", ifAt: { key, revision: 0 } },
      deadline.attemptMs,
    );
    if (result.type !== "stored") return false;
    this.#floor.raise(result.revision);
    return true;
  }

  async #write(change: Change, deadline: Deadline): Promise<AnyBody> {
    const result = await this.#bucket.publishUntil(change, deadline);
    if (result.type !== "stored") return this.#findWrite(change, doubtOf(result), deadline);
    this.#floor.raise(result.revision);
    return { type: "write_ok" };
  }

  /** Looks for a write in the log. What is not there now may still arrive. */
  async #findWrite(change: Change, reason: string, deadline: Deadline): Promise<AnyBody> {
    const { revision } = await this.#readAfter(change.key, reason, deadline);
    const found = await this.#findChange(change, 0, revision, reason, deadline);
    if (found !== "stored") throw outcomeUnknown(this.#bucket.name, reason);
    return { type: "write_ok" };
  }

  async #compareAndSet(
    key: string,
    body: AnyBody,
    requestId: string,
    deadline: Deadline,
  ): Promise<AnyBody | undefined> {
    if (deadline.isOver) throw unavailable(this.#bucket.name);
    // The condition of the message shows whether this version is the newest. If the request fails on
    // it, nothing is published, so the version must be one that the client may see.
    const glimpse = await this.#bucket.read(key, deadline.readMs);
    let version = glimpse.type === "version" ? glimpse.version : NEVER_SET;
    let mayFail = false;
    for (;;) {
      const [after, reply] = applyToKey(version.entry, body) ?? [];
      if (after === undefined || after === version.entry) {
        if (mayFail) return reply;
        version = await this.#read(key, deadline);
        mayFail = true;
        continue;
      }
      const change = { key, value: textOf(after.value), requestId };
      const newer = await this.#replace(version, change, deadline);
      if (newer === "stored") return reply;
      version = newer;
      mayFail = false;
    }
  }

  /** Sets the successor of a version. If another one is in its place, returns the newest version. */
  async #replace(
    version: Version,
    change: Change,
    deadline: Deadline,
  ): Promise<Version | "stored"> {
    const ifAt = { key: change.key, revision: version.revision };
    let reason: string | undefined;
    // Whether an earlier message may be stored, though no answer says so.
    let mayBeStored = false;
    for (;;) {
      const result = await this.#bucket.publish({ ...change, ifAt }, deadline.attemptMs);
      switch (result.type) {
        case "stored":
          this.#floor.raise(result.revision);
          return "stored";
        case "refused":
          if (reason !== undefined) throw outcomeUnknown(this.#bucket.name, reason);
          throw refused(this.#bucket.name, result.text);
        case "unavailable":
          break;
        default: {
          reason ??= doubtOf(result);
          // A lower revision, or none, may come from a server that leads no longer.
          const isBehind = result.type === "unknown" || (result.revision ?? 0) <= version.revision;
          mayBeStored ||= isBehind;
          const newest = isBehind
            ? (await this.#readAfter(change.key, reason, deadline)).revision
            : (result.revision ?? 0);
          if (newest <= version.revision) break;
          const found = await this.#findChange(change, version.revision, newest, reason, deadline);
          if (found === undefined && mayBeStored) throw outcomeUnknown(this.#bucket.name, reason);
          return found ?? (await this.#readAfter(change.key, reason, deadline));
        }
      }
      if (deadline.isOver) {
        throw reason === undefined
          ? unavailable(this.#bucket.name)
          : outcomeUnknown(this.#bucket.name, reason);
      }
      await deadline.pause();
    }
  }

  /** Reads a key after a message whose outcome is unknown. */
  async #readAfter(key: string, reason: string, deadline: Deadline): Promise<Version> {
    try {
      return await this.#read(key, deadline);
    } catch (error) {
      throw isRpcError(error) ? outcomeUnknown(this.#bucket.name, reason) : error;
    }
  }

  /**
   * Looks for a change among the versions of its key above a revision.
   *
   * @param newest A revision of the key; older replicas do not count.
   * @returns The newest version if the change is not among them; `undefined` if the oldest of them may
   *   be gone.
   */
  async #findChange(
    { key, requestId }: Change,
    above: number,
    newest: number,
    reason: string,
    deadline: Deadline,
  ): Promise<Version | "stored" | undefined> {
    for (;;) {
      const versions = await this.#bucket.readAfter(key, above, deadline.readMs).catch(() => []);
      const own = versions.find((version) => version.requestId === requestId);
      if (own !== undefined) {
        this.#floor.raise(own.revision);
        return "stored";
      }
      const last = versions.at(-1) ?? NEVER_SET;
      if (last.revision >= newest) return versions.length < HISTORY ? last : undefined;
      if (deadline.isOver) throw outcomeUnknown(this.#bucket.name, reason);
      await deadline.pause();
    }
  }
}

function textOf(value: unknown): string {
  return stringifyJson(orNull(value));
}
