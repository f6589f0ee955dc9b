/**
 * Unique ids: nodes generate ids, and no id may occur twice.
 *
 * @see Maelstrom workloads, "Unique-ids"
 */
import { replySchema } from "../clients/client.ts";
import { clients } from "../clients/generator.ts";
import { Json } from "../schemas.ts";
import { ok, RPC_TIMEOUT_MS, type Workload } from "./workload.ts";

const GenerateOk = replySchema("generate_ok", { id: Json });

export function uniqueIds(): Workload {
  return {
    usesProtocolErrors: true,
    idempotent: new Set(),
    keepsClient: true,
    openClient: ({ client, node }) => ({
      async invoke() {
        return ok((await client.rpc(node, { type: "generate" }, GenerateOk, RPC_TIMEOUT_MS)).id);
      },
    }),
    generator: clients(() => ({ f: "generate", value: null })),
  };
}
