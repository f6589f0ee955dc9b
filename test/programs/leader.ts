/** One node decides, all others forward to it. */
import * as v from "valibot";
import { isRpcError, type Node, type NodeId, type OutgoingBody } from "../../lib/vortex/index.ts";
import { apply, type Machine, Request } from "./machine.ts";

export interface LeaderOptions {
  /** Who decides; the first node by default. */
  readonly leaderOf?: (node: Node) => NodeId | undefined;
  /**
   * Whether a request gets another id when it is forwarded once more. By default it keeps its first,
   * so that the leader applies it once however often it arrives.
   */
  readonly renamesRetries?: boolean;
  /** What a node answers when the leader is silent; by default it asks again. */
  readonly onSilence?: (machine: Machine, request: Request) => OutgoingBody | undefined;
}

const Decide = v.object({ id: v.string(), request: Request });
const Decided = v.object({ type: v.literal("decided"), outcome: Request });

const FORWARD_TIMEOUT_MS = 500;
const ATTEMPTS = 8;

/**
 * Serves a machine from the first node: in the order in which requests reach it.
 *
 * The others forward each request until the leader answers. Links may lose and repeat messages, so
 * the leader keeps every outcome under the request's id. What it keeps is lost if it is killed.
 */
export function byLeader(makeMachine: () => Machine, options: LeaderOptions = {}) {
  return (node: Node): void => serveByLeader(node, makeMachine, options);
}

function serveByLeader(node: Node, makeMachine: () => Machine, options: LeaderOptions): void {
  const {
    leaderOf = ({ nodeIds: [first] }) => first,
    renamesRetries = false,
    onSilence = () => undefined,
  } = options;
  const machine = makeMachine();
  const outcomes = new Map<string, OutgoingBody>();

  const decide = (id: string, request: Request): OutgoingBody => {
    const outcome = outcomes.get(id) ?? apply(machine, request);
    outcomes.set(id, outcome);
    return outcome;
  };

  const forward = async (leader: NodeId, request: Request): Promise<OutgoingBody> => {
    let id = node.generateId();
    for (let attempt = 1; ; attempt++) {
      try {
        const body = { type: "decide", id, request };
        return (await node.syncRpc(leader, body, Decided, { timeoutMs: FORWARD_TIMEOUT_MS }))
          .outcome;
      } catch (error) {
        if (!isRpcError(error, "timeout") || attempt === ATTEMPTS) throw error;
      }
      const outcome = onSilence(machine, request);
      if (outcome !== undefined) return outcome;
      if (renamesRetries) id = node.generateId();
    }
  };

  for (const type of Object.keys(machine)) {
    node.handle(type, Request, ({ body: { msg_id: _, ...body } }) => {
      const leader = leaderOf(node) ?? node.id;
      return leader === node.id ? decide(node.generateId(), body) : forward(leader, body);
    });
  }
  node.handle("decide", Decide, ({ body: { id, request } }) => ({
    type: "decided",
    outcome: decide(id, request),
  }));
}
