import * as v from "valibot";
import { isRpcError, type KVNode, type Node } from "../../lib/vortex/index.ts";
import { type CounterOptions, counter } from "../programs/counter.ts";
import { Delivery, type DeliveryOptions } from "../programs/delivery.ts";
import { type KvCounterOptions, kvCounter, SUM } from "../programs/kv-counter.ts";
import { type BrokenCase, CALM, DEADLY, LOSSY, PARTITIONED } from "./case.ts";
import { acknowledgedEarly, withReplies } from "./intercept.ts";

const onService = (options: KvCounterOptions) => (node: KVNode) => kvCounter(node, options);
const stepping = (options: CounterOptions) => (node: KVNode) => counter(node, options);

/** Tells the others of each delta, and adds what they tell as often as it arrives. */
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
    wrong: "adds a delta again when it arrives again, after its acknowledgement was lost",
    workload: "g-counter",
    program: deltas(),
    options: LOSSY,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "adds a message twice that the network delivers twice",
    workload: "g-counter",
    program: deltas(),
    options: { ...CALM, nemesis: ["duplicate"], nemesisIntervalS: 2 },
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "tells the others of each delta once, and a partition drops it",
    workload: "g-counter",
    program: deltas({ attempts: 1 }),
    options: PARTITIONED,
    shows: "wrong answers",
    withinSeeds: 2,
  },
  {
    wrong: "believes what others tell of its own total",
    workload: "g-counter",
    program: stepping({ merge: (_mine, theirs) => theirs }),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "ignores what the others tell",
    workload: "g-counter",
    program: stepping({ merge: (mine) => mine }),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "loses its own total when it is killed before anyone has heard of it",
    workload: "g-counter",
    program: counter,
    options: DEADLY,
    shows: "wrong answers",
    withinSeeds: 2,
  },
  {
    wrong: "keeps one number a node, of which the greater wins even where it was decremented",
    workload: "pn-counter",
    program: stepping({
      add: ({ added }, delta) => ({ added: added + delta, subtracted: 0 }),
    }),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "takes negative deltas for positive ones",
    workload: "pn-counter",
    program: stepping({
      add: ({ added }, delta) => ({ added: added + Math.abs(delta), subtracted: 0 }),
    }),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "acknowledges an add a minute before it counts",
    workload: "pn-counter",
    program: acknowledgedEarly(counter, { type: "add", byMs: 60_000 }),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "answers reads with the digits of the sum",
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
    wrong: "writes the sum to the service without comparing",
    workload: "g-counter",
    program: onService({ add: addByWrite }),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "adds once more when the service takes long to answer, though it may have added already",
    workload: "g-counter",
    program: onService({ add: addAgain }),
    options: { ...CALM, latency: { meanMs: 50, distribution: "exponential" } },
    shows: "wrong answers",
    withinSeeds: 1,
  },
  {
    wrong: "reads from seq-kv without having written, and gets an old sum",
    workload: "g-counter",
    program: onService({ refresh: async () => {} }),
    options: CALM,
    shows: "wrong answers",
    withinSeeds: 8,
  },
];

/** Sets without comparing: what another node adds in between is gone. */
async function addByWrite(node: KVNode, delta: number): Promise<void> {
  const sum = await node.seqKv.readOr(SUM, 0);
  await node.seqKv.write(SUM, Number(sum) + delta);
}

/** Adds until it is told of success in time. */
async function addAgain(node: KVNode, delta: number): Promise<void> {
  for (;;) {
    try {
      await node.seqKv.update(SUM, (sum) => Number(sum ?? 0) + delta, { timeoutMs: 150 });
      return;
    } catch (error) {
      if (!isRpcError(error, "timeout")) throw error;
    }
  }
}
