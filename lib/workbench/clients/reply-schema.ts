import type * as v from "valibot";
import { replySchema } from "./client.ts";
import type { ReplyLike } from "./reply.ts";

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

/** Whether it is a whole schema. */
export function isSchema(reply: ReplyLike): reply is v.GenericSchema {
  return reply["kind"] === "schema";
}
