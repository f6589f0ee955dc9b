import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isSameJson, jsonKey } from "../../../lib/protocol/json-key.ts";
import { applyToKey, type Entry } from "../../../lib/services/kv.ts";
import { anyState, SequentialKv } from "../../../lib/services/sequential.ts";
import type { AnyBody, Random } from "../../../lib/vortex/index.ts";
import { randomInteger } from "../../../lib/vortex/random.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import { randoms } from "../../support/seeds.ts";
import { ask, cas, read, requests, scripted, write } from "../../support/service-requests.ts";

/** Draws of a state: the oldest that the client may see, or the newest. */
const OLDEST = 0;
const NEWEST = 0.999;

describe("seq-kv", () => {
  test("lets a client that has never written read a past state", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    ask(service, "n0", write("a", 1));
    expect(ask(service, "n1", read("a"))).toBe("error 20");
  });

  test("shows a client its own writes", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    ask(service, "n0", write("a", 1));
    expect(ask(service, "n0", read("a"))).toBe(1);
  });

  test("advances the state that one client has seen, not that of others", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST, NEWEST, OLDEST)));
    ask(service, "n0", write("a", 1));
    expect(ask(service, "n1", read("a"))).toBe(1);
    expect(ask(service, "n1", read("a"))).toBe(1);
    expect(ask(service, "n2", read("a"))).toBe("error 20");
  });

  test("may fail a cas on a past state that would succeed on the newest state", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    ask(service, "n1", write("a", 1));
    ask(service, "n0", write("a", 2));
    expect(ask(service, "n1", cas("a", 2, 3))).toBe("error 22");
  });

  test("applies a cas that would change a past state to the newest state", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    ask(service, "n1", write("a", 1));
    ask(service, "n0", write("a", 2));
    expect(ask(service, "n1", cas("a", 1, 3))).toBe("error 22");
    expect(ask(service, "n1", read("a"))).toBe(2);
  });

  test("drops a write of the value that the past state already has", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    ask(service, "n1", write("a", 1));
    ask(service, "n0", write("a", 2));
    expect(ask(service, "n1", write("a", 1))).toBe("ok");
    expect(ask(service, "n0", read("a"))).toBe(2);
  });

  test("does not advance a client to the newest state by a cas that changes nothing", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    ask(service, "n1", write("a", 1));
    ask(service, "n0", write("a", 2));
    expect(ask(service, "n1", cas("a", 1, 1))).toBe("ok");
    expect(ask(service, "n1", read("a"))).toBe(1);
  });

  test("advances a client to the newest state by a write of a new value", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    ask(service, "n0", write("a", 1));
    ask(service, "n1", write("unrelated", "n1, first time"));
    expect(ask(service, "n1", read("a"))).toBe(1);
  });

  test("shows only the last 32 states", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    for (let value = 1; value <= 100; value++) ask(service, "n0", write("a", value));
    expect(ask(service, "n1", read("a"))).toBe(69);
  });

  test("does not answer a request of unknown type", () => {
    const service = new SequentialKv(anyState(scripted(OLDEST)));
    expect(service.handle("n0", { type: "list", msg_id: 1 })).toBeUndefined();
  });

  test("never shows a client an older state than before", () => {
    const clients = fc.array(fc.constantFrom("n0", "n1", "n2"), { maxLength: 300, size: "max" });
    fc.assert(
      fc.property(randoms(), clients, (random, readers) => {
        const service = new SequentialKv(anyState(random));
        const seen = new Map<string, number>();
        for (const [count, client] of readers.entries()) {
          ask(service, "writer", write("a", count));
          const answer = ask(service, client, read("a"));
          const value = answer === "error 20" ? -1 : Number(answer);
          expect(value).toBeGreaterThanOrEqual(seen.get(client) ?? -1);
          seen.set(client, value);
        }
      }),
    );
  });

  test("keeps every acknowledged update", () => {
    const clients = fc.array(fc.constantFrom("n0", "n1", "n2"), { maxLength: 300, size: "max" });
    fc.assert(
      fc.property(randoms(), clients, (random, adders) => {
        const service = new SequentialKv(anyState(random));
        ask(service, "n0", write("sum", 0));
        let acknowledged = 0;
        for (const client of adders) {
          const sum = ask(service, client, read("sum"));
          if (typeof sum !== "number") continue;
          if (ask(service, client, cas("sum", sum, sum + 1)) === "ok") acknowledged += 1;
        }
        ask(service, "judge", write("unrelated", "first time"));
        expect(ask(service, "judge", read("sum"))).toBe(acknowledged);
      }),
    );
  });

  test("replies like a store that keeps every state", () => {
    fc.assert(
      fc.property(fc.nat(), requests(), (seed, asked) => {
        const service = new SequentialKv(anyState(randomStream(seed, "service")));
        const whole = new WholeStates(randomStream(seed, "service"));
        for (const [client, request] of asked) {
          const { in_reply_to: _, ...reply } = service.handle(client, request) ?? {};
          expect(reply).toEqual(whole.handle(client, request));
        }
      }),
    );
  });
});

/** Maelstrom's definition: a list of complete states. */
class WholeStates {
  readonly #random: Random;
  readonly #states: ReadonlyMap<string, Entry>[] = [new Map()];
  readonly #seen = new Map<string, number>();

  constructor(random: Random) {
    this.#random = random;
  }

  handle(client: string, request: AnyBody): AnyBody {
    const last = this.#states.length - 1;
    const seen = this.#seen.get(client) ?? 0;
    const index = Math.max(last - 31, seen + randomInteger(this.#random, last - seen + 1));
    const [state, reply] = applyToState(this.#states[index], request);
    if (isSameState(state, this.#states[index] ?? new Map())) {
      this.#seen.set(client, index);
      return reply;
    }
    const [next, finalReply] = applyToState(this.#states[last], request);
    this.#states.push(next);
    this.#seen.set(client, last + 1);
    return finalReply;
  }
}

type State = ReadonlyMap<string, Entry>;

function applyToState(state: State = new Map(), request: AnyBody): [State, AnyBody] {
  const key = jsonKey(request["key"] as string | number);
  const [entry, reply = {}] = applyToKey(state.get(key), request) ?? [];
  return [entry === undefined ? state : new Map([...state, [key, entry]]), reply];
}

function isSameState(one: State, other: State): boolean {
  const isSame = ([key, entry]: [string, Entry]) =>
    isSameJson(entry?.value ?? "missing", other.get(key)?.value ?? "missing");
  return one.size === other.size && [...one].every(isSame);
}
