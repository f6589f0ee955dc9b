/**
 * CASPaxos: the acceptors agree on each value of a register, without a log and without a leader. Every node
 * is a proposer and an acceptor. A read asks a majority, and takes a second step only if its acceptors differ.
 *
 * @see Rystsov: CASPaxos: Replicated State Machines without logs (2018)
 * @see Attiya, Bar-Noy, Dolev: Sharing Memory Robustly in Message-Passing Systems (JACM 1995), for the bug
 */
import * as v from "valibot";
import { type Node, type OutgoingBody, RpcError } from "../../../lib/vortex/index.ts";
import { keyValue } from "../../programs/key-value.ts";
import { apply, Request } from "../../programs/machine.ts";
import type { SubtleCase, Variant } from "./case.ts";

const PHASE_TIMEOUT_MS = 300;
const ATTEMPTS = 5;
const BACKOFF_MS = 50;

const Value = v.nullable(v.number());

interface Acceptor {
  promised: number;
  accepted: Accepted;
}

const Accepted = v.object({ ballot: v.number(), value: Value });
type Accepted = v.InferOutput<typeof Accepted>;

const AcceptedReply = v.object({ type: v.literal("accepted"), ...Accepted.entries });
const AcceptOk = v.object({ type: v.literal("accept_ok") });
const Key = v.object({ key: v.number() });
const Prepare = v.object({ ...Key.entries, ballot: v.number() });
const Accept = v.object({ ...Prepare.entries, value: Value });

const registers = (variant: Variant) => (node: Node) => {
  const acceptors = new Map<number, Acceptor>();
  const acceptorOf = (key: number): Acceptor =>
    acceptors.getOrInsertComputed(key, () => ({
      promised: 0,
      accepted: { ballot: 0, value: null },
    }));

  node.handle("query", Key, ({ body: { key } }) => ({
    type: "accepted",
    ...acceptorOf(key).accepted,
  }));
  node.handle("prepare", Prepare, ({ body: { key, ballot } }) => {
    const acceptor = acceptorOf(key);
    if (ballot <= acceptor.promised) throw refusal();
    acceptor.promised = ballot;
    return { type: "accepted", ...acceptor.accepted };
  });
  node.handle("accept", Accept, ({ body: { key, ballot, value } }) => {
    const acceptor = acceptorOf(key);
    if (ballot < acceptor.promised) throw refusal();
    acceptor.promised = ballot;
    acceptor.accepted = { ballot, value };
    return { type: "accept_ok" };
  });

  const { length } = node.nodeIds;
  const majority = Math.floor(length / 2) + 1;
  /** Sends a request to all acceptors, and resolves with the replies of the first majority. */
  const ask = <S extends v.GenericSchema>(body: OutgoingBody, schema: S) => {
    const { promise, resolve, reject } = Promise.withResolvers<v.InferOutput<S>[]>();
    const replies: v.InferOutput<S>[] = [];
    let failures = 0;
    for (const acceptor of node.nodeIds) {
      node.rpc(
        acceptor,
        body,
        schema,
        (result) => {
          if (!result.ok && ++failures > length - majority) reject(result.error);
          if (result.ok && replies.push(result.body) === majority) resolve(replies);
        },
        { timeoutMs: PHASE_TIMEOUT_MS },
      );
    }
    return promise;
  };

  let round = 0;
  const prepare = async (key: number) => {
    for (let attempt = 1; ; attempt++) {
      round = Math.max(round, Math.floor(acceptorOf(key).promised / length)) + 1;
      const ballot = round * length + node.nodeIds.indexOf(node.id);
      try {
        return {
          ballot,
          value: latest(await ask({ type: "prepare", key, ballot }, AcceptedReply)),
        };
      } catch (error) {
        if (attempt === ATTEMPTS) {
          throw new RpcError("temporarily-unavailable", "No majority", { cause: error });
        }
      }
      await node.sleep(node.random() * BACKOFF_MS * attempt);
    }
  };
  const change = async (request: Request): Promise<OutgoingBody> => {
    const key = Number(request["key"]);
    const { ballot, value: before } = await prepare(key);
    const values = new Map(before.value === null ? [] : [[key, before.value]]);
    const reply = apply(keyValue(values), request);
    const value = values.get(key) ?? null;
    try {
      await ask({ type: "accept", key, ballot, value }, AcceptOk);
    } catch (error) {
      // A later ballot may find the value, and choose it.
      throw new RpcError("timeout", "Not accepted by a majority", { cause: error });
    }
    return reply;
  };
  const read = async (request: Request): Promise<OutgoingBody> => {
    const key = Number(request["key"]);
    const replies = await ask({ type: "query", key }, AcceptedReply);
    const { ballot, value } = latest(replies);
    const isChosen = replies.every((it) => it.ballot === ballot);
    // The next read may ask another majority, which does not have a value that is not chosen yet.
    if (!isChosen && variant === "mended") return change(request);
    return apply(keyValue(new Map(value === null ? [] : [[key, value]])), request);
  };
  for (const type of Object.keys(keyValue())) {
    node.handle(type, Request, ({ body: { msg_id: _, ...request } }) =>
      type === "read" ? read(request) : change(request),
    );
  }
};

function refusal(): RpcError {
  return new RpcError("precondition-failed", "Promised a later ballot");
}

function latest(replies: readonly Accepted[]): Accepted {
  return replies.reduce((one, other) => (other.ballot > one.ballot ? other : one));
}

export const SUBTLE_PAXOS: readonly SubtleCase[] = [
  {
    bug: "returns the latest value of a majority without writing it back",
    workload: "lin-kv",
    make: registers,
    options: {
      nodeCount: 3,
      concurrency: 6,
      rate: 25,
      timeLimitS: 10,
      recoveryS: 1,
      latency: { meanMs: 5, distribution: "exponential" },
    },
    shows: "not linearizable",
    seed: 824,
  },
];
