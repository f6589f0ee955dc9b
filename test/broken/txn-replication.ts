/**
 * The challenge txn-rw-register with bugs in its replication.
 *
 * Transactions still look read committed to Maelstrom's checker; only the comparison of the nodes'
 * final states (`--converge`) detects the bugs.
 */
import { txnRwRegister } from "../../challenges/txn-rw-register.ts";
import type { KVNode, NodeId } from "../../lib/vortex/index.ts";
import { type BrokenCase, CALM, DEADLY, LOSSY, PARTITIONED } from "./case.ts";
import { withHandler, withSends } from "./intercept.ts";

type Transaction = readonly [clock: number, writes: readonly unknown[]];

const CONVERGE = { consistencyModels: ["read-committed"], converge: true, recoveryS: 2 } as const;

const program = (node: KVNode) => txnRwRegister(node, { flushMs: 50, durable: false });

/** Replaces the transactions that a node replicates. */
function withTransactions(
  makeEdit: () => (transactions: readonly Transaction[], dest: NodeId) => readonly Transaction[],
) {
  return withSends(program, "replicate", () => {
    const edit = makeEdit();
    return ({ transactions, ...body }, dest) =>
      // Cast: the program's own messages have this shape.
      transactions === undefined
        ? body
        : { ...body, transactions: edit(transactions as readonly Transaction[], dest) };
  });
}

/** Replaces received timestamps by a counter of arrivals. */
const byArrival = withHandler(program, "replicate", () => {
  let arrivals = 1e6;
  return (request, proceed) => {
    const body = request.body as { transactions?: readonly Transaction[] };
    const transactions = body.transactions?.map(([, writes]) => [++arrivals, writes] as const);
    const edited = transactions === undefined ? body : { ...body, transactions };
    return proceed({ body: edited });
  };
});

const CASES: readonly Pick<BrokenCase, "bug" | "program" | "options">[] = [
  {
    bug: "replicates nothing",
    program: withSends(program, "replicate", () => () => undefined),
    options: CALM,
  },
  {
    bug: "replicates only the first write of a transaction",
    program: withTransactions(
      () => (transactions) => transactions.map(([clock, writes]) => [clock, writes.slice(0, 1)]),
    ),
    options: CALM,
  },
  {
    bug: "orders writes by arrival instead of by timestamp",
    // Messages arrive in different orders on different nodes, so different writes win.
    program: byArrival,
    options: CALM,
  },
  {
    bug: "forgets transactions once they are sent, before they are acknowledged",
    // A lost message is never resent.
    program: withTransactions(() => {
      const sentTo = new Map<NodeId, number>();
      return (transactions, dest) => {
        const sent = sentTo.get(dest) ?? 0;
        sentTo.set(dest, transactions.at(-1)?.[0] ?? sent);
        return transactions.filter(([clock]) => clock > sent);
      };
    }),
    options: LOSSY,
  },
  {
    bug: "does not ask a node again after a partition",
    // What the partition dropped is never fetched.
    program: withSends(program, "replicate", () => {
      const informed = new Set<NodeId>();
      return (body, dest) => {
        if ("upTo" in body) informed.add(dest);
        else if (body["wantsAck"] === true && informed.has(dest)) return undefined;
        return body;
      };
    }),
    options: PARTITIONED,
  },
  {
    bug: "has the same incarnation after a restart",
    // It reuses timestamps for other writes, which nodes take for duplicates.
    program: (node) => {
      node.generateId = () => node.id;
      return program(node);
    },
    options: DEADLY,
  },
  {
    bug: "sends a restarted node only new writes",
    // The restarted node has lost its state and never gets the old writes.
    program: withSends(program, "replicate", () => {
      const informed = new Set<NodeId>();
      return (body, dest) => {
        if (!("snapshot" in body)) return body;
        if (informed.has(dest)) return { ...body, snapshot: [] };
        informed.add(dest);
        return body;
      };
    }),
    options: DEADLY,
  },
];

export const BROKEN_TXN_REPLICATION: readonly BrokenCase[] = CASES.map(({ options, ...rest }) => ({
  ...rest,
  workload: "txn-rw-register",
  options: { ...options, ...CONVERGE },
  shows: "divergence",
  withinSeeds: 6,
}));
