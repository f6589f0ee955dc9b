/**
 * Echo: a node replies with the value of the request.
 *
 * @see Maelstrom workloads, "Echo"
 */

import { randomInteger } from "../../vortex/random.ts";
import { replySchema } from "../clients/client.ts";
import { clients } from "../clients/generator.ts";
import { Json } from "../schemas.ts";
import { ok, RPC_TIMEOUT_MS, type Workload, type WorkloadContext } from "./workload.ts";

const EchoOk = replySchema("echo_ok", { echo: Json });

export function echo({ random }: WorkloadContext): Workload {
  return {
    usesProtocolErrors: true,
    idempotent: new Set(),
    keepsClient: false,
    openClient: ({ client, node }) => ({
      async invoke({ value }) {
        return ok(await client.rpc(node, { type: "echo", echo: value }, EchoOk, RPC_TIMEOUT_MS));
      },
    }),
    generator: clients(() => ({ f: "echo", value: `Please echo ${randomInteger(random, 128)}` })),
  };
}
