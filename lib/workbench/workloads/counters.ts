/**
 * Counters: clients add deltas, and in the end every node reads the sum. g-counter only grows;
 * pn-counter takes negative deltas too.
 *
 * @see Maelstrom workloads, "G-counter" and "PN-counter"
 */
import type { Random } from "../../vortex/index.ts";
import { randomInteger } from "../../vortex/random.ts";
import { checkCounter } from "../checkers/counter/index.ts";
import { plural } from "../checkers/wording.ts";
import { Integer } from "../schemas.ts";
import { defineWorkload, rpc } from "./definition.ts";
import { countIn } from "./summary.ts";

const operations = {
  add: rpc({ request: (delta: number) => ({ delta }) }),
  read: rpc({ reply: { value: Integer }, outcome: ({ value }) => value }),
};

/** Half of the operations add a delta from -5 to 4, the others read. */
export const pnCounter = counter(
  "pn-counter",
  "Clients add deltas, negative ones too, and in the end every node reads the sum.",
  addOrRead,
);

/** The same without negative deltas, so two of three operations read. */
export const gCounter = counter(
  "g-counter",
  "Clients add to a counter, and in the end every node reads the sum.",
  (random) => {
    for (;;) {
      const invocation = addOrRead(random);
      if (invocation.f === "read" || invocation.value >= 0) return invocation;
    }
  },
);

type AddOrRead =
  | { readonly f: "add"; readonly value: number }
  | { readonly f: "read"; readonly value: null };

function addOrRead(random: Random): AddOrRead {
  if (randomInteger(random, 2) === 0) return { f: "read", value: null };
  return { f: "add", value: randomInteger(random, 10) - 5 };
}

function counter(name: string, doc: string, next: (random: Random) => AddOrRead) {
  return defineWorkload({
    name,
    doc,
    operations,
    usesProtocolErrors: false,
    generators: ({ random, eachClient, once }) => ({
      main: () => next(random),
      final: eachClient(() => once({ f: "read", final: true })),
    }),
    check: checkCounter,
    // Not early: only final reads are checked.
    summary: {
      valid: "every final read was a possible sum of the additions",
      invalid: (verdict) =>
        `${plural(countIn(verdict, "errorCount"), "final read")} returned an impossible sum`,
    },
  });
}
