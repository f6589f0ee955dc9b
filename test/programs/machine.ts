/** State machines: the effect of requests, independent of where and in which order they are applied. */
import * as v from "valibot";
import { ERRORS, type ErrorKind, type OutgoingBody } from "../../lib/vortex/index.ts";

/** Schema and effect of one type of request. */
export interface Operation<
  S extends v.GenericSchema = v.GenericSchema,
  Reply extends OutgoingBody = OutgoingBody,
> {
  readonly schema: S;
  /** Changes the state and returns the reply. A method, so that a machine may hold any operation. */
  apply(body: v.InferOutput<S>): Reply;
}

/**
 * Operations on a shared state, by request type.
 *
 * They are deterministic: the same requests in the same order give the same replies on every node.
 */
export type Machine = { readonly [type: string]: Operation };

export function operation<S extends v.GenericSchema, Reply extends OutgoingBody>(
  schema: S,
  apply: (body: v.InferOutput<S>) => Reply,
): Operation<S, Reply> {
  return { schema, apply };
}

/** Body of a request. The operation's schema parses the rest. */
export const Request = v.looseObject({ type: v.string() });
export type Request = v.InferOutput<typeof Request>;

/** Applies a request to a machine. */
export function apply(machine: Machine, request: Request): OutgoingBody {
  const operation = machine[request.type];
  if (operation === undefined) throw new Error(`The machine has no operation "${request.type}"`);
  return operation.apply(v.parse(operation.schema, request));
}

export function errorReply(kind: ErrorKind, text: string): OutgoingBody {
  return { type: "error", code: ERRORS[kind].code, text };
}
