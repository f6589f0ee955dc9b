/** Maps the operations of a history to those that a checker expects. */
import type { Json, NodeId } from "../../vortex/index.ts";
import { type History, type Operation, type Pair, pairs } from "../history/history.ts";
import type { Checker, Finding, Verdict } from "./checker.ts";
import { describeOperation } from "./wording.ts";

/** A client's operation, from start to end. */
export interface ClientOperation {
  readonly f: string;
  /** The type of its completion; `"info"` if it never completed. */
  readonly type: "ok" | "fail" | "info";
  /** Argument. */
  readonly value: Json;
  /** Result of an `ok` operation. */
  readonly result: Json | undefined;
  readonly process: number;
  readonly node?: NodeId;
  /** Whether it is a final read, after the faults have healed. */
  readonly final?: boolean;
  /** Reason of a `fail` or `info`. */
  readonly error?: Json;
  readonly invocation: Operation;
  /** Absent if the operation never ended. */
  readonly completion?: Operation;
}

/** An operation after the mapping. */
export interface MappedOperation {
  readonly f: string;
  /** A `fail` did not happen. */
  readonly type: "ok" | "fail" | "info";
  readonly value: Json;
  readonly result: Json | undefined;
  /** For models: the part of the history that it belongs to; absent if the history is not split. */
  readonly key?: Json;
  /** For checkers that examine final reads. */
  readonly final?: boolean;
}

/** Turns the operations of a history into those of a model or checker. */
export interface Mapping {
  /**
   * Returns the operation for one of the history, or `undefined` to leave it out.
   *
   * @example
   * map: (operation) => operation.f === "put" ? { ...operation, f: "write" } : operation
   */
  readonly map?: (operation: ClientOperation) => MappedOperation | undefined;
}

/**
 * Applies a mapping; without one, the operation stays as it is.
 *
 * @throws {Error} if an operation that never ended is mapped to one that is not indefinite.
 */
export function mapOperation(pair: Pair, { map }: Mapping): MappedOperation | undefined {
  const { invocation, completion } = pair;
  const { f, value, process, node } = invocation;
  const type = completion === undefined || completion.type === "invoke" ? "info" : completion.type;
  const result = type === "ok" ? completion?.value : undefined;
  if (map === undefined) return { f, type, value, result };
  const final = completion?.final ?? invocation.final;
  // Assigned, not spread, which takes most of the time that a long history takes here.
  const operation: { -readonly [Field in keyof ClientOperation]: ClientOperation[Field] } = {
    f,
    type,
    value,
    result,
    process: typeof process === "number" ? process : -1,
    invocation,
  };
  if (node !== undefined) operation.node = node;
  if (final !== undefined) operation.final = final;
  if (completion !== undefined) {
    if (completion.error !== undefined) operation.error = completion.error;
    operation.completion = completion;
  }
  const mapped = map(operation);
  if (completion === undefined && mapped !== undefined && mapped.type !== "info") {
    throw new Error(
      `Cannot map ${describeOperation(invocation)}, which never ended, to one that is ${mapped.type}`,
    );
  }
  return mapped;
}

/** Returns a checker that checks the mapped history. Its findings name the operations of the original. */
export function mapped<V extends Verdict>(check: Checker<V>, mapping: Mapping): Checker<V> {
  if (mapping.map === undefined) return check;
  return (history, options) => {
    const verdict = check(mapHistory(history, mapping), options);
    if (verdict.explanation === undefined) return verdict;
    const originals = new Map(history.map((operation) => [operation.index, operation]));
    const original = (operation: Operation) => originals.get(operation.index) ?? operation;
    const explanation = verdict.explanation.map(
      (finding): Finding => ({ ...finding, operations: finding.operations.map(original) }),
    );
    return { ...verdict, explanation };
  };
}

function mapHistory(history: History, mapping: Mapping): History {
  const byInvocation = new Map(pairs(history).map((pair) => [pair.invocation, pair]));
  const completions = new Map<Operation, Operation>();
  return history.flatMap((operation) => {
    if (operation.process === "nemesis") return [operation];
    if (operation.type !== "invoke") return completions.get(operation) ?? [];
    const pair = byInvocation.get(operation);
    const become = pair && mapOperation(pair, mapping);
    if (pair === undefined || become === undefined) return [];
    const { f, type, value, result, final } = become;
    const { final: _, ...invocation } = operation;
    const flags = final === undefined ? {} : { final };
    if (pair.completion !== undefined) {
      const { final: __, ...completion } = pair.completion;
      // Checkers read the argument of what did not return anything.
      const returned = type === "ok" ? (result ?? value) : value;
      completions.set(pair.completion, { ...completion, ...flags, f, type, value: returned });
    }
    return [{ ...invocation, ...flags, f, value }];
  });
}
