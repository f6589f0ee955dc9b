/**
 * Checkers for workloads of one's own: the checkers of the ten workloads, on histories that are mapped
 * to their operations, and checkers that are plain functions.
 *
 * For linearizability and sequential consistency of a model, see `linearizable/`.
 */
import type { Json } from "../../vortex/index.ts";
import type { History, Operation } from "../history/history.ts";
import type { Checker, Finding, Verdict } from "./checker.ts";
import { type Composition, compose, type Failure } from "./compose.ts";
import { type CounterVerdict, checkCounter } from "./counter/index.ts";
import type { TransactionVerdict } from "./elle/anomalies.ts";
import { checkTxnListAppend } from "./elle/txn-list-append.ts";
import { checkTxnRwRegister } from "./elle/txn-rw-register.ts";
import { checkKafka, type KafkaVerdict } from "./kafka/index.ts";
import { type ClientOperation, type MappedOperation, type Mapping, mapped } from "./map-history.ts";
import { checkSetFull, type SetFullVerdict } from "./set-full/index.ts";
import { describeOperation, EXAMPLES_PER_KIND, quote, withMore } from "./wording.ts";

/**
 * Checks that a grow-only set keeps what was added. Reads may be stale, and the verdict says for how
 * long; an element that is missing from the last reads is lost.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `add` | the element | |
 * | `read` | | all elements, in any order |
 *
 * @example
 * setFull({ map: (operation) => operation.f === "insert" ? { ...operation, f: "add" } : operation })
 */
export function setFull(mapping: Mapping = {}): Checker<SetFullVerdict> {
  return mapped(checkSetFull, { map: (operation) => withoutResult(applied(mapping, operation)) });
}

/**
 * Checks that final reads of a counter return the sum of what was added, with any part of what may have
 * been added.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `add` | an integer | |
 * | `read` with `final: true` | | the value |
 */
export function counter(mapping: Mapping = {}): Checker<CounterVerdict> {
  return mapped(checkCounter, { map: (operation) => withoutResult(applied(mapping, operation)) });
}

function applied({ map }: Mapping, operation: ClientOperation): MappedOperation | undefined {
  return map === undefined ? operation : map(operation);
}

/** The checkers read what was added from the completion, whatever the node returned. */
function withoutResult(operation: MappedOperation | undefined): MappedOperation | undefined {
  return operation?.f === "read" || operation === undefined
    ? operation
    : { ...operation, result: undefined };
}

/**
 * Checks append-only logs by key: offsets are unique and increasing, and polls neither skip nor reorder
 * messages.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `send` | `[["send", key, message]]` | `[["send", key, [offset, message]]]` |
 * | `poll` | `[["poll"]]` | `[["poll", { key: [[offset, message], ...] }]]` |
 * | `assign`, `subscribe` | `[key, ...]` | the same: the process polls these keys from now on |
 *
 * Keys are strings, offsets integers; messages are unique in their log.
 */
export function log(mapping: Mapping = {}): Checker<KafkaVerdict> {
  return mapped(checkKafka, mapping);
}

export interface TransactionsOptions extends Mapping {
  /** The kind of value of a key: `"registers"`, which are written, or `"lists"`, which are appended to. */
  readonly over: "registers" | "lists";
  /** The consistency models to satisfy. Default: those of the test, which `--consistency-models` sets. */
  readonly consistencyModels?: readonly string[];
}

/**
 * Checks transactions with Elle's rules: infers which of them came before which, and finds cycles that
 * the consistency models exclude.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `txn` | `[["r", key, null], ["w", key, value], ...]` | the same, with what was read |
 *
 * With `over: "lists"` writes are `["append", key, element]`, and reads return lists. Each value is
 * written to a key at most once.
 */
export function transactions({
  over,
  consistencyModels,
  ...mapping
}: TransactionsOptions): Checker<TransactionVerdict> {
  const check = over === "lists" ? checkTxnListAppend : checkTxnRwRegister;
  return mapped(
    (history, options) =>
      check(history, {
        ...options,
        ...(consistencyModels === undefined ? {} : { consistencyModels }),
      }),
    mapping,
  );
}

export interface BankTotalsOptions extends Mapping {
  /** The sum of all balances. */
  readonly total: number;
  /** Whether balances may be negative. Default: false. */
  readonly overdraft?: boolean;
}

/**
 * Checks that each read of all accounts shows one moment: the balances have the right sum.
 *
 * | operation | argument | result |
 * | --- | --- | --- |
 * | `read` | | `{ account: balance, ... }` of all accounts |
 *
 * Other operations are not examined.
 *
 * @see Jepsen, `jepsen.tests.bank`
 */
export function bankTotals({
  total,
  overdraft = false,
  ...mapping
}: BankTotalsOptions): Checker<InvariantVerdict> {
  const check = invariant((history) =>
    history
      .filter(({ type, f }) => type === "ok" && f === "read")
      .flatMap((read) => wrongBalances(read, total, overdraft)),
  );
  return mapped(check, mapping);
}

function wrongBalances(read: Operation, total: number, overdraft: boolean): InvariantFinding[] {
  const { value } = read;
  const balances: readonly Json[] =
    typeof value === "object" && value !== null ? Object.values(value) : [];
  const numbers = balances.filter((balance) => typeof balance === "number");
  const sum = numbers.reduce((one, other) => one + other, 0);
  const returned = `${describeOperation(read)} returned ${quote(value)}`;
  const wrong = (anomaly: string, why: string) => ({
    anomaly,
    sentence: `${returned}, ${why}`,
    operations: [read],
  });
  if (balances.length === 0 || numbers.length < balances.length) {
    return [wrong("not-balances", "which does not give each account a number")];
  }
  if (sum !== total)
    return [wrong("wrong-total", `of which the sum is ${sum} instead of ${total}`)];
  if (!overdraft && numbers.some((balance) => balance < 0)) {
    return [wrong("negative-balance", "where a balance is negative")];
  }
  return [];
}

/** A violation that an invariant has found. */
export interface InvariantFinding {
  /** Name of the anomaly: a word or two, in lower case. */
  readonly anomaly: string;
  /** Describes it with processes, values and times; starts in lower case. */
  readonly sentence: string;
  /** The operations involved: invocations, completions or both. */
  readonly operations?: readonly Operation[];
}

export interface InvariantVerdict extends Verdict {
  readonly valid: boolean;
  /** Number of findings. */
  readonly errorCount: number;
}

/**
 * Returns a checker from a function that returns what is wrong with a history; without findings it is
 * valid.
 *
 * @example
 * invariant((history) =>
 *   history
 *     .filter(({ type, f, value }) => type === "ok" && f === "read" && Number(value) < 0)
 *     .map((read) => ({
 *       anomaly: "negative",
 *       sentence: `process ${read.process} read ${read.value}`,
 *       operations: [read],
 *     })),
 * )
 */
export function invariant(
  find: (history: History) => readonly InvariantFinding[],
): Checker<InvariantVerdict> {
  return (history) => {
    const findings = find(history);
    const byAnomaly = Map.groupBy(findings, ({ anomaly }) => anomaly);
    return {
      valid: findings.length === 0,
      errorCount: findings.length,
      explanation: [...byAnomaly.values()].flatMap((some) =>
        withMore(some.slice(0, EXAMPLES_PER_KIND).map(complete), some.length),
      ),
    };
  };
}

function complete({ anomaly, sentence, operations = [] }: InvariantFinding): Finding {
  const inOrder = [...operations].sort((one, other) => one.index - other.index);
  return { anomaly, sentence, operations: inOrder };
}

/**
 * Returns a checker that runs several, and is as valid as the least valid of them. Its findings are those
 * of all, and say if one threw an error.
 *
 * @example
 * allOf({ balances: bankTotals({ total: 100 }), order: linearizable(bank({ balances })) })
 *
 * @throws {TypeError} when a part has the name of a field of the verdict.
 */
export function allOf<Parts extends { readonly [name: string]: Checker }>(
  parts: Parts,
): Checker<Composition<Parts> | Failure> {
  const taken = ["valid", "error", "explanation"].find((name) => Object.hasOwn(parts, name));
  if (taken !== undefined) {
    throw new TypeError(
      `Cannot name a part of allOf "${taken}": the verdict has such a field itself`,
    );
  }
  const check = compose(parts);
  return (history, options) => {
    const verdict = check(history, options);
    const verdicts: { readonly [name: string]: unknown } = verdict;
    const explanation = Object.keys(parts).flatMap((name) => {
      const part = verdicts[name];
      return isVerdict(part) ? findingsOf(name, part) : [];
    });
    return { ...verdict, explanation };
  };
}

function isVerdict(part: unknown): part is Verdict {
  return typeof part === "object" && part !== null && "valid" in part;
}

function findingsOf(name: string, { explanation = [], error }: Verdict): readonly Finding[] {
  if (typeof error !== "string") return explanation;
  return [
    { anomaly: "undecided", sentence: `${name} could not check it: ${error}`, operations: [] },
  ];
}
