/**
 * Unique ids: nodes generate ids, and no id may occur twice.
 *
 * @see Maelstrom workloads, "Unique-ids"
 */
import { checkUniqueIds } from "../checkers/unique-ids.ts";
import { Json } from "../schemas.ts";
import { defineWorkload, rpc } from "./definition.ts";

export const uniqueIds = defineWorkload({
  name: "unique-ids",
  doc: "Nodes generate ids, and no id may occur twice.",
  operations: {
    generate: rpc({ reply: { id: Json }, outcome: ({ id }) => id }),
  },
  keepsClient: true,
  generators: () => ({ main: () => ({ f: "generate" }) }),
  check: checkUniqueIds,
});
