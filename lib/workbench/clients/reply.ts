/** Replies as workloads and nemeses describe them. */
import type * as v from "valibot";
import type { Json } from "../../vortex/index.ts";
import { replySchema } from "./client.ts";

/** The fields of a message's body. */
export type Fields = { readonly [field: string]: Json };

/**
 * The fields of a reply, with a valibot schema each. Any other field makes the reply malformed; a whole
 * schema, such as `v.looseObject({ ... })`, decides on its own.
 */
export type ReplyLike = v.ObjectEntries | v.GenericSchema;

/** What a reply's schema makes of it. */
export type ReplyOf<R> =
  R extends v.GenericSchema<unknown, infer Output>
    ? Output
    : R extends v.ObjectEntries
      ? v.InferOutput<v.ObjectSchema<R, undefined>>
      : never;

const schemas = new WeakMap<
  ReplyLike,
  { readonly type: string; readonly schema: v.GenericSchema }
>();

/** The schema of a reply. Those of the last type are kept: making one takes longer than a parse. */
export function replySchemaOf(request: string, reply: ReplyLike): v.GenericSchema {
  const known = schemas.get(reply);
  if (known?.type === request) return known.schema;
  const schema = isSchema(reply) ? reply : replySchema(`${request}_ok`, reply);
  schemas.set(reply, { type: request, schema });
  return schema;
}

function isSchema(reply: ReplyLike): reply is v.GenericSchema {
  return reply["kind"] === "schema";
}
