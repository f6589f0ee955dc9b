/**
 * Checks the replies of a worker.
 *
 * The worker shares its globals with the program, which may be hostile and could send replies of its own. Their
 * form is checked here; their texts are shown as text, and what the recorder cannot read ends as an error.
 */
import * as v from "valibot";

const Place = v.optional(v.pipe(v.number(), v.safeInteger()));

export const ReplySchema = v.variant("type", [
  v.looseObject({ type: v.literal("loaded") }),
  v.looseObject({ type: v.literal("crash"), text: v.string() }),
  v.looseObject({
    type: v.literal("problem"),
    problem: v.looseObject({ file: v.string(), line: Place, column: Place, text: v.string() }),
  }),
  v.looseObject({
    type: v.literal("result"),
    result: v.looseObject({
      valid: v.union([v.boolean(), v.literal("unknown")]),
      diagnostics: v.optional(v.array(v.looseObject({ node: v.string(), kind: v.string() }))),
    }),
    record: v.optional(
      v.looseObject({
        history: v.array(v.unknown()),
        messages: v.array(v.unknown()),
        logs: v.array(v.looseObject({ node: v.string(), line: v.string() })),
        remarks: v.array(v.string()),
      }),
    ),
    inspections: v.optional(
      v.array(
        v.looseObject({
          node: v.string(),
          times: v.array(v.number()),
          states: v.array(v.string()),
          intervalNs: v.number(),
        }),
      ),
    ),
  }),
]);
