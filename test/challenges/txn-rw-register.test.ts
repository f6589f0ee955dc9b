import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { Registers, Replica, txnRwRegister } from "../../challenges/txn-rw-register.ts";
import { type AnyBody, parseJson, stringifyJson } from "../../lib/vortex/index.ts";
import { shuffle } from "../../lib/vortex/random.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { receive, startNode } from "../support/fake-host.ts";
import { binary, bodies, INIT, line, run } from "../support/processes/node-process.ts";

setDefaultTimeout(60_000);

const FLUSH_MS = 50;
/** When a node that nobody answers has asked all others once. */
const STARTED_MS = 300;

/** Node n0 of three; its questions to the others are taken. */
async function start(options: { durable?: boolean; flushMs?: number | undefined } = {}) {
  const { durable = false, flushMs } = { flushMs: FLUSH_MS, ...options };
  const { node, host } = startNode((it) => txnRwRegister(it, { flushMs, durable }));
  await host.clock.advance(STARTED_MS);
  const [hello] = host.takeBodies();
  let msg_id = 1;
  return {
    host,
    clock: host.clock,
    /** Which start of n0 this is. */
    incarnation: String(hello?.["from"]),
    txn: (txn: unknown) => {
      receive(node, { type: "txn", msg_id: ++msg_id, txn });
      return host.takeBodies()[0];
    },
    hear: (src: string, body: AnyBody) => receive(node, { type: "replicate", ...body }, src),
    sentTo: (dest: string) => host.sent.filter((message) => message.dest === dest).at(-1)?.body,
  };
}

/** What n1, started as "a", answers to n0 when it has everything up to a clock. */
const acknowledgement = (incarnation: string, has: number) => ({
  from: "a",
  to: incarnation,
  has,
  asks: false,
});

describe("txn-rw-register", () => {
  test("answers with the same operations, reads filled in, and null for what nobody wrote", async () => {
    const { txn } = await start();
    const asked = [["r", 1, null], ["w", 1, 6], ["w", 2, 9]]; // biome-ignore format: one line
    expect(txn(asked)).toEqual({ type: "txn_ok", in_reply_to: 2, txn: asked });
    expect(txn([["r", 1, null], ["r", 2, null], ["r", 3, null]])).toMatchObject({
      txn: [["r", 1, 6], ["r", 2, 9], ["r", 3, null]],
    }); // biome-ignore format: rows
  });

  test("lets reads see what their own transaction wrote before, and not what it will write", async () => {
    const { txn } = await start();
    txn([["w", 1, 1]]);
    const asked = [
      ["r", 1, null],
      ["w", 1, 2],
      ["r", 1, null],
      ["w", 1, 3],
      ["r", 1, null],
    ];
    expect(txn(asked)).toMatchObject({
      txn: [
        ["r", 1, 1],
        ["w", 1, 2],
        ["r", 1, 2],
        ["w", 1, 3],
        ["r", 1, 3],
      ],
    });
  });

  test("takes an empty transaction, and one of 10,000 operations", async () => {
    const { txn } = await start();
    expect(txn([])).toMatchObject({ type: "txn_ok", txn: [] });
    const writes = Array.from({ length: 5000 }, (_, key) => ["w", key, key * 2]);
    const reads = writes.map(([, key, value]) => ["r", key, value]);
    const asked = [...writes, ...reads.map(([, key]) => ["r", key, null])];
    expect(txn(asked)).toMatchObject({ type: "txn_ok", txn: [...writes, ...reads] });
  });

  test("keeps integers that JavaScript cannot hold, as keys and as values", async () => {
    const { txn } = await start();
    const big = (text: string) => parseJson(text);
    txn(big('[["w",9007199254740993,18446744073709551617],["w",-0,5]]'));
    const reads = '[["r",9007199254740993,null],["r",9007199254740992,null],["r",0,null]]';
    expect(JSON.stringify(txn(big(reads))?.["txn"])).toBe(
      '[["r",9007199254740993,18446744073709551617],["r",9007199254740992,null],["r",0,5]]',
    );
  });

  test.each([
    ['[["w",1,1],["x",1,null]]', '"txn.1.0" must be "r" or "w", but is "x"'],
    ['[["w",1,1],["append",1,2]]', '"txn.1.0" must be "r" or "w", but is "append"'],
    ['[["w",1,1],["r",1]]', '"txn.1.2" is missing'],
    ['[["w",1,1],["w",1,2,3]]', '"txn.1.3" is not allowed'],
    ['[["w",1,1],[]]', '"txn.1.0" is missing; "txn.1.1" is missing; "txn.1.2" is missing'],
    ['[["w",1,1],7]', '"txn.1" must be an array, but is 7'],
    ['[["w",1,1],["r","1",null]]', '"txn.1.1" must be an integer, but is "1"'],
    ['[["w",1,1],["r",1.0,null]]', '"txn.1.1" must be an integer, but is 1.0'],
    ['[["w",1,1],["r",null,null]]', '"txn.1.1" must be an integer, but is null'],
    ['[["w",1,1],["w",1,"2"]]', '"txn.1.2" must be an integer, but is "2"'],
    ['[["w",1,1],["w",1,null]]', '"txn.1.2" must be an integer, but is null'],
    ['[["w",1,1],["w",1,2.5]]', '"txn.1.2" must be an integer, but is 2.5'],
    ['{"0":["w",1,1]}', '"txn" must be an array, but is an object'],
  ])("answers malformed-request (12) to %s, and does none of it", async (asked, reason) => {
    const { txn } = await start();
    expect(txn(parseJson(asked))).toMatchObject({
      type: "error",
      code: 12,
      text: `Malformed "txn": ${reason}`,
    });
    expect(txn([["r", 1, null]])).toMatchObject({ txn: [["r", 1, null]] });
  });
});

describe("txn-rw-register, replicating", () => {
  test("says nothing before all nodes can have been started, then asks each of the others", async () => {
    const { node, host } = startNode((it) => txnRwRegister(it, { flushMs: 0, durable: false }));
    receive(node, { type: "txn", msg_id: 2, txn: [["w", 1, 1]] });
    await host.clock.advance(200);
    expect(host.takeSent().map(({ dest }) => dest)).toEqual(["c1"]);
    await host.clock.advance(100);
    expect(host.takeSent().map(({ dest }) => dest)).toEqual(["n1", "n2"]);
  });

  test("ships what was written meanwhile as one batch, and each transaction whole", async () => {
    const { txn, hear, clock, incarnation, host, sentTo } = await start();
    hear("n1", acknowledgement(incarnation, 1));
    await clock.advance(FLUSH_MS);
    host.takeSent();
    txn([
      ["w", 1, 1],
      ["w", 1, 2],
      ["w", 2, 3],
    ]);
    txn([["r", 1, null]]);
    txn([["w", 1, 4]]);
    expect(host.sent).toEqual([]);
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({
      to: "a",
      transactions: [
        [
          2,
          [
            [1, 2],
            [2, 3],
          ],
        ],
        [3, [[1, 4]]],
      ],
    });
  });

  test("ships and takes integers that JavaScript cannot hold digit for digit", async () => {
    const { txn, hear, clock, incarnation, host, sentTo } = await start();
    hear("n1", acknowledgement(incarnation, 1));
    txn(parseJson('[["w",9007199254740993,-18446744073709551617]]'));
    await clock.advance(FLUSH_MS);
    expect(JSON.stringify(sentTo("n1")?.["transactions"])).toBe(
      "[[2,[[9007199254740993,-18446744073709551617]]]]",
    );
    host.takeSent();
    const heard = parseJson("[[3,[[9007199254740995,36893488147419103233]]]]");
    hear("n1", { ...acknowledgement(incarnation, 2), transactions: heard, upTo: 3 });
    const reads = parseJson('[["r",9007199254740995,null],["r",9007199254740996,null]]');
    expect(JSON.stringify(txn(reads)?.["txn"])).toBe(
      '[["r",9007199254740995,36893488147419103233],["r",9007199254740996,null]]',
    );
  });

  test("acknowledges with its next batch what came in, and by itself where it has no news", async () => {
    const { txn, hear, clock, incarnation, host, sentTo } = await start();
    const news = { from: "a", to: incarnation, has: 1, asks: true, transactions: [[7, [[1, 1]]]] };
    hear("n1", { ...news, upTo: 7 });
    txn([["w", 2, 2]]);
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ has: 7, asks: true, transactions: [[8, [[2, 2]]]] });
    hear("n1", acknowledgement(incarnation, 8));
    hear("n1", { ...news, has: 8, upTo: 9 });
    host.takeSent();
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ has: 9, asks: false });
    expect(sentTo("n1")).not.toHaveProperty("transactions");
  });

  test("is silent, and has no timer set, once all others have acknowledged everything", async () => {
    const { txn, hear, clock, incarnation, host } = await start();
    txn([["w", 1, 1]]);
    for (const peer of ["n1", "n2"]) hear(peer, { ...acknowledgement(incarnation, 2), from: peer });
    await clock.advance(FLUSH_MS);
    host.takeSent();
    await clock.advance(60_000);
    expect(host.sent).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test("asks again until it is answered, and sends all registers to nobody who may not be there", async () => {
    const { txn, clock, host } = await start();
    txn([["w", 1, 1]]);
    await clock.advance(10_000);
    const toN1 = host.takeSent().filter(({ dest }) => dest === "n1");
    expect(toN1.length).toBeWithin(15, 30);
    for (const { body } of toN1) {
      expect(body).toMatchObject({ asks: true });
      expect(body).not.toHaveProperty("state");
    }
  });

  test("sends what was written meanwhile to a node that stays silent only once, then asks it", async () => {
    const { txn, hear, clock, incarnation, host } = await start();
    for (const peer of ["n1", "n2"]) hear(peer, { ...acknowledgement(incarnation, 1), from: peer });
    await clock.advance(FLUSH_MS);
    host.takeSent();
    txn([["w", 1, 1]]);
    await clock.advance(FLUSH_MS);
    const batch = { transactions: [[2, [[1, 1]]]] };
    expect(host.takeBodies().slice(-2)).toMatchObject([batch, batch]);
    await clock.advance(2000);
    const questions = host.takeSent().filter(({ dest }) => dest === "n1");
    expect(questions.length).toBeWithin(3, 6);
    for (const { body } of questions) expect(body).not.toHaveProperty("transactions");
    hear("n1", { ...acknowledgement(incarnation, 1), from: "n1" });
    await clock.advance(FLUSH_MS);
    expect(host.takeSent().find(({ dest }) => dest === "n1")?.body).toMatchObject(batch);
  });

  test("sends all registers with its first answer to a node that has just been started", async () => {
    const { txn, hear, clock, incarnation, sentTo } = await start();
    txn([["w", 1, 1]]);
    hear("n1", { from: "a", has: 0, asks: true });
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ to: "a", state: [[1, 1, 2, incarnation]] });
  });

  test("sends all registers to a node that answers for the first time", async () => {
    const { txn, hear, clock, incarnation, sentTo } = await start();
    txn([
      ["w", 1, 1],
      ["w", 2, 2],
    ]);
    hear("n1", acknowledgement(incarnation, 0));
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ from: incarnation, to: "a", asks: true });
    const state = [
      [1, 1, 2, incarnation],
      [2, 2, 2, incarnation],
    ];
    expect(sentTo("n1") ?? {}).toHaveProperty("state", state);
  });

  test("takes nothing of what was meant for a former start of it, and says who it is now", async () => {
    const { txn, hear, clock, incarnation, sentTo } = await start();
    const forThis = { from: "a", to: incarnation, has: 0, asks: true, upTo: 7 };
    hear("n1", { ...forThis, to: "earlier", transactions: [[7, [[1, 1]]]] });
    expect(txn([["r", 1, null]])).toMatchObject({ txn: [["r", 1, null]] });
    await clock.advance(FLUSH_MS);
    expect(sentTo("n1")).toMatchObject({ from: incarnation, to: "a", has: 0 });
  });

  test("refuses what a client pretends to replicate", async () => {
    const { hear, host, txn } = await start();
    hear("c9", { from: "a", has: 0, asks: true, transactions: [[7, [[1, 1]]]], upTo: 7 });
    expect(host.logged).toEqual([
      'Message from c9 failed: Nodes send each other "replicate", but "c9" is not a peer',
    ]);
    expect(txn([["r", 1, null]])).toMatchObject({ txn: [["r", 1, null]] });
  });
});

describe("txn-rw-register --durable", () => {
  test("answers once one other node has the transaction", async () => {
    const { txn, hear, clock, incarnation, host } = await start({ durable: true });
    expect(txn([["w", 1, 1]])).toBeUndefined();
    await clock.advance(FLUSH_MS);
    host.takeSent();
    hear("n1", acknowledgement(incarnation, 2));
    await clock.advance(0);
    expect(host.takeBodies()[0]).toMatchObject({ type: "txn_ok", txn: [["w", 1, 1]] });
  });

  test("tells the others at once, unless told to wait for more", async () => {
    const { txn, hear, clock, incarnation, host } = await start({
      durable: true,
      flushMs: undefined,
    });
    hear("n1", acknowledgement(incarnation, 1));
    await clock.advance(FLUSH_MS);
    host.takeSent();
    txn([["w", 1, 1]]);
    await clock.advance(0);
    expect(host.sent).toMatchObject([{ dest: "n1", body: { transactions: [[2, [[1, 1]]]] } }]);
  });

  test("answers with an indefinite error, before the client gives up, when no node has it", async () => {
    const { txn, clock, host } = await start({ durable: true });
    txn([["w", 1, 1]]);
    await clock.advance(4500);
    expect(host.takeBodies().filter(({ type }) => type !== "replicate")).toMatchObject([
      { type: "error", code: 0 },
    ]);
  });

  test("answers at once to a transaction that only reads what others have", async () => {
    const { txn, clock, host } = await start({ durable: true });
    txn([["r", 1, null]]);
    await clock.advance(0);
    expect(host.takeBodies()).toMatchObject([{ type: "txn_ok" }]);
  });
});

const versions = fc.array(
  fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom("a", "b")).map(
    // One stamp writes one value to a key, ever.
    ([key, , clock, writer]) => [key, clock * 2 + Number(writer === "a"), clock, writer] as const,
  ),
);
type Versions = Parameters<Registers["merge"]>[0];

function merged(...batches: readonly Versions[]) {
  const registers = new Registers();
  for (const batch of batches) registers.merge(batch);
  return registers.pages(100).flat().sort();
}

describe("Registers", () => {
  test("hold the same in whatever order batches are merged", () => {
    fc.assert(
      fc.property(versions, versions, (one, other) => {
        expect(merged(one, other)).toEqual(merged(other, one));
      }),
    );
  });

  test("hold the same however batches are grouped", () => {
    fc.assert(
      fc.property(versions, versions, versions, (one, two, three) => {
        const [left, right] = [merged(one, two), merged(two, three)];
        expect(merged(left, three)).toEqual(merged(one, right));
      }),
    );
  });

  test("hold the same when a batch is merged once more", () => {
    fc.assert(
      fc.property(versions, versions, (one, other) => {
        expect(merged(one, other, one)).toEqual(merged(one, other));
      }),
    );
  });
});

/** Replicas, and a network between them that keeps every message it ever saw. */
class World {
  readonly #names = ["n0", "n1", "n2"];
  readonly #messages: { src: string; dest: string; text: string }[] = [];
  readonly #replicas = new Map<string, Replica>();
  #startCount = 0;
  #lastValue = 0;

  readonly #maxLength: number | undefined;

  /** @param maxLength How many characters the writes in a message have, about. */
  constructor(maxLength?: number) {
    this.#maxLength = maxLength;
    for (const name of this.#names) this.restart(name);
  }

  get names(): readonly string[] {
    return this.#names;
  }

  replica(name: string): Replica {
    const replica = this.#replicas.get(name);
    if (replica === undefined) throw new Error(`There is no ${name}`);
    return replica;
  }

  restart(name: string): void {
    const peers = this.#names.filter((other) => other !== name);
    const incarnation = `${name}-${++this.#startCount}`;
    this.#replicas.set(name, new Replica(incarnation, peers, this.#maxLength));
  }

  /** Writes a value that is new to one pair of keys, or to both. */
  write(name: string, pairs: readonly number[]): void {
    const value = ++this.#lastValue;
    const keys = pairs.flatMap((pair) => [2 * pair, 2 * pair + 1]);
    this.replica(name).execute(keys.map((key) => ["w", key, value]));
  }

  say(src: string, dest: string): boolean {
    const message = this.replica(src).message(dest);
    if (message === undefined) return false;
    this.#messages.push({ src, dest, text: stringifyJson(message) });
    return true;
  }

  /** Says what there is to be said, and delivers it; whether there was anything. */
  tell(src: string, dest: string): boolean {
    if (!this.say(src, dest)) return false;
    this.#deliver(this.#messages.length - 1);
    return true;
  }

  /** Delivers some message, which stays for another time. */
  deliver(random: number): void {
    const { length } = this.#messages;
    if (length > 0) this.#deliver(Math.floor(random * length));
  }

  #deliver(index: number): void {
    const { src, dest, text } = this.#messages[index] ?? { src: "", dest: "", text: "" };
    this.replica(dest).receive(src, parseJson(text) as Parameters<Replica["receive"]>[1]);
  }

  /** What a replica holds of both pairs. */
  read(name: string) {
    const reads = [0, 1, 2, 3].map((key) => ["r", key, null] as ["r", number, null]);
    return this.replica(name)
      .execute(reads)
      .map(([, , value]) => value);
  }

  /** Every replica talks to every other, and is heard, until all is said; returns the rounds. */
  talkItOver(): number {
    for (const src of this.#names)
      for (const dest of this.#names) {
        if (src !== dest) this.replica(src).giveUp(dest);
      }
    for (let round = 1; round <= 50; round++) {
      let isSilent = true;
      for (const src of this.#names) {
        for (const dest of this.#names) {
          if (src !== dest && this.tell(src, dest)) isSilent = false;
        }
      }
      if (isSilent) return round;
    }
    throw new Error("They never stop talking");
  }
}

/** Does anything that can happen, including what should not, and calls back after each step. */
function live(
  seed: number,
  steps: number,
  onStep: (world: World) => void,
  maxLength?: number,
): World {
  const world = new World(maxLength);
  const random = randomStream(seed, "world");
  const name = () => `n${Math.floor(random.next() * 3)}`;
  for (let step = 0; step < steps; step++) {
    const what = random.next();
    const [one, other] = [name(), name()];
    if (what < 0.3) world.write(one, random.next() < 0.5 ? [0, 1] : [random.next() < 0.5 ? 0 : 1]);
    else if (what < 0.6 && one !== other) world.say(one, other);
    else if (what < 0.9) world.deliver(random.next());
    else if (what < 0.98 && one !== other) world.replica(one).giveUp(other);
    else if (what >= 0.98) world.restart(one);
    onStep(world);
  }
  return world;
}

describe.each([
  ["Replicas", undefined],
  ["Replicas whose messages hold one register", 1],
])("%s", (_, maxLength) => {
  test("become equal, and silent, whatever was lost, repeated, delayed or restarted before", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const world = live(seed, 300, () => {}, maxLength);
        world.talkItOver();
        const [first, ...others] = world.names.map((name) => world.read(name));
        for (const other of others) expect(other).toEqual(first ?? []);
      }),
    );
  });

  test("show each transaction whole or not at all, at every moment", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const isWhole = (world: World) => {
          for (const name of world.names) {
            const [a, b, c, d] = world.read(name);
            expect([a, c]).toEqual([b ?? null, d ?? null]);
          }
        };
        live(seed, 100, isWhole, maxLength);
      }),
    );
  });

  test("lose nothing that one other node has acknowledged, whichever node starts anew next", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const world = new World(maxLength);
        const random = randomStream(seed, "world");
        const shuffledNames = () => shuffle(random, world.names);
        world.talkItOver();
        for (let round = 1; round <= 10; round++) {
          const [writer = "", witness = ""] = shuffledNames();
          const replica = world.replica(writer);
          world.write(writer, [0, 1]);
          expect(replica.replicatedUpTo).toBeLessThan(replica.lastWritten);
          world.tell(writer, witness);
          world.tell(witness, writer);
          expect(replica.replicatedUpTo).toBe(replica.lastWritten);
          world.restart(shuffledNames()[0] ?? "");
          world.talkItOver();
          for (const name of world.names) expect(world.read(name)).toEqual(Array(4).fill(round));
        }
      }),
    );
  });
});

describe("Replicas", () => {
  test("keep what a node has written and another one has, when the former starts anew", () => {
    const world = new World();
    world.talkItOver();
    world.write("n0", [0, 1]);
    world.say("n0", "n1");
    world.deliver(1 - Number.EPSILON);
    world.restart("n0");
    world.talkItOver();
    for (const name of world.names) expect(world.read(name)).toEqual([1, 1, 1, 1]);
  });

  test("hand on what a node had told only one of them when it never comes back", () => {
    const world = new World();
    world.talkItOver();
    world.write("n0", [0]);
    world.tell("n0", "n1");
    world.write("n1", [1]);
    const survivors = ["n1", "n2"] as const;
    for (let tries = 0; tries < 10; tries++) {
      for (const node of survivors) {
        world.replica(node).giveUp("n0");
        world.say(node, "n0");
      }
      world.tell("n1", "n2");
      world.tell("n2", "n1");
    }
    for (const node of survivors) expect(world.read(node)).toEqual([1, 1, 2, 2]);
  });

  test("forget what all have acknowledged: the next message has nothing of it", () => {
    const world = new World();
    world.talkItOver();
    for (let count = 0; count < 100; count++) world.write("n0", [0]);
    world.talkItOver();
    world.write("n0", [1]);
    expect(world.replica("n0").message("n1")?.transactions).toHaveLength(1);
  });

  test("remember a bounded number of writes for a node that is away, then all registers once", () => {
    const world = new World();
    world.talkItOver();
    const logged = () => {
      world.replica("n0").giveUp("n1");
      world.tell("n0", "n1");
      world.tell("n1", "n0");
      return world.replica("n0").message("n1")?.transactions?.length ?? 0;
    };
    for (let count = 0; count < 2000; count++) world.write("n0", [0]);
    expect(logged()).toBe(2000);
    for (let count = 0; count < 2000; count++) world.write("n0", [0]);
    expect(logged()).toBe(0);
    expect(world.talkItOver()).toBeLessThan(6);
    expect(world.read("n1")).toEqual([4000, 4000, null, null]);
  });
});

describe("Replicas whose messages hold two registers", () => {
  /** Two that have talked, and n0 has written four pairs since: [1, 11], [2, 12], ... */
  const start = () => {
    const [n0, n1] = [new Replica("a", ["n1"], 100), new Replica("b", ["n0"], 100)];
    for (let round = 0; round < 3; round++) talk(n0, n1);
    for (const key of [1, 2, 3, 4]) writePair(n0, key, key);
    return { n0, n1 };
  };
  const talk = (n0: Replica, n1: Replica) => {
    const said = n0.message("n1");
    if (said !== undefined) n1.receive("n0", said);
    const answer = n1.message("n0");
    if (answer !== undefined) n0.receive("n1", answer);
    return said;
  };
  const writePair = (replica: Replica, key: number, value: number) =>
    replica.execute([key, key + 10].map((each) => ["w", each, value]));
  /** The values of the four pairs. */
  const pairsOf = (replica: Replica) =>
    [1, 2, 3, 4].map((key) => {
      const reads = [key, key + 10].map((each): ["r", number, null] => ["r", each, null]);
      return replica.execute(reads).map(([, , value]) => value);
    });
  const WHOLE = [1, 2, 3, 4].map((value) => [value, value]);
  const NOTHING = WHOLE.map(() => [null, null]);

  test("send as many transactions as fit, and the next ones once these have come", () => {
    const { n0, n1 } = start();
    for (const count of [1, 2, 3, 4]) {
      expect(talk(n0, n1)?.transactions).toHaveLength(1);
      expect(pairsOf(n1)).toEqual([...WHOLE.slice(0, count), ...NOTHING.slice(count)]);
    }
    expect(talk(n0, n1)).toBeUndefined();
  });

  /** n1 has been started anew, and has asked for all that n0 has. */
  const restart = () => {
    const { n0 } = start();
    const n1 = new Replica("c", ["n0"], 100);
    const question = n1.message("n0");
    if (question !== undefined) n0.receive("n1", question);
    return { n0, n1 };
  };

  test("send all registers on pages, of which nothing shows before all have come", () => {
    const { n0, n1 } = restart();
    for (let index = 0; index < 4; index++) {
      expect(pairsOf(n1)).toEqual(NOTHING);
      expect(talk(n0, n1)?.page).toEqual([1, index, 4]);
    }
    expect(pairsOf(n1)).toEqual(WHOLE);
    expect(n0.isAwaited("n1")).toBe(false);
    expect(talk(n0, n1)?.asks ?? false).toBe(false);
  });

  test("send one page at a time, and again only that which was lost", () => {
    const { n0, n1 } = restart();
    talk(n0, n1);
    expect(n0.message("n1")?.page).toEqual([1, 1, 4]); // Lost.
    expect(n0.message("n1")).toBeUndefined();
    n0.giveUp("n1");
    expect(talk(n0, n1)?.page).toBeUndefined(); // Is it there?
    for (let index = 1; index < 4; index++) expect(talk(n0, n1)?.page).toEqual([1, index, 4]);
    expect(pairsOf(n1)).toEqual(WHOLE);
  });

  test("finish a copy that was begun, and send what was written since after it", () => {
    const { n0, n1 } = restart();
    talk(n0, n1);
    writePair(n0, 1, 7);
    for (let index = 1; index < 4; index++) expect(talk(n0, n1)?.page).toEqual([1, index, 4]);
    expect(pairsOf(n1)).toEqual(WHOLE);
    talk(n0, n1);
    expect(pairsOf(n1)).toEqual([[7, 7], ...WHOLE.slice(1)]);
  });

  test("take a page that comes twice or late for nothing new", () => {
    const { n0, n1 } = restart();
    const [first, second] = [talk(n0, n1), talk(n0, n1)];
    for (const page of [first, second, first]) if (page !== undefined) n1.receive("n0", page);
    const answer = n1.message("n0");
    expect(answer?.got).toEqual([1, 2]);
    if (answer !== undefined) n0.receive("n1", answer);
    for (let index = 2; index < 4; index++) expect(talk(n0, n1)?.page).toEqual([1, index, 4]);
    if (first !== undefined) n1.receive("n0", first);
    expect(pairsOf(n1)).toEqual(WHOLE);
    expect(n1.message("n0")?.got).toBeUndefined();
  });

  test("begin at the first page again when a late message made the receiver forget the others", () => {
    const { n0, n1 } = restart();
    talk(n0, n1);
    talk(n0, n1);
    n1.receive("n0", { from: "0", to: "c", has: 0, asks: false }); // From a former start of n0.
    for (let round = 0; round < 20 && pairsOf(n1).flat().includes(null); round++) {
      if (talk(n0, n1) === undefined) n0.giveUp("n1");
    }
    expect(pairsOf(n1)).toEqual(WHOLE);
  });
});

describe("dist/txn-rw-register", () => {
  test("holds the conversation that Maelstrom begins", async () => {
    const txn = [
      ["r", 1, null],
      ["w", 1, 6],
      ["r", 1, null],
    ];
    const request = line({ type: "txn", txn, msg_id: 2 });
    const { lines, stderr, exitCode } = await run(binary("txn-rw-register"), INIT + request);
    expect(lines).toContain(
      '{"src":"n0","dest":"c1","body":{"type":"txn_ok","txn":[["r",1,null],["w",1,6],["r",1,6]],"in_reply_to":2}}',
    );
    expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  });

  test("carries out a transaction of 10,000 operations", async () => {
    const writes = Array.from({ length: 10_000 }, (_, key) => ["w", key, key]);
    const asked = line({ type: "txn", txn: writes, msg_id: 2 });
    const { lines } = await run(binary("txn-rw-register"), INIT + asked);
    const answers = bodies(lines).filter(({ type }) => type === "txn_ok");
    expect(answers).toEqual([{ type: "txn_ok", txn: writes, in_reply_to: 2 }]);
  });
});
