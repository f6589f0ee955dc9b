/** Broken programs for lin-kv. */
import { keyValue } from "../programs/key-value.ts";
import { byLeader } from "../programs/leader.ts";
import { apply, operation } from "../programs/machine.ts";
import { proxy } from "../programs/proxy.ts";
import { type BrokenCase, CALM, LOSSY, PARTITIONED } from "./case.ts";
import { acknowledgedEarly, cached } from "./intercept.ts";
import { DEFINITE_ERROR_ON_TIMEOUT, RETRIES_WITH_NEW_ID, SEPARATE_COPIES } from "./leader-bugs.ts";

function blind() {
  const values = new Map<number, number>();
  const store = keyValue(values);
  return {
    ...store,
    // Ignores `from`, so concurrent cas operations all succeed.
    cas: operation(store.cas.schema, ({ key, to }) => {
      values.set(key, to);
      return { type: "cas_ok" };
    }),
  };
}

export const BROKEN_LIN_KV: readonly BrokenCase[] = [
  {
    bug: "keeps separate values on each node",
    workload: "lin-kv",
    // No node sees the writes of others.
    program: byLeader(keyValue, SEPARATE_COPIES),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    bug: "applies requests locally while the leader is unreachable",
    workload: "lin-kv",
    // During a partition two nodes apply requests to different copies (split brain).
    program: byLeader(keyValue, { onTimeout: apply }),
    options: PARTITIONED,
    shows: "not linearizable",
    withinSeeds: 2,
  },
  {
    bug: "replies with a definite error when the leader times out",
    workload: "lin-kv",
    // A "failed" write or cas may have taken effect, and be read.
    program: byLeader(keyValue, DEFINITE_ERROR_ON_TIMEOUT),
    options: LOSSY,
    shows: "not linearizable",
    withinSeeds: 5,
  },
  {
    bug: "retries with a new request id",
    workload: "lin-kv",
    // A write that is applied again undoes the writes in between.
    program: byLeader(keyValue, RETRIES_WITH_NEW_ID),
    options: LOSSY,
    shows: "not linearizable",
    withinSeeds: 10,
  },
  {
    bug: "sets without comparing in cas",
    workload: "lin-kv",
    program: byLeader(blind),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    bug: "answers reads from a cache for 200 ms",
    workload: "lin-kv",
    // A cached value is stale after another client's write.
    program: cached(byLeader(keyValue), { reply: "read_ok", forMs: 200 }),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    bug: "acknowledges writes 50 ms before it applies them",
    workload: "lin-kv",
    // A read in between returns the old value.
    program: acknowledgedEarly(byLeader(keyValue), { type: "write", byMs: 50 }),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    bug: "stores its values in seq-kv",
    workload: "lin-kv",
    // seq-kv is only sequentially consistent: reads may be stale.
    program: proxy((node) => node.seqKv),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
  {
    bug: "stores its values in lww-kv",
    workload: "lin-kv",
    // lww-kv may drop acknowledged writes when two conflict.
    program: proxy((node) => node.lwwKv),
    options: CALM,
    shows: "not linearizable",
    withinSeeds: 1,
  },
];
