/**
 * Whether each key of a store behaves as one register that is read, written, and compared and set.
 *
 * Linearizability is local: a store is linearizable if each of its keys is.
 *
 * @see Jepsen, `jepsen.tests.linearizable-register`: Knossos' checker, lifted by
 *   `jepsen.independent/checker`
 */

import { jsonKey } from "../../../protocol/json-key.ts";
import type { Json } from "../../../vortex/index.ts";
import { type History, type Operation, type Pair, pairs } from "../../history/history.ts";
import {
  type CheckOptions,
  type Finding,
  mergeValidity,
  type Validity,
  type Verdict,
} from "../checker.ts";
import { compareJson } from "../clojure/compare.ts";
import { describeOperation, EXAMPLES_PER_KIND, plural, quote, seconds } from "../wording.ts";
import { type Linearization, linearize } from "./linearize.ts";
import { keyed, type RegisterOperation, registerOperation, Values } from "./register-operation.ts";

export interface LinearizableVerdict extends Verdict {
  /** The keys that are not linearizable, in order. */
  readonly failures: readonly Json[];
  /** The verdict on each key, by the key as JSON; a string without its quotes. */
  readonly keys: { readonly [key: string]: Validity };
}

/**
 * Searches to try, each broader than the one before.
 *
 * An order is found soonest by a narrow search, even among thousands of indefinite operations, and
 * one that is too narrow gets stuck soon; that there is none only a search shows that has room for
 * everything.
 */
const WIDTHS = [2, 4, 8, 128, 2048, 32_768];

/** How many steps the searches of all keys may take together: some ten seconds. */
const STEPS = 40_000_000;

/**
 * Valid if every key is linearizable; unknown if for some key that would take too long to find out.
 *
 * @param history Of `read`, `write` and `cas`, whose values are `[key, value]`.
 * @throws {Error} when it holds something else, or keys that have no order, such as `1` and `"1"`.
 */
export function checkLinearizable(
  history: History,
  { maxSteps = STEPS }: CheckOptions = {},
): LinearizableVerdict {
  const registers = registersOf(history);
  searchAll(registers, maxSteps);
  const judged = registers.map((register) => ({ register, valid: validityOf(register) }));
  const failures = judged.filter(({ valid }) => valid === false);
  return {
    valid: mergeValidity(judged.map(({ valid }) => valid)),
    failures: failures.map(({ register }) => register.key),
    keys: Object.fromEntries(judged.map(({ register, valid }) => [nameOf(register.key), valid])),
    explanation: judged
      .flatMap(({ register }) => findingOf(register) ?? [])
      .slice(0, EXAMPLES_PER_KIND),
  };
}

/** One key of the store, and what is known of it so far. */
interface Register {
  readonly key: Json;
  readonly values: Values;
  readonly operations: RegisterOperation[];
  result?: Linearization;
}

/** The registers of all keys that occur, in the keys' order. */
function registersOf(history: History): Register[] {
  const registers = new Map<string, Register>();
  for (const pair of pairs(history)) {
    const [key] = keyed(pair.invocation.value, pair);
    const register = registers.get(jsonKey(key)) ?? { key, values: new Values(), operations: [] };
    registers.set(jsonKey(key), register);
    const operation = registerOperation(pair, register.values);
    if (operation !== undefined) register.operations.push(operation);
  }
  return [...registers.values()].sort((one, other) => compareJson(one.key, other.key));
}

/** Searches all registers, and those that are left undecided more broadly, as far as allowed. */
function searchAll(registers: readonly Register[], maxSteps: number): void {
  let remaining = maxSteps;
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
    ? `in every order of the operations before that, the register held ` +
      `${result.values.map((value) => quote(values.valueOf(value))).join(" or ")}, ` +
      `and nothing that was open then could change it in time`
    : "nothing had begun that would have left the value it needs";
  return {
    anomaly: "nonlinearizable",
    sentence: `Key ${quote(key)}: ${describe(stuck.pair)}, but ${why}`,
    operations: [
      ...new Set([...lastReturned(begun, stuck), ...open.slice(-EXAMPLES_PER_KIND), stuck]),
    ]
      .flatMap(({ pair }) => operationsOf(pair))
      .sort((one, other) => one.index - other.index),
  };
}

/** The last operation to return before the given one did. */
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
      `Key ${quote(key)}: gave up, there are too many orders of ` +
      `${plural(operations.length, "operation")}, ${indefinite.length} of them indefinite`,
    operations: [],
  };
}

/** `"process 3's read at 4.210 s returned 17 at 4.230 s"`. */
function describe({ invocation, completion }: Pair): string {
  const [, value] = keyed(completion?.value ?? invocation.value, { invocation, completion });
  const did = invocation.f === "read" ? "returned" : "took effect as";
  const by = completion === undefined ? "" : ` by ${seconds(completion.time)}`;
  return `${describeOperation(invocation)} ${did} ${quote(value)}${by}`;
}

function operationsOf({ invocation, completion }: Pair): Operation[] {
  return completion === undefined ? [invocation] : [invocation, completion];
}
