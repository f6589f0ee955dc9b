/**
 * Checks that each key of a store is a linearizable register with read, write and cas.
 *
 * Linearizability is local: a store is linearizable if each of its keys is. Where Knossos searches
 * without bound, this checker gives up after a number of steps, with the verdict `"unknown"`.
 *
 * @see Jepsen, `jepsen.tests.linearizable-register`: Knossos' checker, lifted by
 *   `jepsen.independent/checker`
 */

import { isArray, isSameJson, jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import { type History, type Operation, type Pair, pairs } from "../../history/history.ts";
import {
  type CheckOptions,
  type Finding,
  type LinearizationAttempt,
  mergeValidity,
  type Validity,
  type Verdict,
} from "../checker.ts";
import { compareJson } from "../clojure/compare.ts";
import { JsonMap } from "../json-map.ts";
import { independent, linearizable, returned } from "../linearizable/index.ts";
import {
  describeOperation,
  EXAMPLES_PER_KIND,
  plural,
  quote,
  seconds,
  withMore,
} from "../wording.ts";
import { searchRegister } from "./first-search.ts";
import { type Linearization, linearize } from "./linearize.ts";
import { keyed, type RegisterOperation, registerOperation, Values } from "./register-operation.ts";

export interface LinearizableVerdict extends Verdict {
  /** The keys that are not linearizable, in order. */
  readonly failures: readonly Json[];
  /** The validity of each key. Keys are in JSON, strings without quotes. */
  readonly keys: { readonly [key: string]: Validity };
}

/**
 * Widths of successive searches.
 *
 * A narrow search finds a linearization fastest, even among thousands of indefinite operations, and
 * fails fast if it is too narrow. Only a search that drops no configuration proves that none exists.
 */
const WIDTHS = [2, 4, 8, 128, 2048, 32_768];

/** Maximum number of steps of all searches together: about ten seconds. */
const STEPS = 40_000_000;

/**
 * Valid if every key is linearizable; unknown if the searches reach their limit first.
 *
 * @param history Operations `read`, `write` and `cas`, whose values are `[key, value]`.
 * @throws {Error} on other operations, or on keys that cannot be compared, such as `1` and `"1"`.
 */
export function checkLinearizable(
  history: History,
  { maxSteps = STEPS }: CheckOptions = {},
): LinearizableVerdict {
  const registers = registersOf(history);
  searchAll(registers, maxSteps);
  const checked = registers.map((register) => ({ register, valid: validityOf(register) }));
  const failures = checked.filter(({ valid }) => valid === false);
  const findings = checked.flatMap(({ register }) => {
    const finding = findingOf(register);
    return finding === undefined ? [] : [{ register, finding }];
  });
  return {
    valid: mergeValidity(checked.map(({ valid }) => valid)),
    failures: failures.map(({ register }) => register.key),
    keys: Object.fromEntries(checked.map(({ register, valid }) => [nameOf(register.key), valid])),
    explanation: withMore(findings.slice(0, EXAMPLES_PER_KIND).map(withAttempt), findings.length),
  };
}

/** A key of the store, and the result of its latest search. */
interface Register {
  readonly key: Json;
  readonly values: Values;
  readonly operations: RegisterOperation[];
  result?: Linearization;
}

/** Groups operations by key; sorted by key. */
function registersOf(history: History): Register[] {
  const registers = new JsonMap<Register>();
  for (const pair of pairs(history)) {
    const [key] = keyed(pair.invocation.value, pair);
    let register = registers.get(key);
    if (register === undefined) {
      register = { key, values: new Values(), operations: [] };
      registers.set(key, register);
    }
    const operation = registerOperation(pair, register.values);
    if (operation !== undefined) register.operations.push(operation);
  }
  return [...registers.values()].sort((one, other) => compareJson(one.key, other.key));
}

/** Steps of a first search, which suffice in most histories: a few hundredths of a second for 10,000 operations. */
const STEPS_PER_OPERATION = 64;

/** Searches all registers, then the undecided ones with greater widths, within the step limit. */
function searchAll(registers: readonly Register[], maxSteps: number): void {
  let remaining = maxSteps;
  for (const register of registers) {
    const { operations } = register;
    const limit = Math.min(remaining, STEPS_PER_OPERATION * operations.length);
    const { linearizable, steps } = searchRegister(operations, limit);
    remaining -= steps;
    // Finding none is left to the search below, which names the operation without a place.
    if (linearizable === true) register.result = { linearizable, steps };
  }
  for (const width of WIDTHS) {
    const undecided = registers.filter((register) => validityOf(register) === "unknown");
    for (const [index, register] of undecided.entries()) {
      const steps = Math.floor(remaining / (undecided.length - index));
      register.result = linearize(register.operations, { width, steps });
      remaining -= register.result.steps;
    }
  }
}

function validityOf({ result }: Register): Validity {
  return result?.linearizable ?? "unknown";
}

function nameOf(key: Json): string {
  return typeof key === "string" ? key : jsonKey(key);
}

function findingOf({ key, values, operations, result }: Register): Finding | undefined {
  if (result?.linearizable === true) return undefined;
  if (result?.linearizable !== false) return undecided(key, operations);
  const { stuck, open } = result;
  const begun = operations.filter(({ called }) => called < stuck.returned);
  const why = begun.some(({ to }) => to === stuck.from)
    ? `every order of the preceding operations leaves ` +
      `${result.values.map((value) => quote(values.valueOf(value))).join(" or ")}, ` +
      `and no open operation could change that in time`
    : "no operation invoked before that sets the value it needs";
  return {
    anomaly: "nonlinearizable",
    sentence: `key ${quote(key)}: ${describe(stuck.pair)}, but ${why}`,
    operations: [
      ...new Set([...lastReturned(begun, stuck), ...open.slice(-EXAMPLES_PER_KIND), stuck]),
    ]
      .flatMap(({ pair }) => operationsOf(pair))
      .sort((one, other) => one.index - other.index),
  };
}

/** Adds how far an order of the register's operations comes, for the report to draw. */
function withAttempt({ register, finding }: { register: Register; finding: Finding }): Finding {
  const attempt = finding.anomaly === "nonlinearizable" ? attemptOf(register) : undefined;
  return attempt === undefined ? finding : { ...finding, linearization: attempt };
}

/** Maximum number of steps to find the longest orders again: less than a second. */
const ATTEMPT_STEPS = 1_000_000;

/** Explains a failure by the search for any model; `undefined` if that takes too many steps. */
function attemptOf({ operations }: Register): LinearizationAttempt | undefined {
  const history = operations
    .flatMap(({ pair }) => operationsOf(pair))
    .sort((one, other) => one.index - other.index);
  const { explanation = [] } = explain(history, { maxSteps: ATTEMPT_STEPS });
  return explanation.find(({ linearization }) => linearization !== undefined)?.linearization;
}

/** The model of `registerOperation`, for the operations that constrain a register. */
const explain = linearizable({
  map: independent,
  init: (): Json => null,
  isRead: ({ f }) => f === "read",
  step(state, { f, value, result }) {
    if (f === "read") return returned({ result }, state) ? state : undefined;
    if (f === "write") return value;
    const [from, to] = changeOf(value);
    return isSameJson(state, from) ? to : undefined;
  },
  describeOperation({ f, value, result }) {
    if (f === "read") return `read: ${quote(result ?? null)}`;
    if (f === "write") return `write ${quote(value)}`;
    return `cas ${changeOf(value).map(quote).join(" to ")}`;
  },
});

function changeOf(value: Json): readonly [from: Json, to: Json] {
  const [from = null, to = null] = isArray(value) ? value : [];
  return [from, to];
}

/** The last operation to return before the given one. */
function lastReturned(
  operations: readonly RegisterOperation[],
  before: RegisterOperation,
): RegisterOperation[] {
  return operations
    .filter(({ returned }) => returned < before.returned)
    .sort((one, other) => one.returned - other.returned)
    .slice(-1);
}

function undecided(key: Json, operations: readonly RegisterOperation[]): Finding {
  const indefinite = operations.filter(({ returned }) => !Number.isFinite(returned));
  return {
    anomaly: "undecided",
    sentence:
      `key ${quote(key)}: gave up the search for an order of ` +
      `${plural(operations.length, "operation")}, ${indefinite.length} of them indefinite`,
    operations: [],
  };
}

/** `"process 3's read at 4.210 s returned 17 by 4.230 s"`. */
function describe({ invocation, completion }: Pair): string {
  const [, value] = keyed(completion?.value ?? invocation.value, { invocation, completion });
  const did = invocation.f === "read" ? "returned" : "took effect as";
  const by = completion === undefined ? "" : ` by ${seconds(completion.time)}`;
  return `${describeOperation(invocation)} ${did} ${quote(value)}${by}`;
}

function operationsOf({ invocation, completion }: Pair): Operation[] {
  return completion === undefined ? [invocation] : [invocation, completion];
}
