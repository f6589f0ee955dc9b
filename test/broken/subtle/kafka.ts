/** Subtle bugs of kafka. */
import * as v from "valibot";
import {
  isRpcError,
  type KVNode,
  type Node,
  type OutgoingBody,
} from "../../../lib/vortex/index.ts";
import { logs } from "../../programs/logs.ts";
import { apply, Request } from "../../programs/machine.ts";
import type { SimulatedOptions } from "../../support/simulations/simulate.ts";
import { type SubtleCase, synced, type Variant } from "./case.ts";

const KILLED: SimulatedOptions = {
  nodeCount: 3,
  concurrency: 6,
  rate: 20,
  timeLimitS: 20,
  recoveryS: 3,
  keyCount: 2,
  maxWritesPerKey: 1000,
  nemesis: ["kill"],
  nemesisIntervalS: 2,
};

const FORWARD_TIMEOUT_MS = 500;
const ATTEMPTS = 4;
const Executed = v.object({ type: v.literal("executed"), outcome: Request });
const Execute = v.object({ id: v.string(), request: Request });

/** Sends a request to the first node, and sends it again with the same id if no reply comes. */
async function forward(node: Node, request: Request): Promise<OutgoingBody> {
  const [home = node.id] = node.nodeIds;
  const body = { type: "execute", id: node.generateId(), request };
  for (let attempt = 1; ; attempt++) {
    try {
      return (await node.syncRpc(home, body, Executed, { timeoutMs: FORWARD_TIMEOUT_MS })).outcome;
    } catch (error) {
      if (!isRpcError(error, "timeout") || attempt === ATTEMPTS) throw error;
    }
  }
}

function handleAll(node: Node): void {
  for (const type of Object.keys(logs())) {
    node.handle(type, Request, ({ body: { msg_id: _, ...request } }) => forward(node, request));
  }
}

/** The first node has the logs, on its disk, with the ids of the requests. */
const storedLogs = (options: { readonly keepsIds: boolean; readonly pollsStored: boolean }) => {
  return (node: Node) => {
    handleAll(node);
    const [home] = node.nodeIds;
    if (node.id !== home) return;
    const log = node.storage.of(Execute);
    const messages = new Map<string, number[]>();
    const outcomes = new Map<string, OutgoingBody>();
    const machine = logs(messages);
    const execute = ({ id, request }: v.InferOutput<typeof Execute>): OutgoingBody => {
      const outcome = outcomes.get(id) ?? apply(machine, request);
      outcomes.set(id, outcome);
      return outcome;
    };
    for (const record of log.readAll()) execute(record);
    if (!options.keepsIds) outcomes.clear();

    node.handle("execute", Execute, async ({ body: { id, request } }) => {
      const isChange = request.type === "send" || request.type === "commit_offsets";
      if (isChange && !outcomes.has(id)) log.append({ id, request });
      const outcome = isChange ? execute({ id, request }) : apply(machine, request);
      // What a poll has returned must not be lost, nor its offsets be given to others.
      if (isChange || options.pollsStored) await synced(node, log);
      return { type: "executed", outcome };
    });
  };
};

const CHANGES_PER_SNAPSHOT = 30;

/**
 * The first node has the logs. A snapshot takes the place of the requests on its disk.
 *
 * @see Raft thesis, §6.3: the outcomes of requests are part of the state
 */
const compactedLogs = (variant: Variant) => (node: Node) => {
  handleAll(node);
  const [home] = node.nodeIds;
  if (node.id !== home) return;
  const Snapshot = v.object({
    messages: v.array(v.tuple([v.string(), v.array(v.number())])),
    committed: Request,
    outcomes: v.array(v.tuple([v.string(), Request])),
  });
  const log = node.storage.of(v.union([Snapshot, Execute]));
  const messages = new Map<string, number[]>();
  const machine = logs(messages);
  const outcomes = new Map<string, OutgoingBody>();
  const execute = ({ id, request }: v.InferOutput<typeof Execute>): OutgoingBody => {
    const outcome = apply(machine, request);
    outcomes.set(id, outcome);
    return outcome;
  };
  const snapshot = () => ({
    messages: [...messages],
    committed: {
      ...apply(machine, { type: "list_committed_offsets", keys: [...messages.keys()] }),
      type: "commit_offsets",
    },
    // A node that missed the reply sends the request again after a restart.
    outcomes: variant === "mended" ? [...outcomes] : [],
  });
  for (const record of log.readAll()) {
    if ("request" in record) {
      execute(record);
      continue;
    }
    for (const [key, values] of record.messages) messages.set(key, values);
    apply(machine, record.committed);
    for (const [id, outcome] of record.outcomes) outcomes.set(id, outcome);
  }

  let changes = 0;
  node.handle("execute", Execute, async ({ body: { id, request } }) => {
    const isChange = request.type === "send" || request.type === "commit_offsets";
    let outcome = outcomes.get(id);
    if (isChange && outcome === undefined) {
      outcome = execute({ id, request });
      log.append({ id, request });
      if (++changes % CHANGES_PER_SNAPSHOT === 0) log.replace([snapshot()]);
    }
    outcome ??= apply(machine, request);
    await synced(node, log);
    return { type: "executed", outcome };
  });
};

const HOLE_MS = 200;
/** A value that no entry has, so that a compare-and-set of it can only create the entry. */
const UNWRITTEN = -1;
const JUNK = null;

/**
 * Logs in lin-kv: a node takes the next offset of a key, and then writes the message there. Polls fill an
 * entry that stays unwritten with junk, so that they can go on behind it.
 *
 * @see Balakrishnan et al.: CORFU: A Shared Log Design for Flash Clusters (NSDI 2012), §3
 */
const filledLogs = (variant: Variant) => (node: KVNode) => {
  const numbers = node.linKv.of(v.number());
  const entries = node.linKv.of(v.nullable(v.number()));
  const writeOnce = async (id: string, value: number | null): Promise<boolean> => {
    try {
      await entries.cas(id, UNWRITTEN, value, { createIfNotExists: true });
      return true;
    } catch (error) {
      if (isRpcError(error, "precondition-failed")) return false;
      throw error;
    }
  };
  const fill = async (id: string): Promise<number | null> => {
    await node.sleep(HOLE_MS);
    const value = await entries.readOr(id, undefined);
    if (value !== undefined) return value;
    // The message may be written while the junk is on its way.
    if (variant === "broken") await entries.write(id, JUNK);
    else if (!(await writeOnce(id, JUNK))) return entries.read(id);
    return JUNK;
  };
  const poll = async (key: string, from: number) => {
    const end = await numbers.readOr(`${key} tail`, 0);
    const offsets = Array.from({ length: Math.max(0, end - from) }, (_, index) => from + index);
    const read = await Promise.all(
      offsets.map(async (offset) => {
        const id = `${key} ${offset}`;
        const value = await entries.readOr(id, undefined);
        return [offset, value === undefined ? await fill(id) : value] as const;
      }),
    );
    return read.filter(([, value]) => value !== JUNK);
  };

  node.handle("send", v.object({ key: v.string(), msg: v.number() }), async ({ body }) => {
    for (;;) {
      const tail = await numbers.update(`${body.key} tail`, (count = 0) => count + 1);
      const offset = tail - 1;
      if (await writeOnce(`${body.key} ${offset}`, body.msg)) return { type: "send_ok", offset };
    }
  });
  const Offsets = v.object({ offsets: v.record(v.string(), v.number()) });
  node.handle("poll", Offsets, async ({ body: { offsets } }) => {
    const polled = await Promise.all(
      Object.entries(offsets).map(async ([key, offset]) => [key, await poll(key, offset)] as const),
    );
    return { type: "poll_ok", msgs: Object.fromEntries(polled.filter(([, it]) => it.length > 0)) };
  });
  node.handle("commit_offsets", Offsets, async ({ body: { offsets } }) => {
    for (const [key, offset] of Object.entries(offsets)) {
      await numbers.update(`${key} committed`, (committed = 0) => Math.max(committed, offset));
    }
    return { type: "commit_offsets_ok" };
  });
  node.handle(
    "list_committed_offsets",
    v.object({ keys: v.array(v.string()) }),
    async ({ body }) => {
      const offsets: [string, number][] = [];
      for (const key of body.keys) {
        const offset = await numbers.readOr(`${key} committed`, undefined);
        if (offset !== undefined) offsets.push([key, offset]);
      }
      return { type: "list_committed_offsets_ok", offsets: Object.fromEntries(offsets) };
    },
  );
};

export const SUBTLE_KAFKA: readonly SubtleCase[] = [
  {
    bug: "appends a message again that is resent after the first node has restarted",
    workload: "kafka",
    make: (variant) => storedLogs({ keepsIds: variant === "mended", pollsStored: true }),
    options: { ...KILLED, rate: 3, nemesis: ["kill", "loss"] },
    shows: "duplicate",
    seed: 10,
  },
  {
    bug: "polls messages that are not stored, and whose offsets others get after a restart",
    workload: "kafka",
    make: (variant) => storedLogs({ keepsIds: true, pollsStored: variant === "mended" }),
    options: {
      ...KILLED,
      concurrency: 12,
      rate: 40,
      nemesisIntervalS: 1,
      nemesis: ["kill", "disk"],
    },
    shows: "inconsistent-offsets",
    seed: 55,
  },
  {
    bug: "drops the ids of requests when it compacts its log",
    workload: "kafka",
    make: compactedLogs,
    options: { ...KILLED, rate: 25, nemesis: ["kill", "loss"] },
    shows: "duplicate",
    seed: 822,
  },
  {
    bug: "fills a hole in the log that may have been written since it looked",
    workload: "kafka",
    make: filledLogs,
    options: {
      ...KILLED,
      rate: 5,
      nemesis: ["slow"],
      latency: { meanMs: 5, distribution: "exponential" },
    },
    shows: "unseen",
    seed: 30,
  },
];
