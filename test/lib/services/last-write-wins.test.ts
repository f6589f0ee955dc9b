import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { jsonKey } from "../../../lib/protocol/json-key.ts";
import { applyToKey } from "../../../lib/services/kv.ts";
import { LastWriteWinsKv } from "../../../lib/services/last-write-wins.ts";
import type { AnyBody, Json, Random } from "../../../lib/vortex/index.ts";
import { randomInteger } from "../../../lib/vortex/random.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import { randoms } from "../../support/seeds.ts";
import { ask, cas, read, requests, scripted, write } from "../../support/service-requests.ts";

/** Draws of replicas: the source and destination of the merge, then the replica that is asked. */
const [FIRST, SECOND] = [0, 0.5];
const ASK_FIRST = [FIRST, FIRST, FIRST];
const ASK_SECOND = [FIRST, FIRST, SECOND];
const MERGE_FIRST_INTO_SECOND = [FIRST, SECOND, FIRST];

describe("lww-kv", () => {
  test("reads a value written to the same replica", () => {
    const service = new LastWriteWinsKv(scripted(...ASK_FIRST));
    ask(service, "n0", write("a", 1));
    expect(ask(service, "n0", read("a"))).toBe(1);
  });

  test("may miss a value written to the other replica", () => {
    const service = new LastWriteWinsKv(scripted(...ASK_FIRST, ...ASK_SECOND));
    ask(service, "n0", write("a", 1));
    expect(ask(service, "n0", read("a"))).toBe("error 20");
  });

  test("reads a value of the other replica after a merge", () => {
    const service = new LastWriteWinsKv(
      scripted(...ASK_FIRST, ...MERGE_FIRST_INTO_SECOND, ...ASK_SECOND),
    );
    ask(service, "n0", write("a", 1));
    ask(service, "n0", read("a"));
    expect(ask(service, "n0", read("a"))).toBe(1);
  });

  test("loses an acknowledged write to one with a later timestamp", () => {
    const service = new LastWriteWinsKv(
      scripted(
        ...ASK_FIRST,
        ...ASK_FIRST,
        ...ASK_SECOND,
        ...MERGE_FIRST_INTO_SECOND,
        ...ASK_SECOND,
      ),
    );
    ask(service, "n0", write("b", 0)); // Advances the clock of the first replica.
    ask(service, "n0", write("a", "earlier, on a later clock"));
    ask(service, "n0", write("a", "later, on an earlier clock"));
    ask(service, "n0", read("a"));
    expect(ask(service, "n0", read("a"))).toBe("earlier, on a later clock");
  });

  test("does not create keys by cas", () => {
    const service = new LastWriteWinsKv(scripted(...ASK_FIRST));
    expect(ask(service, "n0", cas("a", 0, 1, { create_if_not_exists: true }))).toBe("error 20");
  });

  test("does not answer a request of unknown type", () => {
    const service = new LastWriteWinsKv(scripted(...ASK_FIRST));
    expect(service.handle("n0", { type: "list", msg_id: 1 })).toBeUndefined();
  });

  test("converges some time after the last write", () => {
    fc.assert(
      fc.property(randoms(), requests(), (random, asked) => {
        const service = new LastWriteWinsKv(random);
        for (const [client, request] of asked) service.handle(client, request);
        for (let i = 0; i < 100; i++) ask(service, "n0", read("unrelated"));
        const values = Array.from({ length: 20 }, () => ask(service, "n0", read("a")));
        expect(values).toEqual(Array.from({ length: 20 }, () => values[0]));
      }),
    );
  });

  test("replies like replicas that merge all their keys", () => {
    fc.assert(
      fc.property(fc.nat(), requests(), (seed, asked) => {
        const service = new LastWriteWinsKv(randomStream(seed, "service"));
        const whole = new WholeReplicas(randomStream(seed, "service"));
        for (const [client, request] of asked) {
          const { in_reply_to: _, ...reply } = service.handle(client, request) ?? {};
          expect(reply).toEqual(whole.handle(request));
        }
      }),
    );
  });
});

interface StampedEntry {
  readonly value: Json;
  readonly timestamp: number;
}

interface Replica {
  readonly clock: number;
  readonly entries: ReadonlyMap<string, StampedEntry>;
}

/** Maelstrom's definition, step by step, on immutable replicas. */
class WholeReplicas {
  readonly #random: Random;
  readonly #replicas: [Replica, Replica] = [
    { clock: 0, entries: new Map() },
    { clock: 0, entries: new Map() },
  ];

  constructor(random: Random) {
    this.#random = random;
  }

  handle(request: AnyBody): AnyBody {
    const [source, destination, asked] = [this.#pick(), this.#pick(), this.#pick()];
    const replica = this.#replicas[asked];
    this.#replicas[destination] = merge(this.#replicas[source], this.#replicas[destination]);
    // The replica handles the request in its state before the merge.
    const key = jsonKey(request["key"] as Json);
    const entry = replica.entries.get(key);
    const withoutCreating = { ...request, create_if_not_exists: null };
    const [after, reply = {}] = applyToKey(entry, withoutCreating) ?? [];
    this.#replicas[asked] = replica;
    if (after !== undefined && after !== entry) {
      const stamped = { value: after.value, timestamp: replica.clock };
      const entries = new Map([...replica.entries, [key, stamped]]);
      this.#replicas[asked] = { clock: replica.clock + 1, entries };
    }
    return reply;
  }

  #pick(): 0 | 1 {
    return randomInteger(this.#random, 2) === 0 ? 0 : 1;
  }
}

function merge(source: Replica, destination: Replica): Replica {
  const entries = new Map(source.entries);
  for (const [key, entry] of destination.entries) {
    const other = source.entries.get(key);
    if (other === undefined || entry.timestamp > other.timestamp) entries.set(key, entry);
  }
  return { clock: Math.max(source.clock, destination.clock), entries };
}
