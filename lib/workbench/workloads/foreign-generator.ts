import type { Generator } from "../clients/generator.ts";
import { jsonCopy } from "./json-copy.ts";
import { inWorkload } from "./workload-error.ts";

/** Guards a generator of a user's workload: what it throws names its place, and values are JSON. */
export function foreignGenerator(generator: Generator): Generator {
  return {
    next: (context) =>
      inWorkload('"generators"', () => {
        const step = generator.next(context);
        if (step.type !== "operation") return step;
        const { f, value, ...flags } = step.invocation;
        if (typeof f !== "string") {
          throw new TypeError(
            `a generator emitted ${JSON.stringify(step.invocation)}, which is not an operation: { f: "read", value: null }`,
          );
        }
        return { ...step, invocation: { f, value: jsonCopy(value ?? null), ...flags } };
      }),
    update: (operation) => inWorkload('"generators"', () => generator.update?.(operation)),
  };
}
