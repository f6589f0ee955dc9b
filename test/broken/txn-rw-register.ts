/** Broken programs for txn-rw-register. */
import { lastWriteWins } from "../programs/last-write-wins.ts";
import { byLeader } from "../programs/leader.ts";
import { errorReply, operation } from "../programs/machine.ts";
import { type MicroOperation, registers, Txn } from "../programs/transactions.ts";
import { type BrokenCase, CALM, LOSSY, PARTITIONED } from "./case.ts";
import { cached, every, withReplies } from "./intercept.ts";
import { DEFINITE_ERROR_ON_TIMEOUT, SEPARATE_COPIES } from "./leader-bugs.ts";
import { interleaved, reads, withMicroOperations } from "./transactions.ts";

const READ_COMMITTED = { consistencyModels: ["read-committed"] } as const;

/** Registers whose reads return the state before the transaction. */
function readingBefore() {
  const values = new Map<number, number | null>();
  const correctRegisters = registers(values);
  return {
    txn: operation(Txn, (body) => {
      const before = new Map(values);
      correctRegisters.txn.apply(body);
      const txn = body.txn.map(reads((_, key) => before.get(key) ?? null));
      return { type: "txn_ok", txn };
    }),
  };
}

export const BROKEN_RW_REGISTER: readonly BrokenCase[] = [
  {
    bug: "refuses every 20th transaction after it has applied it",
    workload: "txn-rw-register",
    // Others read the writes of an aborted transaction (aborted read).
    program: withReplies(lastWriteWins, "txn_ok", () => {
      const isRefused = every(20);
      return (body) => (isRefused() ? errorReply("txn-conflict", "Refused") : body);
    }),
    options: { ...CALM, ...READ_COMMITTED },
    shows: "G1a",
    withinSeeds: 1,
  },
  {
    bug: "replies with a definite error when the leader times out",
    workload: "txn-rw-register",
    // Others may read the writes of a transaction that "failed" (aborted read).
    program: byLeader(registers, DEFINITE_ERROR_ON_TIMEOUT),
    options: { ...LOSSY, ...READ_COMMITTED },
    shows: "G1a",
    withinSeeds: 2,
  },
  {
    bug: "applies a transaction in several steps",
    workload: "txn-rw-register",
    // Others read a value that the same transaction overwrites later (intermediate read).
    program: interleaved(lastWriteWins),
    options: { ...CALM, ...READ_COMMITTED },
    shows: "G1b",
    withinSeeds: 1,
  },
  {
    bug: "lets transactions read each other's uncommitted writes",
    workload: "txn-rw-register",
    // Two transactions that overlap each read a write of the other (circular information flow).
    program: interleaved(byLeader(registers)),
    options: { ...CALM, ...READ_COMMITTED },
    shows: "G1c",
    withinSeeds: 6,
  },
  {
    bug: "waits for a leader that is cut off",
    workload: "txn-rw-register",
    // Nodes without a connection to the leader cannot reply, but the test demands total
    // availability.
    program: byLeader(registers),
    options: { ...PARTITIONED, ...READ_COMMITTED, nemesisIntervalS: 10, availability: "total" },
    shows: "unavailable",
    withinSeeds: 6,
  },
  {
    bug: "does not read its own writes",
    workload: "txn-rw-register",
    // Every read returns the state before the transaction.
    program: byLeader(readingBefore),
    options: { ...CALM, consistencyModels: ["read-atomic"] },
    shows: "internal",
    withinSeeds: 1,
  },
  {
    bug: "claims snapshot isolation, but lets the last write win",
    workload: "txn-rw-register",
    // Two concurrent transactions write the same register, and one write disappears (lost update).
    program: lastWriteWins,
    options: { ...CALM, consistencyModels: ["snapshot-isolation"] },
    shows: "lost-update",
    withinSeeds: 1,
  },
  {
    bug: "answers repeated transactions from a cache for a second",
    workload: "txn-rw-register",
    // A cached read misses writes that completed before it.
    program: cached(byLeader(registers), { reply: "txn_ok", forMs: 1000 }),
    options: CALM,
    shows: "G-single-item-realtime",
    withinSeeds: 1,
  },
  {
    bug: "keeps separate registers on each node",
    workload: "txn-rw-register",
    // Two nodes update the same register independently (lost update).
    program: byLeader(registers, SEPARATE_COPIES),
    options: { ...CALM, maxWritesPerKey: 4, consistencyModels: ["serializable"] },
    shows: "lost-update",
    withinSeeds: 1,
  },
  {
    bug: "returns every register empty",
    workload: "txn-rw-register",
    // A read of `null` precedes all writes, although these completed before it.
    program: withMicroOperations(
      byLeader(registers),
      reads(() => null),
    ),
    options: CALM,
    shows: "G-single-item-realtime",
    withinSeeds: 6,
  },
  {
    bug: "omits reads from its replies",
    workload: "txn-rw-register",
    // Without reads, no dependency between transactions is known.
    program: withReplies(byLeader(registers), "txn_ok", () => (body) => ({
      ...body,
      txn: (body["txn"] as MicroOperation[]).filter(([f]) => f !== "r"),
    })),
    options: { ...CALM, ...READ_COMMITTED },
    shows: "empty-transaction-graph",
    withinSeeds: 1,
  },
  {
    bug: "returns the keys of reads as strings",
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
    bug: "returns pairs instead of triples",
    workload: "txn-rw-register",
    program: withMicroOperations(byLeader(registers), ([, key, value]) => [key, value]),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
