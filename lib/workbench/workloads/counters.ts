/**
 * Counters: clients add deltas, and in the end every node reads the sum. g-counter only grows;
 * pn-counter takes negative deltas too.
 *
 * @see Maelstrom workloads, "G-counter" and "PN-counter"
 */

import { randomInteger } from "../../vortex/random.ts";
import { replySchema } from "../clients/client.ts";
import { clients, eachClient, type Invocation, single } from "../clients/generator.ts";
import { Integer } from "../schemas.ts";
import {
  RPC_TIMEOUT_MS,
  statelessClient,
  type Workload,
  type WorkloadContext,
} from "./workload.ts";

const AddOk = replySchema("add_ok", {});
const ReadOk = replySchema("read_ok", { value: Integer });

/** Half of the operations add a delta from -5 to 4, the others read. */
export function pnCounter(options: WorkloadContext): Workload {
  return counter(() => addOrRead(options));
}

/** The same without negative deltas, so two of three operations read. */
export function gCounter(options: WorkloadContext): Workload {
  return counter(() => {
    for (;;) {
      const invocation = addOrRead(options);
      if (invocation.f === "read" || Number(invocation.value) >= 0) return invocation;
    }
  });
}

function addOrRead({ random }: WorkloadContext): Invocation {
  if (randomInteger(random, 2) === 0) return { f: "read", value: null };
  return { f: "add", value: randomInteger(random, 10) - 5 };
}

function counter(next: () => Invocation): Workload {
  return {
    usesProtocolErrors: false,
    idempotent: new Set(),
    keepsClient: false,
    openClient: ({ client, node }) =>
      statelessClient({
        add: async (delta) => {
          await client.rpc(node, { type: "add", delta }, AddOk, RPC_TIMEOUT_MS);
          return delta;
        },
        read: async () => (await client.rpc(node, { type: "read" }, ReadOk, RPC_TIMEOUT_MS)).value,
      }),
    generator: clients(next),
    finalGenerator: eachClient(() => single({ f: "read", value: null, final: true })),
  };
}
