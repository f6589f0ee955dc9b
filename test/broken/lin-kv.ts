import { keyValue } from "../programs/key-value.ts";
import { byLeader } from "../programs/leader.ts";
import { apply, errorReply, operation } from "../programs/machine.ts";
import { proxy } from "../programs/proxy.ts";
import { type BrokenCase, CALM, LOSSY, PARTITIONED } from "./case.ts";
import { acknowledgedEarly, cached } from "./intercept.ts";

/** Compares and sets without comparing. */
function blind() {
  const values = new Map<number, number>();
  const store = keyValue(values);
  return {
    ...store,
    cas: operation(store.cas.schema, ({ key, to }) => {
      values.set(key, to);
      return { type: "cas_ok" };
    }),
  };
}

export const BROKEN_LIN_KV: readonly BrokenCase[] = [
  {
    wrong: "lets each node decide for itself",
    workload: "lin-kv",
    program: byLeader(keyValue, { leaderOf: (node) => node.id }),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    wrong: "decides for itself while the leader is silent",
    workload: "lin-kv",
    program: byLeader(keyValue, { onSilence: apply }),
    options: PARTITIONED,
    shows: "not linearizable",
    withinSeeds: 2,
  },
  {
    wrong:
      "says that an operation has failed when the leader is silent, though it may have happened",
    workload: "lin-kv",
    program: byLeader(keyValue, {
      onSilence: () => errorReply("temporarily-unavailable", "The leader is silent"),
    }),
    options: LOSSY,
    shows: "not linearizable",
    withinSeeds: 5,
  },
  {
    wrong: "lets the leader take a retry for another request, and apply it twice",
    workload: "lin-kv",
    program: byLeader(keyValue, { renamesRetries: true }),
    options: LOSSY,
    shows: "not linearizable",
    withinSeeds: 10,
  },
  {
    wrong: "sets without comparing",
    workload: "lin-kv",
    program: byLeader(blind),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    wrong: "answers reads from a cache that is up to 200 ms old",
    workload: "lin-kv",
    program: cached(byLeader(keyValue), { answer: "read_ok", forMs: 200 }),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    wrong: "acknowledges writes 50 ms before they take effect",
    workload: "lin-kv",
    program: acknowledgedEarly(byLeader(keyValue), { type: "write", byMs: 50 }),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    wrong: "keeps its values in seq-kv, which may answer from the past",
    workload: "lin-kv",
    program: proxy((node) => node.seqKv),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    wrong: "keeps its values in lww-kv, which loses what it has acknowledged",
    workload: "lin-kv",
    program: proxy((node) => node.lwwKv),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
];
