/**
 * Broadcast: every value sent to one node reaches all nodes.
 *
 * @see Maelstrom workloads, "Broadcast"
 */
import { checkSetFull } from "../checkers/set-full/index.ts";
import { List } from "../schemas.ts";
import { defineWorkload, rpc } from "./definition.ts";
import { missingSoFar, setSummary } from "./summary.ts";
import { TOPOLOGIES } from "./topology.ts";

export const broadcast = defineWorkload({
  name: "broadcast",
  doc: "Every value sent to one node reaches all nodes.",
  operations: {
    broadcast: rpc({ request: (message: number) => ({ message }) }),
    read: rpc({ reply: { messages: List }, outcome: ({ messages }) => messages, idempotent: true }),
  },
  async setUp({ node, rpc }, { topology, nodeIds }) {
    await rpc(node, { type: "topology", topology: TOPOLOGIES[topology](nodeIds) }, {});
  },
  generators({ mix, eachClient, once }) {
    let nextMessage = 0;
    return {
      main: mix([() => ({ f: "broadcast", value: nextMessage++ }), () => ({ f: "read" })]),
      final: eachClient(() => once({ f: "read", final: true })),
    };
  },
  check: checkSetFull,
  summary: setSummary("value"),
  early: missingSoFar,
});
