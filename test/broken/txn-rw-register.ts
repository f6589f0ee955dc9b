import { lastWriteWins } from "../programs/last-write-wins.ts";
import { byLeader } from "../programs/leader.ts";
import { errorReply, operation } from "../programs/machine.ts";
import { type MicroOperation, registers, Txn } from "../programs/transactions.ts";
import { type BrokenCase, CALM, LOSSY, PARTITIONED } from "./case.ts";
import { cached, every, withReplies } from "./intercept.ts";
import { interleaved, reads, withMicroOperations } from "./transactions.ts";

const READ_COMMITTED = { consistencyModels: ["read-committed"] } as const;

/** Reads what was there before the transaction. */
function readingBefore() {
  const values = new Map<number, number | null>();
  const kept = registers(values);
  return {
    txn: operation(Txn, (body) => {
      const before = new Map(values);
      kept.txn.apply(body);
      const txn = body.txn.map(reads((_, key) => before.get(key) ?? null));
      return { type: "txn_ok", txn };
    }),
  };
}

export const BROKEN_RW_REGISTER: readonly BrokenCase[] = [
  {
    wrong: "refuses every 20th transaction when others may have read what it wrote",
    workload: "txn-rw-register",
    program: withReplies(lastWriteWins, "txn_ok", () => {
      const isRefused = every(20);
      return (body) => (isRefused() ? errorReply("txn-conflict", "Refused") : body);
    }),
    options: { ...CALM, ...READ_COMMITTED },
    shows: "G1a",
    withinSeeds: 1,
  },
  {
    wrong:
      "says that a transaction has failed when the leader is silent, though it may have happened",
    workload: "txn-rw-register",
    program: byLeader(registers, {
      onSilence: () => errorReply("temporarily-unavailable", "The leader is silent"),
    }),
    options: { ...LOSSY, ...READ_COMMITTED },
    shows: "G1a",
    withinSeeds: 2,
  },
  {
    wrong: "shows the others what a transaction will overwrite itself",
    workload: "txn-rw-register",
    program: interleaved(lastWriteWins),
    options: { ...CALM, ...READ_COMMITTED },
    shows: "G1b",
    withinSeeds: 1,
  },
  {
    wrong: "lets transactions see each other's writes before they have ended",
    workload: "txn-rw-register",
    program: interleaved(byLeader(registers)),
    options: { ...CALM, ...READ_COMMITTED },
    shows: "G1c",
    withinSeeds: 6,
  },
  {
    wrong: "waits for a leader that a partition cuts off, though it should always answer",
    workload: "txn-rw-register",
    program: byLeader(registers),
    options: { ...PARTITIONED, ...READ_COMMITTED, nemesisIntervalS: 10, availability: "total" },
    shows: "unavailable",
    withinSeeds: 6,
  },
  {
    wrong: "reads what was there before the transaction, not what it has written itself",
    workload: "txn-rw-register",
    program: byLeader(readingBefore),
    options: { ...CALM, consistencyModels: ["read-atomic"] },
    shows: "internal",
    withinSeeds: 1,
  },
  {
    wrong: "promises snapshot isolation, but lets the last of two concurrent writes win",
    workload: "txn-rw-register",
    program: lastWriteWins,
    options: { ...CALM, consistencyModels: ["snapshot-isolation"] },
    shows: "lost-update",
    withinSeeds: 1,
  },
  {
    wrong: "answers the same reads from a cache that is up to a second old",
    workload: "txn-rw-register",
    program: cached(byLeader(registers), { answer: "txn_ok", forMs: 1000 }),
    options: CALM,
    shows: "G-single-item-realtime",
    withinSeeds: 1,
  },
  {
    wrong: "keeps registers of its own on each node",
    workload: "txn-rw-register",
    program: byLeader(registers, { leaderOf: (node) => node.id }),
    options: { ...CALM, maxWritesPerKey: 4, consistencyModels: ["serializable"] },
    shows: "lost-update",
    withinSeeds: 1,
  },
  {
    wrong: "finds every register empty",
    workload: "txn-rw-register",
    program: withMicroOperations(
      byLeader(registers),
      reads(() => null),
    ),
    options: CALM,
    shows: "G-single-item-realtime",
    withinSeeds: 6,
  },
  {
    wrong: "leaves reads out of its answers",
    workload: "txn-rw-register",
    program: withReplies(byLeader(registers), "txn_ok", () => (body) => ({
      ...body,
      txn: (body["txn"] as MicroOperation[]).filter(([f]) => f !== "r"),
    })),
    options: { ...CALM, ...READ_COMMITTED },
    shows: "empty-transaction-graph",
    withinSeeds: 1,
  },
  {
    wrong: "gives keys back as strings where it has read them",
    workload: "txn-rw-register",
    program: withMicroOperations(byLeader(registers), ([f, key, value]) => [
      f,
      f === "r" ? String(key) : key,
      value,
    ]),
    options: CALM,
    shows: "no verdict",
    withinSeeds: 1,
  },
  {
    wrong: "gives back pairs where triples were asked for",
    workload: "txn-rw-register",
    program: withMicroOperations(byLeader(registers), ([, key, value]) => [key, value]),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
