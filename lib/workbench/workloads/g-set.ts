/**
 * Grow-only set: clients add elements, and in the end every node has all of them.
 *
 * @see Maelstrom workloads, "G-set"
 */
import { replySchema } from "../clients/client.ts";
import { clients, eachClient, mix, single } from "../clients/generator.ts";
import { List } from "../schemas.ts";
import {
  RPC_TIMEOUT_MS,
  statelessClient,
  type Workload,
  type WorkloadContext,
} from "./workload.ts";

const AddOk = replySchema("add_ok", {});
const ReadOk = replySchema("read_ok", { value: List });

export function gSet({ random }: WorkloadContext): Workload {
  let nextElement = 0;
  return {
    usesProtocolErrors: false,
    idempotent: new Set(),
    keepsClient: false,
    openClient: ({ client, node }) =>
      statelessClient({
        add: async (element) => {
          await client.rpc(node, { type: "add", element }, AddOk, RPC_TIMEOUT_MS);
          return element;
        },
        read: async () => (await client.rpc(node, { type: "read" }, ReadOk, RPC_TIMEOUT_MS)).value,
      }),
    generator: mix(random, [
      clients(() => ({ f: "add", value: nextElement++ })),
      clients(() => ({ f: "read", value: null })),
    ]),
    // Not flagged as final, as in Maelstrom: the checker treats all reads alike.
    finalGenerator: eachClient(() => single({ f: "read", value: null })),
  };
}
