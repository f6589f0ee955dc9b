/** Long news on its way from one replica to another: batches of transactions, and snapshots in pages. */
import { describe, expect, test } from "bun:test";
import { Replica } from "../../../challenges/txn-rw-register/replica.ts";

/** Length of a message that holds the two writes of one transaction. */
const MAX_LENGTH = 100;
const KEYS = [1, 2, 3, 4] as const;
const WHOLE = KEYS.map((key) => [key, key]);
const NOTHING = KEYS.map(() => [null, null]);

const newReplica = (incarnation: string, peer: string) =>
  new Replica({ incarnation, peers: [peer], maxLength: MAX_LENGTH });

/** Writes to a pair of registers: 1 and 11, 2 and 12, and so on. */
const writePair = (replica: Replica, key: number, value: number) =>
  replica.commit([key, key + 10].map((each) => [each, value]));

/** The values of the four pairs. */
const pairsOf = (replica: Replica) =>
  KEYS.map((key) => [replica.read(key), replica.read(key + 10)]);

/** Delivers a message of n0, if one is due, and the answer to it; returns the message. */
function exchange(n0: Replica, n1: Replica) {
  const message = n0.message("n1");
  if (message !== undefined) n1.receive("n0", message);
  const answer = n1.message("n0");
  if (answer !== undefined) n0.receive("n1", answer);
  return message;
}

/** Two replicas that know each other, and four transactions on n0 since. */
function start() {
  const [n0, n1] = [newReplica("a", "n1"), newReplica("b", "n0")];
  for (let round = 0; round < 3; round++) exchange(n0, n1);
  for (const key of KEYS) writePair(n0, key, key);
  return { n0, n1 };
}

/** The same after a restart of n1, which has sent its first probe. */
function restart() {
  const { n0 } = start();
  const n1 = newReplica("c", "n0");
  const probe = n1.message("n0");
  if (probe !== undefined) n0.receive("n1", probe);
  return { n0, n1 };
}

const pageOf = (index: number) => ({ snapshot: 1, index, count: KEYS.length });

describe("Transactions that exceed one message", () => {
  test("are sent as many as fit, the next ones once these are acknowledged", () => {
    const { n0, n1 } = start();
    for (const count of KEYS) {
      expect(exchange(n0, n1)?.transactions).toHaveLength(1);
      expect(pairsOf(n1)).toEqual([...WHOLE.slice(0, count), ...NOTHING.slice(count)]);
    }
    expect(exchange(n0, n1)).toBeUndefined();
  });
});

describe("A snapshot that exceeds one message", () => {
  test("is sent in pages, and merged when all have arrived", () => {
    const { n0, n1 } = restart();
    for (let index = 0; index < 4; index++) {
      expect(pairsOf(n1)).toEqual(NOTHING);
      expect(exchange(n0, n1)?.page).toEqual(pageOf(index));
    }
    expect(pairsOf(n1)).toEqual(WHOLE);
    expect(n0.isInFlight("n1")).toBe(false);
    expect(exchange(n0, n1)?.wantsAck ?? false).toBe(false);
  });

  test("has one page in flight at a time, and repeats only a lost one", () => {
    const { n0, n1 } = restart();
    exchange(n0, n1);
    expect(n0.message("n1")?.page).toEqual(pageOf(1)); // Lost.
    expect(n0.message("n1")).toBeUndefined();
    n0.timeOut("n1");
    expect(exchange(n0, n1)?.page).toBeUndefined(); // A probe.
    for (let index = 1; index < 4; index++) {
      expect(exchange(n0, n1)?.page).toEqual(pageOf(index));
    }
    expect(pairsOf(n1)).toEqual(WHOLE);
  });

  test("does not change while it is sent: later writes follow it", () => {
    const { n0, n1 } = restart();
    exchange(n0, n1);
    writePair(n0, 1, 7);
    for (let index = 1; index < 4; index++) {
      expect(exchange(n0, n1)?.page).toEqual(pageOf(index));
    }
    expect(pairsOf(n1)).toEqual(WHOLE);
    exchange(n0, n1);
    expect(pairsOf(n1)).toEqual([[7, 7], ...WHOLE.slice(1)]);
  });

  test("is not affected by a page that arrives twice or late", () => {
    const { n0, n1 } = restart();
    const [first, second] = [exchange(n0, n1), exchange(n0, n1)];
    for (const page of [first, second, first]) if (page !== undefined) n1.receive("n0", page);
    const answer = n1.message("n0");
    expect(answer?.pageAck).toEqual({ snapshot: 1, count: 2 });
    if (answer !== undefined) n0.receive("n1", answer);
    for (let index = 2; index < 4; index++) {
      expect(exchange(n0, n1)?.page).toEqual(pageOf(index));
    }
    if (first !== undefined) n1.receive("n0", first);
    expect(pairsOf(n1)).toEqual(WHOLE);
    expect(n1.message("n0")?.pageAck).toBeUndefined();
  });

  test("starts again when a message of an earlier incarnation made the receiver drop its pages", () => {
    const { n0, n1 } = restart();
    exchange(n0, n1);
    exchange(n0, n1);
    n1.receive("n0", { from: "0", to: "c", ack: 0, wantsAck: false });
    for (let round = 0; round < 20 && pairsOf(n1).flat().includes(null); round++) {
      if (exchange(n0, n1) === undefined) n0.timeOut("n1");
    }
    expect(pairsOf(n1)).toEqual(WHOLE);
  });
});
