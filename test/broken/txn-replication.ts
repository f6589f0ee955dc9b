/**
 * The challenge's own program, spoiled in what its nodes tell each other: Maelstrom's checker sees
 * none of it, the comparison of the nodes does.
 */
import { txnRwRegister } from "../../challenges/txn-rw-register.ts";
import type { KVNode, NodeId } from "../../lib/vortex/index.ts";
import { type BrokenCase, CALM, DEADLY, LOSSY, PARTITIONED } from "./case.ts";
import { withHandler, withSends } from "./intercept.ts";

type Transaction = readonly [clock: number, writes: readonly unknown[]];

const CONVERGE = { consistencyModels: ["read-committed"], converge: true, recoveryS: 2 } as const;

const program = (node: KVNode) => txnRwRegister(node, { flushMs: 50, durable: false });

/** Batches of other transactions than the program means. */
function withTransactions(
  makeEdit: () => (transactions: readonly Transaction[], dest: NodeId) => readonly Transaction[],
) {
  return withSends(program, "replicate", () => {
    const edit = makeEdit();
    return ({ transactions, ...body }, dest) =>
      // The program's own messages have this shape.
      transactions === undefined
        ? body
        : { ...body, transactions: edit(transactions as readonly Transaction[], dest) };
  });
}

/** Orders versions by when they arrive. */
const byArrival = withHandler(program, "replicate", () => {
  let arrivals = 1e6;
  return (request, proceed) => {
    const body = request.body as { transactions?: readonly Transaction[] };
    const transactions = body.transactions?.map(([, writes]) => [++arrivals, writes] as const);
    const edited = transactions === undefined ? body : { ...body, transactions };
    return proceed({ body: edited });
  };
});

const CASES: readonly Pick<BrokenCase, "wrong" | "program" | "options">[] = [
  {
    wrong: "tells the others nothing",
    program: withSends(program, "replicate", () => () => undefined),
    options: CALM,
  },
  {
    wrong: "ships the first write of each transaction only",
    program: withTransactions(
      () => (transactions) => transactions.map(([clock, writes]) => [clock, writes.slice(0, 1)]),
    ),
    options: CALM,
  },
  {
    wrong: "lets the write win that arrives last",
    program: byArrival,
    options: CALM,
  },
  {
    wrong: "forgets transactions when it has sent them, not when they are acknowledged",
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
    wrong: "does not ask again who was cut off",
    program: withSends(program, "replicate", () => {
      const told = new Set<NodeId>();
      return (body, dest) => {
        if ("upTo" in body) told.add(dest);
        else if (body["asks"] === true && told.has(dest)) return undefined;
        return body;
      };
    }),
    options: PARTITIONED,
  },
  {
    wrong: "has the same name after a restart, and so stamps the same for other writes",
    program: (node) => {
      node.generateId = () => node.id;
      return program(node);
    },
    options: DEADLY,
  },
  {
    wrong: "sends a node that comes back empty only what is new",
    program: withSends(program, "replicate", () => {
      const told = new Set<NodeId>();
      return (body, dest) => {
        if (!("state" in body)) return body;
        if (told.has(dest)) return { ...body, state: [] };
        told.add(dest);
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
