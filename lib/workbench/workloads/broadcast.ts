/**
 * Broadcast: every value sent to one node reaches all nodes.
 *
 * @see Maelstrom workloads, "Broadcast"
 */
import { replySchema } from "../clients/client.ts";
import { clients, eachClient, mix, single } from "../clients/generator.ts";
import { List } from "../schemas.ts";
import { TOPOLOGIES } from "./topology.ts";
import {
  RPC_TIMEOUT_MS,
  statelessClient,
  type Workload,
  type WorkloadContext,
} from "./workload.ts";

const TopologyOk = replySchema("topology_ok", {});
const BroadcastOk = replySchema("broadcast_ok", {});
const ReadOk = replySchema("read_ok", { messages: List });

export function broadcast({ random, nodeIds, topology }: WorkloadContext): Workload {
  const neighbours = TOPOLOGIES[topology](nodeIds);
  let nextMessage = 0;
  return {
    usesProtocolErrors: true,
    idempotent: new Set(["read"]),
    keepsClient: false,
    async setUp({ client, node }) {
      const body = { type: "topology", topology: neighbours };
      await client.rpc(node, body, TopologyOk, RPC_TIMEOUT_MS);
    },
    openClient: ({ client, node }) =>
      statelessClient({
        broadcast: async (message) => {
          await client.rpc(node, { type: "broadcast", message }, BroadcastOk, RPC_TIMEOUT_MS);
          return message;
        },
        read: async () =>
          (await client.rpc(node, { type: "read" }, ReadOk, RPC_TIMEOUT_MS)).messages,
      }),
    generator: mix(random, [
      clients(() => ({ f: "broadcast", value: nextMessage++ })),
      clients(() => ({ f: "read", value: null })),
    ]),
    finalGenerator: eachClient(() => single({ f: "read", value: null, final: true })),
  };
}
