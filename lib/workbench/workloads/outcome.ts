/** The ends of operations. */
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

/** The operation certainly did not happen. @param value Its argument by default. */
export function fail(error?: Json, value?: Json): Outcome {
  return { [OUTCOME]: true, type: "fail", ...defined({ error, value }) };
}

/**
 * The operation may have happened, or may still happen.
 *
 * @param value By default its argument. Give what a checker needs to know of the attempt, such as a
 *   value that the client chose.
 */
export function info(error?: Json, value?: Json): Outcome {
  return { [OUTCOME]: true, type: "info", ...defined({ error, value }) };
}

function defined({ error, value }: { error: Json | undefined; value: Json | undefined }) {
  return {
    ...(error === undefined ? {} : { error }),
    ...(value === undefined ? {} : { value }),
  };
}

/** Whether a result says how the operation ended, in any copy of this module. */
export function isOutcome(result: Json | Outcome): result is Outcome {
  return typeof result === "object" && result !== null && OUTCOME in result;
}
