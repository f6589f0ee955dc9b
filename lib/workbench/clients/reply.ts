/** The bodies of messages, as workloads and nemeses describe them. */
import type * as v from "valibot";
import type { Json } from "../../vortex/index.ts";

/** The fields of a message's body. */
export type Fields = { readonly [field: string]: Json };

/**
 * The fields of a reply, with a valibot schema each. Any other field makes the reply malformed; a whole
 * schema, such as `v.looseObject({ ... })`, decides on its own.
 */
export type ReplyLike = v.ObjectEntries | v.GenericSchema;

/** A reply as its schema parses it. */
export type ReplyOf<R> =
  R extends v.GenericSchema<unknown, infer Output>
    ? Output
    : R extends v.ObjectEntries
      ? v.InferOutput<v.ObjectSchema<R, undefined>>
      : never;
