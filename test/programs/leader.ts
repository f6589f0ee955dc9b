/** A leader applies all requests; the other nodes forward to it. */
import * as v from "valibot";
import { isRpcError, type Node, type NodeId, type OutgoingBody } from "../../lib/vortex/index.ts";
import { apply, type Machine, Request } from "./machine.ts";

export interface LeaderOptions {
  /** Chooses the leader. Defaults to the first node. */
  readonly leaderOf?: (node: Node) => NodeId | undefined;
  /**
   * Whether a retry has a new id. Defaults to false: the id stays the same, so that the leader
   * applies the request once however often it arrives.
   */
  readonly retriesWithNewId?: boolean;
  /** Replies in place of a leader that timed out. By default the node retries. */
  readonly onTimeout?: (machine: Machine, request: Request) => OutgoingBody | undefined;
}

const Decide = v.object({ id: v.string(), request: Request });
const Decided = v.object({ type: v.literal("decided"), outcome: Request });

const FORWARD_TIMEOUT_MS = 500;
const ATTEMPTS = 8;

/**
 * Serves a state machine from the first node, in the order in which requests reach it.
 *
 * The other nodes forward each request until the leader replies. Links may drop and duplicate
 * messages, so the leader stores every outcome by request id. It loses its state if it is killed.
 */
export function byLeader(makeMachine: () => Machine, options: LeaderOptions = {}) {
  return (node: Node): void => serveByLeader(node, makeMachine, options);
}

function serveByLeader(node: Node, makeMachine: () => Machine, options: LeaderOptions): void {
  const {
    leaderOf = ({ nodeIds: [first] }) => first,
    retriesWithNewId = false,
    onTimeout = () => undefined,
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
      const outcome = onTimeout(machine, request);
      if (outcome !== undefined) return outcome;
      if (retriesWithNewId) id = node.generateId();
    }
  };

  for (const type of Object.keys(machine)) {
    node.handle(type, Request, (request) => {
      const { msg_id: _, ...body } = request.body;
      const leader = leaderOf(node) ?? node.id;
      return leader === node.id ? decide(node.generateId(), body) : forward(leader, body);
    });
  }
  node.handle("decide", Decide, ({ body: { id, request } }) => ({
    type: "decided",
    outcome: decide(id, request),
  }));
}
