/** State machines: what requests do, apart from where and in which order they are decided. */
import * as v from "valibot";
import { ERRORS, type ErrorKind, type OutgoingBody } from "../../lib/vortex/index.ts";

/** What requests of one type look like, and what they do. */
export interface Operation<
  S extends v.GenericSchema = v.GenericSchema,
  Reply extends OutgoingBody = OutgoingBody,
> {
  readonly schema: S;
  /** Changes the state and says what to reply. Written as a method: a machine may hold any. */
  apply(body: v.InferOutput<S>): Reply;
}

/**
 * Operations on one state, by request type. The same requests in the same order give the same
 * replies, wherever they are applied.
 */
export type Machine = { readonly [type: string]: Operation };

export function operation<S extends v.GenericSchema, Reply extends OutgoingBody>(
  schema: S,
  apply: (body: v.InferOutput<S>) => Reply,
): Operation<S, Reply> {
  return { schema, apply };
}

/** The body of a request, which only the machine's operation knows more of. */
export const Request = v.looseObject({ type: v.string() });
export type Request = v.InferOutput<typeof Request>;

/** Applies a request to a machine that knows its type. */
export function apply(machine: Machine, request: Request): OutgoingBody {
  const operation = machine[request.type];
  if (operation === undefined) throw new Error(`The machine has no operation "${request.type}"`);
  return operation.apply(v.parse(operation.schema, request));
}

export function errorReply(kind: ErrorKind, text: string): OutgoingBody {
  return { type: "error", code: ERRORS[kind].code, text };
}
