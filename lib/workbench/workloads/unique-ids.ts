/**
 * Unique ids: nodes generate ids, and no id may occur twice.
 *
 * @see Maelstrom workloads, "Unique-ids"
 */
import { checkUniqueIds } from "../checkers/unique-ids.ts";
import { plural } from "../checkers/wording.ts";
import { Json } from "../schemas.ts";
import { defineWorkload, rpc } from "./definition.ts";
import { countIn, wasOrWere } from "./summary.ts";

export const uniqueIds = defineWorkload({
  name: "unique-ids",
  doc: "Nodes generate ids, and no id may occur twice.",
  operations: {
    generate: rpc({ reply: { id: Json }, outcome: ({ id }) => id }),
  },
  keepsClient: true,
  generators: () => ({ main: () => ({ f: "generate" }) }),
  check: checkUniqueIds,
  summary: {
    valid: "all ids were unique",
    invalid: (verdict) => {
      const count = countIn(verdict, "duplicatedCount");
      return `${plural(count, "id")} ${wasOrWere(count)} returned more than once`;
    },
  },
  early: "permanent",
});
