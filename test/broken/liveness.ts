/** Programs that stay safe, and stop making progress when a fault hits them. */
import * as v from "valibot";
import { type Node, RpcError } from "../../lib/vortex/index.ts";
import { keyValue } from "../programs/key-value.ts";
import { byLeader } from "../programs/leader.ts";
import { errorReply, type Machine, type Operation, operation } from "../programs/machine.ts";
import { type BrokenCase, LOSSY, PARTITIONED } from "./case.ts";

const unavailable = (text: string) => new RpcError("temporarily-unavailable", text);

function losesItsLeader(node: Node): void {
  let isLost = false;
  const program = byLeader(keyValue, {
    leaderOf: ({ nodeIds: [first] }) => {
      // Nothing ever clears this.
      if (isLost) throw unavailable("The leader does not answer");
      return first;
    },
    onTimeout: () => {
      isLost = true;
      return errorReply("timeout", "The leader timed out");
    },
  });
  program(node);
}

const HeartbeatOk = v.object({ type: v.literal("heartbeat_ok") });

function stepsDown(node: Node): void {
  const [first] = node.nodeIds;
  let isLeading = node.id === first;
  const guarded = (): Machine => {
    const whole: Machine = keyValue();
    const whileLeading = ([type, { schema, apply }]: [string, Operation]): [string, Operation] => {
      const guard = (body: unknown) => {
        if (isLeading) return apply(body);
        throw unavailable("This node does not lead");
      };
      return [type, operation(schema, guard)];
    };
    return Object.fromEntries(Object.entries(whole).map(whileLeading));
  };
  byLeader(guarded)(node);
  node.handle("heartbeat", v.object({}), () => ({ type: "heartbeat_ok" }));
  if (!isLeading) return;
  node.every(200, async () => {
    const heartbeat = { type: "heartbeat" };
    const replies = await node.rpcAll(node.peers, heartbeat, HeartbeatOk, { timeoutMs: 500 });
    const answers = [...replies.values()].filter(({ ok }) => ok).length + 1;
    // Right, as another majority may choose a leader. But no node ever stands for election.
    if (2 * answers <= node.nodeIds.length) isLeading = false;
  });
}

const FOR_EVER_MS = 1e9;

function waitsForEver(node: Node): void {
  const elements = new Set<unknown>();
  const Element = v.object({ element: v.unknown() });
  const StoreOk = v.object({ type: v.literal("store_ok") });
  let storing: Promise<unknown> = Promise.resolve();
  node.handle("store", Element, ({ body }) => {
    elements.add(body.element);
    return { type: "store_ok" };
  });
  node.handle("read", v.object({}), () => ({ type: "read_ok", value: [...elements] }));
  node.handle("add", Element, async ({ body: { element } }) => {
    elements.add(element);
    // A lost message blocks the queue: neither it nor its reply is ever repeated.
    const options = { timeoutMs: FOR_EVER_MS };
    storing = storing.then(() =>
      node.rpcAll(node.peers, { type: "store", element }, StoreOk, options),
    );
    await storing;
    return { type: "add_ok" };
  });
}

export const BROKEN_LIVENESS: readonly BrokenCase[] = [
  {
    bug: "gives the leader up for ever when it times out once",
    workload: "lin-kv",
    program: losesItsLeader,
    options: { ...PARTITIONED, recoveryS: 3, livenessLimitS: 5 },
    shows: "stuck-node",
    withinSeeds: 1,
  },
  {
    bug: "has no election after its leader stepped down",
    workload: "lin-kv",
    program: stepsDown,
    options: { ...PARTITIONED, recoveryS: 3, livenessLimitS: 5 },
    shows: "no-progress",
    withinSeeds: 1,
  },
  {
    bug: "waits for a reply without a timeout",
    workload: "g-set",
    program: waitsForEver,
    options: { ...LOSSY, recoveryS: 3, livenessLimitS: 5 },
    shows: "no-progress",
    withinSeeds: 1,
  },
];
