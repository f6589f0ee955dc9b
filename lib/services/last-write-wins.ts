/**
 * A store of two replicas that merge at random times. Of two writes to a key, the one with the later
 * Lamport timestamp wins, even if it was acknowledged first.
 *
 * @see Maelstrom, `maelstrom.service/LWWKV` and `Eventual`
 */
import { jsonKey } from "../protocol/json-key.ts";
import type { AnyBody, Json, NodeId, Random } from "../vortex/index.ts";
import { randomInteger } from "../vortex/random.ts";
import { applyToKey } from "./kv.ts";
import { inReplyTo, orNull, type Service } from "./service.ts";

interface StampedEntry {
  readonly value: Json;
  readonly timestamp: number;
}

interface Replica {
  /** Timestamp of its next write. */
  clock: number;
  readonly entries: Map<string, StampedEntry>;
}

export class LastWriteWinsKv implements Service {
  readonly #random: Random;
  readonly #replicas = [newReplica(), newReplica()] as const;
  /** Keys in which the replicas may differ. */
  readonly #unmerged = new Set<string>();

  constructor(random: Random) {
    this.#random = random;
  }

  handle(_src: NodeId, body: AnyBody): AnyBody | undefined {
    const source = this.#pickReplica();
    const destination = this.#pickReplica();
    const replica = this.#pickReplica();
    const key = jsonKey(orNull(body["key"]));
    const entry = replica.entries.get(key);
    // This store ignores create_if_not_exists.
    const outcome = applyToKey(entry, { ...body, create_if_not_exists: false });
    if (outcome === undefined) return undefined;

    // As in Maelstrom, the replica handles the request in its state before the merge, and its new
    // state replaces the merged one. So a merge into the same replica has no effect.
    if (source !== destination && destination !== replica) this.#merge(source, destination);
    const [after, reply] = outcome;
    if (after !== undefined && after !== entry) {
      replica.entries.set(key, { value: after.value, timestamp: replica.clock });
      replica.clock += 1;
      this.#unmerged.add(key);
    }
    return inReplyTo(body, reply);
  }

  #merge(source: Replica, destination: Replica): void {
    destination.clock = Math.max(source.clock, destination.clock);
    for (const key of this.#unmerged) {
      const entry = source.entries.get(key);
      const other = destination.entries.get(key);
      if (entry === undefined || (other !== undefined && other.timestamp > entry.timestamp))
        continue;
      destination.entries.set(key, entry);
      this.#unmerged.delete(key);
    }
  }

  #pickReplica(): Replica {
    return this.#replicas[randomInteger(this.#random, 2) === 0 ? 0 : 1];
  }
}

function newReplica(): Replica {
  return { clock: 0, entries: new Map() };
}
