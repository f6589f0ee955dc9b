/**
 * Grow-only set: clients add elements, and in the end every node has all of them.
 *
 * @see Maelstrom workloads, "G-set"
 */
import { checkSetFull } from "../checkers/set-full/index.ts";
import { List } from "../schemas.ts";
import { defineWorkload, rpc } from "./definition.ts";
import { missingSoFar, setSummary } from "./summary.ts";

export const gSet = defineWorkload({
  name: "g-set",
  doc: "Clients add elements to a set, and in the end every node has all of them.",
  operations: {
    add: rpc({ request: (element: number) => ({ element }) }),
    read: rpc({ reply: { value: List }, outcome: ({ value }) => value }),
  },
  usesProtocolErrors: false,
  generators({ mix, eachClient, once }) {
    let nextElement = 0;
    return {
      main: mix([() => ({ f: "add", value: nextElement++ }), () => ({ f: "read" })]),
      // Not flagged as final, as in Maelstrom: the checker treats all reads alike.
      final: eachClient(() => once({ f: "read" })),
    };
  },
  check: checkSetFull,
  summary: setSummary("element"),
  early: missingSoFar,
});
