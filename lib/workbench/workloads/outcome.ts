/** How an operation ends. */
import type { Json } from "../../vortex/index.ts";

/** Marks outcomes of every copy of this module: a user's file may bring its own. */
const OUTCOME = Symbol.for("vortex.outcome");

/** The end of an operation, where its value alone does not say it. */
export interface Outcome {
  readonly [OUTCOME]: true;
  readonly type: "ok" | "fail" | "info";
  /** By default the argument of the operation. */
  readonly value?: Json;
  /** The reason of a `fail` or `info`. */
  readonly error?: Json;
}

/** The operation happened, with this result. */
export function ok(value: Json): Outcome {
  return { [OUTCOME]: true, type: "ok", value };
}

/** The operation certainly did not happen. */
export function fail(error?: Json): Outcome {
  return { [OUTCOME]: true, type: "fail", ...(error === undefined ? {} : { error }) };
}

/** The operation may have happened, or may still happen. */
export function info(error?: Json): Outcome {
  return { [OUTCOME]: true, type: "info", ...(error === undefined ? {} : { error }) };
}

/** Whether a result says how the operation ended, in any copy of this module. */
export function isOutcome(result: Json | Outcome): result is Outcome {
  return typeof result === "object" && result !== null && OUTCOME in result;
}
