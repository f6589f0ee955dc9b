/** Subtle bugs of kafka. */
import * as v from "valibot";
import { isRpcError, type Node, type OutgoingBody } from "../../../lib/vortex/index.ts";
import { logs } from "../../programs/logs.ts";
import { apply, Request } from "../../programs/machine.ts";
import type { SimulatedOptions } from "../../support/simulations/simulate.ts";
import { type SubtleCase, synced } from "./case.ts";

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

/** Sends a request to the first node, again with the same id if there is no answer. */
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
];
