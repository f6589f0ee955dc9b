/**
 * Models: sequential specifications as plain code, which {@link linearizable} and {@link sequential}
 * compare a history with.
 *
 * @see Porcupine, `Model`; Knossos, `knossos.model`
 */
import type * as v from "valibot";
import { isSameJson } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";

/** An operation as `step` receives it. */
export interface ModelOperation {
  /** Its function: `"read"`, `"enqueue"`, ... */
  readonly f: string;
  /** `"ok"` if it happened; `"info"` if it may take effect at any time after its start, or never. */
  readonly type: "ok" | "info";
  /** Its argument. */
  readonly value: Json;
  /** Its result; `undefined` if it is indefinite. */
  readonly result: Json | undefined;
}

/** Schemas of the argument and the result of an operation. Absent: any JSON. */
export interface OperationSchema {
  readonly value?: v.GenericSchema;
  readonly result?: v.GenericSchema;
}

/** The operations of a model, by function. */
export type OperationTable = { readonly [f: string]: OperationSchema };

type Output<S> = S extends v.GenericSchema ? v.InferOutput<S> : Json;

/** An operation of a table as `step` receives it: a union with one part for each function. */
export type OperationOf<Table extends OperationTable> = string extends keyof Table
  ? ModelOperation
  : { [F in keyof Table & string]: TypedOperation<F, Table[F]> }[keyof Table & string];

/** Results are `undefined` in indefinite operations only. */
export type TypedOperation<F extends string, S extends OperationSchema> = {
  readonly f: F;
  readonly value: Output<S["value"]>;
} & (
  | { readonly type: "ok"; readonly result: Output<S["result"]> }
  | { readonly type: "info"; readonly result: undefined }
);

/** A sequential specification of an object. */
export interface Model<State, Table extends OperationTable = OperationTable> {
  /** The state before the first operation; a function if it depends on the key, or for its type. */
  readonly init: State | ((key: Json | undefined) => State);
  /**
   * The operations, with schemas of their arguments and results. They give `operation` in `step` its
   * type. Any other operation is an error.
   */
  readonly operations?: Table;
  /**
   * Returns the state after an operation, or `undefined` if the operation cannot happen in this state
   * with this result. If several states may follow, returns {@link oneOf} them.
   *
   * It must not change the state it receives, and must return the same for equal arguments.
   */
  step(state: State, operation: OperationOf<Table>): State | undefined | OneOf<State>;
  /**
   * Whether an operation never changes the state, such as a read, or a compare-and-set that did not
   * match. The search is faster if it can rely on that. By default none is relied on.
   */
  isRead?(operation: OperationOf<Table>): boolean;
  /**
   * Returns a text or number that equal states share, and unequal ones do not. By default the
   * canonical JSON of the state, which may also contain maps, sets, big integers and `undefined`.
   */
  readonly stateKey?: (state: State) => string | number;
  /** Describes a state in explanations. By default its canonical JSON. */
  readonly describeState?: (state: State) => string;
  /** Describes an operation in explanations. By default `"cas 1 2"` or `"dequeue: 7"`. */
  readonly describeOperation?: (operation: ModelOperation) => string;
}

/** A model whose operations are not typed: what the search works with. */
export interface AnyModel<State> extends Omit<Model<State>, "step" | "isRead"> {
  step(state: State, operation: ModelOperation): State | undefined | OneOf<State>;
  isRead?(operation: ModelOperation): boolean;
}

/** Several states that may follow an operation. */
export class OneOf<State> {
  readonly states: readonly State[];

  constructor(states: readonly State[]) {
    this.states = states;
  }
}

/**
 * Returns the states that may follow a non-deterministic operation. Without any, the operation cannot
 * happen.
 *
 * @example
 * // A write that may be lost:
 * step: (state, { value }) => oneOf([state, value])
 */
export function oneOf<State>(states: readonly State[]): OneOf<State> {
  return new OneOf(states);
}

/**
 * Whether an operation returned this value, or may have, as its result is unknown.
 *
 * @example
 * step: (state, operation) => returned(operation, state) ? state : undefined
 */
export function returned(operation: { readonly result: Json | undefined }, value: Json): boolean {
  return operation.result === undefined || isSameJson(operation.result, value);
}
