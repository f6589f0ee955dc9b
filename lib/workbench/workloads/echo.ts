/**
 * Echo: a node replies with the value of the request.
 *
 * @see Maelstrom workloads, "Echo"
 */
import { randomInteger } from "../../vortex/random.ts";
import { checkEcho } from "../checkers/echo.ts";
import { plural } from "../checkers/wording.ts";
import { Json } from "../schemas.ts";
import { defineWorkload, rpc } from "./definition.ts";
import { countIn } from "./summary.ts";

export const echo = defineWorkload({
  name: "echo",
  doc: "A node replies with the value of the request.",
  operations: {
    echo: rpc({
      request: (echo: string) => ({ echo }),
      reply: { echo: Json },
      outcome: (reply) => reply,
    }),
  },
  generators: ({ random }) => ({
    main: () => ({ f: "echo", value: `Please echo ${randomInteger(random, 128)}` }),
  }),
  check: checkEcho,
  summary: {
    valid: "every reply echoed its request",
    invalid: (verdict) =>
      `${plural(countIn(verdict, "errorCount"), "reply", "replies")} did not echo the request`,
  },
  early: "permanent",
});
