/** Broken programs for txn-list-append. */
import { byLeader } from "../programs/leader.ts";
import { errorReply, operation } from "../programs/machine.ts";
import { nothing, optimistic, writesOnly } from "../programs/optimistic.ts";
import { type List, lists, type MicroOperation } from "../programs/transactions.ts";
import { type BrokenCase, CALM, LOSSY } from "./case.ts";
import { cached, every, withReplies } from "./intercept.ts";
import { DEFINITE_ERROR_ON_TIMEOUT, RETRIES_WITH_NEW_ID, SEPARATE_COPIES } from "./leader-bugs.ts";
import { interleaved, reads, withMicroOperations } from "./transactions.ts";

const correct = byLeader(lists);

/** Lists on a leader that computes the reply from the state before the transaction. */
function replying(
  reply: (txn: readonly MicroOperation[], before: ReadonlyMap<number, List>) => readonly unknown[],
) {
  return byLeader(() => {
    const values = new Map<number, List>();
    const correctLists = lists(values);
    return {
      txn: operation(correctLists.txn.schema, (body) => {
        const before = new Map(values);
        correctLists.txn.apply(body);
        return { type: "txn_ok", txn: reply(body.txn, before) };
      }),
    };
  });
}

/** Lists that drop their first element when they are longer than 8. */
function truncated() {
  const values = new Map<number, List>();
  const correctLists = lists(values);
  return {
    txn: operation(correctLists.txn.schema, (body) => {
      const reply = correctLists.txn.apply(body);
      for (const [key, list] of values) if (list.length > 8) values.set(key, list.slice(1));
      return reply;
    }),
  };
}

/** Lists that refuse every 20th transaction after it was applied. */
function refusing() {
  const correctLists = lists();
  const isRefused = every(20);
  return {
    txn: operation(correctLists.txn.schema, (body) => {
      const reply = correctLists.txn.apply(body);
      return isRefused() ? errorReply("txn-conflict", "Refused") : reply;
    }),
  };
}

export const BROKEN_LIST_APPEND: readonly BrokenCase[] = [
  {
    bug: "retries a transaction with a new request id",
    workload: "txn-list-append",
    // The leader appends the elements twice.
    program: byLeader(lists, RETRIES_WITH_NEW_ID),
    options: LOSSY,
    shows: "duplicate-elements",
    withinSeeds: 2,
  },
  {
    bug: "keeps separate lists on each node",
    workload: "txn-list-append",
    // Two nodes order the elements of a list differently.
    program: byLeader(lists, SEPARATE_COPIES),
    options: CALM,
    shows: "incompatible-order",
    withinSeeds: 1,
  },
  {
    bug: "drops the first element of a long list",
    workload: "txn-list-append",
    // A later read is not an extension of an earlier one.
    program: byLeader(truncated),
    options: CALM,
    shows: "incompatible-order",
    withinSeeds: 1,
  },
  {
    bug: "replies with a definite error when the leader times out",
    workload: "txn-list-append",
    // Others may read the elements of a transaction that "failed" (aborted read).
    program: byLeader(lists, DEFINITE_ERROR_ON_TIMEOUT),
    options: LOSSY,
    shows: "G1a",
    withinSeeds: 2,
  },
  {
    bug: "refuses every 20th transaction after it has applied it",
    workload: "txn-list-append",
    // Others read the elements of an aborted transaction (aborted read).
    program: byLeader(refusing),
    options: CALM,
    shows: "G1a",
    withinSeeds: 1,
  },
  {
    bug: "applies a transaction in several steps",
    workload: "txn-list-append",
    // Others read a list between two appends of one transaction (intermediate read).
    program: interleaved(correct),
    options: CALM,
    shows: "G1b",
    withinSeeds: 1,
  },
  {
    bug: "lets transactions read each other's partial effects",
    workload: "txn-list-append",
    // Two transactions that overlap each read an append of the other (circular information flow).
    program: interleaved(correct),
    options: { ...CALM, consistencyModels: ["read-committed"] },
    shows: "G1c",
    withinSeeds: 1,
  },
  {
    bug: "answers repeated transactions from a cache for a second",
    workload: "txn-list-append",
    // A cached read misses writes that completed before it.
    program: cached(correct, { reply: "txn_ok", forMs: 1000 }),
    options: CALM,
    shows: "G-single-item-realtime",
    withinSeeds: 1,
  },
  {
    bug: "validates writes but not reads",
    workload: "txn-list-append",
    // Two transactions may each read what the other writes (write skew).
    program: optimistic(writesOnly),
    options: { ...CALM, latency: { meanMs: 10, distribution: "exponential" } },
    shows: "G2-item",
    withinSeeds: 1,
  },
  {
    bug: "validates nothing",
    workload: "txn-list-append",
    // Two transactions read the same list, and both append (lost update).
    program: optimistic(nothing),
    options: {
      ...CALM,
      latency: { meanMs: 10, distribution: "exponential" },
      consistencyModels: ["snapshot-isolation"],
    },
    shows: "lost-update",
    withinSeeds: 4,
  },
  {
    bug: "does not read its own appends",
    workload: "txn-list-append",
    // Every read returns the state before the transaction.
    program: replying((txn, before) => txn.map(reads((_, key) => before.get(key) ?? null))),
    options: CALM,
    shows: "internal",
    withinSeeds: 1,
  },
  {
    bug: "applies all appends of a transaction before its reads",
    workload: "txn-list-append",
    // A read returns elements that the transaction appends later.
    program: replying((txn, before) => {
      const after = new Map(before);
      lists(after).txn.apply({ txn: [...txn] });
      return txn.map(reads((_, key) => after.get(key) ?? null));
    }),
    options: CALM,
    shows: "future-read",
    withinSeeds: 1,
  },
  {
    bug: "returns every list empty",
    workload: "txn-list-append",
    // A read of `null` precedes all appends, although these completed before it.
    program: withMicroOperations(
      correct,
      reads(() => null),
    ),
    // With a single element, the order of a list is known without a read.
    options: { ...CALM, maxWritesPerKey: 1 },
    shows: "G-single-item-realtime",
    withinSeeds: 1,
  },
  {
    bug: "returns elements as strings",
    workload: "txn-list-append",
    // The checker cannot compare them with the numbers that were appended.
    program: withMicroOperations(
      correct,
      reads((list) => (list as List | null)?.map(String) ?? null),
    ),
    options: CALM,
    shows: "no verdict",
    withinSeeds: 1,
  },
  {
    bug: "returns the transaction in a field of another name",
    workload: "txn-list-append",
    // The protocol calls it `txn`.
    program: withReplies(correct, "txn_ok", () => ({ type, txn }) => ({ type, result: txn })),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
