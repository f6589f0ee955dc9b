import { byLeader } from "../programs/leader.ts";
import { errorReply, operation } from "../programs/machine.ts";
import { nothing, optimistic, whatItWrites } from "../programs/optimistic.ts";
import { type List, lists, type MicroOperation } from "../programs/transactions.ts";
import { type BrokenCase, CALM, LOSSY } from "./case.ts";
import { cached, every, withReplies } from "./intercept.ts";
import { interleaved, reads, withMicroOperations } from "./transactions.ts";

const correct = byLeader(lists);

/** A program whose leader answers transactions by what there was before them. */
function answering(
  answer: (txn: readonly MicroOperation[], before: ReadonlyMap<number, List>) => readonly unknown[],
) {
  return byLeader(() => {
    const values = new Map<number, List>();
    const kept = lists(values);
    return {
      txn: operation(kept.txn.schema, (body) => {
        const before = new Map(values);
        kept.txn.apply(body);
        return { type: "txn_ok", txn: answer(body.txn, before) };
      }),
    };
  });
}

/** Lists that lose their first element when they get too long. */
function truncated() {
  const values = new Map<number, List>();
  const kept = lists(values);
  return {
    txn: operation(kept.txn.schema, (body) => {
      const reply = kept.txn.apply(body);
      for (const [key, list] of values) if (list.length > 8) values.set(key, list.slice(1));
      return reply;
    }),
  };
}

/** Refuses every 20th transaction after it has been applied. */
function refusing() {
  const kept = lists();
  const isRefused = every(20);
  return {
    txn: operation(kept.txn.schema, (body) => {
      const reply = kept.txn.apply(body);
      return isRefused() ? errorReply("txn-conflict", "Refused") : reply;
    }),
  };
}

export const BROKEN_LIST_APPEND: readonly BrokenCase[] = [
  {
    wrong: "lets the leader apply a transaction again when it is sent again",
    workload: "txn-list-append",
    program: byLeader(lists, { renamesRetries: true }),
    options: LOSSY,
    shows: "duplicate-elements",
    withinSeeds: 2,
  },
  {
    wrong: "keeps lists of its own on each node",
    workload: "txn-list-append",
    program: byLeader(lists, { leaderOf: (node) => node.id }),
    options: CALM,
    shows: "incompatible-order",
    withinSeeds: 1,
  },
  {
    wrong: "forgets the first element of a list when it gets long",
    workload: "txn-list-append",
    program: byLeader(truncated),
    options: CALM,
    shows: "incompatible-order",
    withinSeeds: 1,
  },
  {
    wrong:
      "says that a transaction has failed when the leader is silent, though it may have happened",
    workload: "txn-list-append",
    program: byLeader(lists, {
      onSilence: () => errorReply("temporarily-unavailable", "The leader is silent"),
    }),
    options: LOSSY,
    shows: "G1a",
    withinSeeds: 2,
  },
  {
    wrong: "refuses transactions after it has applied them",
    workload: "txn-list-append",
    program: byLeader(refusing),
    options: CALM,
    shows: "G1a",
    withinSeeds: 1,
  },
  {
    wrong: "lets others see a transaction when only a part of it has been applied",
    workload: "txn-list-append",
    program: interleaved(correct),
    options: CALM,
    shows: "G1b",
    withinSeeds: 1,
  },
  {
    wrong: "lets transactions see parts of each other",
    workload: "txn-list-append",
    program: interleaved(correct),
    options: { ...CALM, consistencyModels: ["read-committed"] },
    shows: "G1c",
    withinSeeds: 1,
  },
  {
    wrong: "answers the same reads from a cache that is up to a second old",
    workload: "txn-list-append",
    program: cached(correct, { answer: "txn_ok", forMs: 1000 }),
    options: CALM,
    shows: "G-single-item-realtime",
    withinSeeds: 1,
  },
  {
    wrong: "checks at the end of a transaction what it has written, but not what it has read",
    workload: "txn-list-append",
    program: optimistic(whatItWrites),
    options: { ...CALM, latency: { meanMs: 10, distribution: "exponential" } },
    shows: "G2-item",
    withinSeeds: 1,
  },
  {
    wrong: "checks nothing at the end of a transaction",
    workload: "txn-list-append",
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
    wrong: "reads what was there before the transaction, not what it has appended itself",
    workload: "txn-list-append",
    program: answering((txn, before) => txn.map(reads((_, key) => before.get(key) ?? null))),
    options: CALM,
    shows: "internal",
    withinSeeds: 1,
  },
  {
    wrong: "carries out all appends of a transaction before its reads",
    workload: "txn-list-append",
    program: answering((txn, before) => {
      const after = new Map(before);
      lists(after).txn.apply({ txn: [...txn] });
      return txn.map(reads((_, key) => after.get(key) ?? null));
    }),
    options: CALM,
    shows: "future-read",
    withinSeeds: 1,
  },
  {
    wrong: "finds every list empty",
    workload: "txn-list-append",
    program: withMicroOperations(
      correct,
      reads(() => null),
    ),
    // The order of a list is known without a read if it gets a single element.
    options: { ...CALM, maxWritesPerKey: 1 },
    shows: "G-single-item-realtime",
    withinSeeds: 1,
  },
  {
    wrong: "gives elements back as strings",
    workload: "txn-list-append",
    program: withMicroOperations(
      correct,
      reads((list) => (list as List | null)?.map(String) ?? null),
    ),
    options: CALM,
    shows: "no verdict",
    withinSeeds: 1,
  },
  {
    wrong: "answers under a name that the protocol does not know",
    workload: "txn-list-append",
    program: withReplies(correct, "txn_ok", () => ({ type, txn }) => ({ type, result: txn })),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
