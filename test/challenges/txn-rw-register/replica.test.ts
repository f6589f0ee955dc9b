import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type { Replicate } from "../../../challenges/txn-rw-register/messages.ts";
import { Replica } from "../../../challenges/txn-rw-register/replica.ts";
import { shuffle } from "../../../lib/vortex/random.ts";
import { randomStream } from "../../../lib/workbench/random.ts";
import { Replicas, runRandomly } from "./replicas.ts";

setDefaultTimeout(60_000);

describe.each([
  ["Replicas", undefined],
  ["Replicas with one register per message", 1],
])("%s", (_, maxLength) => {
  test("keep their invariants, and end equal and silent, after any faults", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const replicas = runRandomly({ seed, steps: 300, maxLength });
        replicas.settle();
        const [first, ...others] = replicas.names.map((name) => replicas.read(name));
        for (const other of others) expect(other).toEqual(first ?? []);
      }),
    );
  });

  test("show each transaction whole or not at all, after every step", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const onStep = (replicas: Replicas) => {
          for (const name of replicas.names) {
            const [a, b, c, d] = replicas.read(name);
            expect([a, c]).toEqual([b ?? null, d ?? null]);
          }
        };
        runRandomly({ seed, steps: 100, maxLength, onStep });
      }),
    );
  });

  test("lose nothing that another node has acknowledged when any one node restarts", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const replicas = new Replicas(maxLength);
        const random = randomStream(seed, "replicas");
        const shuffledNames = () => shuffle(random, replicas.names);
        replicas.settle();
        for (let round = 1; round <= 10; round++) {
          const [writer = "", witness = ""] = shuffledNames();
          const replica = replicas.get(writer);
          replicas.write(writer, [0, 1]);
          expect(replica.replicatedUpTo).toBeLessThan(replica.lastCommitted);
          replicas.sendAndDeliver(writer, witness);
          replicas.sendAndDeliver(witness, writer);
          expect(replica.replicatedUpTo).toBe(replica.lastCommitted);
          replicas.restart(shuffledNames()[0] ?? "");
          replicas.settle();
          for (const name of replicas.names) {
            expect(replicas.read(name)).toEqual(Array(4).fill(round));
          }
        }
      }),
    );
  });
});

describe("Replica", () => {
  // docs/challenges/txn-rw-register.md shows the same messages.
  test("introduces itself, then sends news with acknowledgements", () => {
    const n0 = new Replica({ incarnation: "A", peers: ["n1"] });
    const n1 = new Replica({ incarnation: "B", peers: ["n0"] });
    /** Sends messages in turn until none is due; returns them. */
    const converse = () => {
      const messages: Replicate[] = [];
      for (;;) {
        const [toN1, sent] = [n0.message("n1"), messages.length];
        if (toN1 !== undefined) n1.receive("n0", toN1);
        const toN0 = n1.message("n0");
        if (toN0 !== undefined) n0.receive("n1", toN0);
        for (const message of [toN1, toN0]) if (message !== undefined) messages.push(message);
        if (messages.length === sent) return messages;
      }
    };
    const toB = { from: "A", to: "B" };
    const toA = { from: "B", to: "A" };
    expect(converse()).toEqual([
      { from: "A", ack: 0, wantsAck: true },
      { ...toA, ack: 0, wantsAck: true, upTo: 1, snapshot: [] },
      { ...toB, ack: 1, wantsAck: true, upTo: 1, snapshot: [] },
      { ...toA, ack: 1, wantsAck: false },
    ]);
    n0.commit([
      [1, 6],
      [2, 9],
    ]);
    n1.commit([[1, 7]]);
    const [fromN0, fromN1] = [[[2, [[1, 6], [2, 9]]]], [[2, [[1, 7]]]]]; // biome-ignore format: one line
    expect<unknown>(converse()).toEqual([
      { ...toB, ack: 1, wantsAck: true, upTo: 2, transactions: fromN0 },
      { ...toA, ack: 2, wantsAck: true, upTo: 2, transactions: fromN1 },
      { ...toB, ack: 2, wantsAck: false },
    ]);
    for (const replica of [n0, n1]) expect([replica.read(1), replica.read(2)]).toEqual([7, 9]);
  });

  test("sends the transactions of a peer to the others when the peer restarts", () => {
    const replicas = new Replicas();
    replicas.settle();
    replicas.write("n0", [0, 1]);
    replicas.sendAndDeliver("n0", "n1");
    replicas.restart("n0");
    replicas.settle();
    for (const name of replicas.names) expect(replicas.read(name)).toEqual([1, 1, 1, 1]);
  });

  test("sends the transactions of a peer to the others when the peer never comes back", () => {
    const replicas = new Replicas();
    replicas.settle();
    replicas.write("n0", [0]);
    replicas.sendAndDeliver("n0", "n1");
    replicas.write("n1", [1]);
    const survivors = ["n1", "n2"] as const;
    for (let attempt = 0; attempt < 10; attempt++) {
      for (const node of survivors) {
        replicas.get(node).timeOut("n0");
        replicas.send(node, "n0");
      }
      replicas.sendAndDeliver("n1", "n2");
      replicas.sendAndDeliver("n2", "n1");
    }
    for (const node of survivors) expect(replicas.read(node)).toEqual([1, 1, 2, 2]);
  });

  test("does not send again what all peers have acknowledged", () => {
    const replicas = new Replicas();
    replicas.settle();
    for (let count = 0; count < 100; count++) replicas.write("n0", [0]);
    replicas.settle();
    replicas.write("n0", [1]);
    expect(replicas.get("n0").message("n1")?.transactions).toHaveLength(1);
  });

  test("sends a snapshot to a peer that lacks more than the log holds", () => {
    const replicas = new Replicas();
    replicas.settle();
    const transactionsToSend = () => {
      replicas.get("n0").timeOut("n1");
      replicas.sendAndDeliver("n0", "n1");
      replicas.sendAndDeliver("n1", "n0");
      return replicas.get("n0").message("n1")?.transactions?.length ?? 0;
    };
    for (let count = 0; count < 2000; count++) replicas.write("n0", [0]);
    expect(transactionsToSend()).toBe(2000);
    for (let count = 0; count < 2000; count++) replicas.write("n0", [0]);
    expect(transactionsToSend()).toBe(0);
    expect(replicas.settle()).toBeLessThan(6);
    expect(replicas.read("n1")).toEqual([4000, 4000, null, null]);
  });

  test("rejects a node that is not a peer", () => {
    const replicas = new Replicas();
    expect(() => replicas.get("n0").message("n0")).toThrow('"n0" is not a peer');
  });
});
