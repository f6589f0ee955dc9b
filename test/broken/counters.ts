/** Broken programs for g-counter and pn-counter. */
import * as v from "valibot";
import { isRpcError, type KVNode, type Node } from "../../lib/vortex/index.ts";
import { type CounterOptions, counter } from "../programs/counter.ts";
import { Delivery, type DeliveryOptions } from "../programs/delivery.ts";
import { type KvCounterOptions, kvCounter, type Numbers, SUM } from "../programs/kv-counter.ts";
import { type BrokenCase, CALM, DEADLY, LOSSY, PARTITIONED } from "./case.ts";
import { acknowledgedEarly, withReplies } from "./intercept.ts";

const kvCounterWith = (options: KvCounterOptions) => (node: KVNode) => kvCounter(node, options);
const counterWith = (options: CounterOptions) => (node: KVNode) => counter(node, options);

/** Sends each delta to the other nodes, and applies a received delta as often as it arrives. */
const deltas = (options?: DeliveryOptions) => (node: Node) => {
  let sum = 0;
  const add = (delta: number) => {
    sum += delta;
  };
  const delivery = new Delivery(node, v.number(), add, options);
  node.handle("add", v.object({ delta: v.number() }), ({ body }) => {
    add(body.delta);
    for (const peer of node.peers) delivery.send(peer, body.delta);
    return { type: "add_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", value: sum }));
};

export const BROKEN_COUNTERS: readonly BrokenCase[] = [
  {
    bug: "applies a delta again when it is resent",
    workload: "g-counter",
    // When an acknowledgement is lost, the sender resends a delta that was already added.
    program: deltas(),
    options: LOSSY,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "applies a duplicated message twice",
    workload: "g-counter",
    // Deltas are not idempotent: a duplicate counts twice.
    program: deltas(),
    options: { ...CALM, nemesis: ["duplicate"], nemesisIntervalS: 2 },
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "sends each delta only once",
    workload: "g-counter",
    // A delta that a partition drops is never resent.
    program: deltas({ attempts: 1 }),
    options: PARTITIONED,
    shows: "wrong results",
    withinSeeds: 2,
  },
  {
    bug: "accepts old totals of itself from other nodes",
    workload: "g-counter",
    // A stale total in gossip overwrites a newer one.
    program: counterWith({ merge: (_mine, theirs) => theirs }),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "ignores the state of other nodes",
    workload: "g-counter",
    // The merge drops what it receives.
    program: counterWith({ merge: (mine) => mine }),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "keeps its total in memory only",
    workload: "g-counter",
    // A killed node loses adds that it acknowledged but had not gossiped.
    program: counter,
    options: DEADLY,
    shows: "wrong results",
    withinSeeds: 2,
  },
  {
    bug: "keeps a single number per node and merges by maximum",
    workload: "pn-counter",
    // A decrement makes the number smaller, so the merge discards it.
    program: counterWith({
      add: ({ added }, delta) => ({ added: added + delta, subtracted: 0 }),
    }),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "adds the absolute value of a delta",
    workload: "pn-counter",
    program: counterWith({
      add: ({ added }, delta) => ({ added: added + Math.abs(delta), subtracted: 0 }),
    }),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "acknowledges an add a minute before it applies it",
    workload: "pn-counter",
    program: acknowledgedEarly(counter, { type: "add", byMs: 60_000 }),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "returns the sum as a string",
    workload: "pn-counter",
    program: withReplies(counter, "read_ok", () => (body) => ({
      ...body,
      value: String(body["value"]),
    })),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
  {
    bug: "writes the sum without compare-and-set",
    workload: "g-counter",
    // Two nodes that read the same sum overwrite each other's add (lost update).
    program: kvCounterWith({ add: addByWrite }),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "retries an add after a timeout",
    workload: "g-counter",
    // A timeout is indefinite: the add may have happened, and is then applied twice.
    program: kvCounterWith({ add: addAgain }),
    options: { ...CALM, latency: { meanMs: 50, distribution: "exponential" } },
    shows: "wrong results",
    withinSeeds: 1,
  },
  {
    bug: "reads seq-kv without writing first",
    workload: "g-counter",
    // seq-kv is sequentially consistent, so a client that has not written may read a past sum.
    program: kvCounterWith({ refresh: async () => {} }),
    options: CALM,
    shows: "wrong results",
    withinSeeds: 8,
  },
];

/** Overwrites the sum: an add of another node since the read is lost. */
async function addByWrite(numbers: Numbers, delta: number): Promise<void> {
  await numbers.write(SUM, (await numbers.readOr(SUM, 0)) + delta);
}

/** Retries after a timeout, although the first attempt may have taken effect. */
async function addAgain(numbers: Numbers, delta: number): Promise<void> {
  for (;;) {
    try {
      await numbers.update(SUM, (sum = 0) => sum + delta, { timeoutMs: 150 });
      return;
    } catch (error) {
      if (!isRpcError(error, "timeout")) throw error;
    }
  }
}
