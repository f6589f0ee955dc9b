/**
 * Assertions of programs: what must hold, what must not happen, and what tests should reach.
 *
 * @see Antithesis, "Properties": always, sometimes, unreachable; TigerBeetle and FoundationDB, whose
 *   assertions stay on in production
 */
import { stringifyJson } from "../protocol/json.ts";
import type { NodeId } from "../protocol/message.ts";
import { shorten } from "../protocol/shorten.ts";
import { errorText, errorTrace } from "./error-text.ts";

/** Values that explain a failed assertion; a function computes them only then. */
export type AssertionDetails = AssertionValues | (() => AssertionValues);

/** Values by name. */
export interface AssertionValues {
  readonly [name: string]: unknown;
}

/** An assertion that can fail. `invariant` is checked after every event, the others where they stand. */
export type FailingAssertion = "invariant" | "always" | "unreachable";

/** An assertion of a program that failed. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
  readonly kind: FailingAssertion;
  /** The name of the assertion. */
  readonly assertion: string;
  readonly node: NodeId;
  /** The details as JSON; of an invariant, the event after which it did not hold. May be empty. */
  readonly circumstances: string;

  /** @internal The node creates it. */
  constructor(kind: FailingAssertion, assertion: string, node: NodeId, circumstances: string) {
    super(describeFailure(kind, assertion, node, circumstances));
    this.kind = kind;
    this.assertion = assertion;
    this.node = node;
    this.circumstances = circumstances;
  }
}

function describeFailure(
  kind: FailingAssertion,
  name: string,
  node: NodeId,
  circumstances: string,
): string {
  const details = circumstances === "" ? "" : `: ${circumstances}`;
  switch (kind) {
    case "always":
      return `Assertion "${name}" failed on ${node}${details}`;
    case "unreachable":
      return `Unreachable "${name}" was reached on ${node}${details}`;
    case "invariant":
      return `Invariant "${name}" does not hold on ${node} ${circumstances}`;
    default:
      throw new Error("Unexpected kind of assertion", { cause: kind satisfies never });
  }
}

/** Observes the assertions of a program, in a simulation or a test. A process has no observer. */
export interface AssertionObserver {
  /** Called whenever an `always` or `sometimes` is evaluated. */
  onEvaluation(kind: "always" | "sometimes", name: string, condition: boolean): void;
  /** Called at the first failure of each assertion, in the middle of the event that caused it. */
  onFailure(failure: AssertionFailure): void;
}

interface Invariant {
  readonly name: string;
  readonly holds: () => boolean;
}

const MAX_DETAILS_LENGTH = 500;
/** Maximum number of failed assertions that a node tells apart. */
const MAX_FAILED = 1000;

/** The assertions of one node. */
export class Assertions {
  readonly #observer: AssertionObserver | undefined;
  readonly #log: (text: string) => void;
  #invariants: Invariant[] = [];
  /** Number of failures by kind and name. */
  readonly #failures = new Map<string, { readonly failure: AssertionFailure; count: number }>();
  /** The error that the observer threw during an event. */
  #thrown: { readonly error: unknown } | undefined;

  /** @param observer If undefined, invariants are not even stored. */
  constructor(observer: AssertionObserver | undefined, log: (text: string) => void) {
    this.#observer = observer;
    this.#log = log;
  }

  /** @throws {TypeError} when the arguments are in the wrong order, as plain JavaScript allows. */
  evaluate(kind: "always" | "sometimes", name: string, condition: boolean): void {
    // A name in place of the condition would pass for ever.
    if (typeof condition !== "boolean" || typeof name !== "string") {
      throw new TypeError(
        `node.${kind} needs a boolean and a name, but got ${typeof condition} and ${typeof name}`,
      );
    }
    this.#observer?.onEvaluation(kind, name, condition);
  }

  /** @param caller The public function: the stack trace starts at its caller. */
  fail(
    kind: "always" | "unreachable",
    name: string,
    node: NodeId,
    details: AssertionDetails | undefined,
    caller: (...args: never[]) => unknown,
  ): void {
    const known = this.#failures.get(`${kind} ${name}`);
    if (known !== undefined) known.count++;
    else this.#report(new AssertionFailure(kind, name, node, describeDetails(details)), caller);
  }

  addInvariant(name: string, holds: () => boolean): void {
    if (this.#observer !== undefined) this.#invariants.push({ name, holds });
  }

  clear(): void {
    this.#invariants = [];
    this.#thrown = undefined;
  }

  /** Whether {@link endEvent} has anything to do. */
  get isPending(): boolean {
    return this.#invariants.length > 0 || this.#thrown !== undefined;
  }

  /**
   * Checks the invariants after an event. One that does not hold is not checked again.
   *
   * @throws what the observer threw since the last event. Thrown only here: within an event, the
   *   program or its handler's error reply could swallow it.
   */
  endEvent(node: NodeId, circumstances: () => string): void {
    for (const invariant of this.#invariants) {
      const { name, holds } = invariant;
      const problem = problemOf(holds);
      if (problem === undefined) continue;
      this.#invariants = this.#invariants.filter((other) => other !== invariant);
      this.#report(new AssertionFailure("invariant", name, node, `${circumstances()}${problem}`));
    }
    const thrown = this.#thrown;
    this.#thrown = undefined;
    if (thrown !== undefined) throw thrown.error;
  }

  /** Logs how often each assertion failed, if that was more than once. */
  logCounts(): void {
    for (const { failure, count } of this.#failures.values()) {
      if (count > 1) this.#log(`${failure.message} (the first of ${count} failures)`);
    }
  }

  #report(failure: AssertionFailure, caller?: (...args: never[]) => unknown): void {
    if (this.#failures.size >= MAX_FAILED) return;
    this.#failures.set(`${failure.kind} ${failure.assertion}`, { failure, count: 1 });
    if (caller !== undefined) Error.captureStackTrace(failure, caller);
    // The stack of an invariant would only lead to the node.
    this.#log(caller === undefined ? errorText(failure) : errorTrace(failure));
    try {
      this.#observer?.onFailure(failure);
    } catch (error) {
      this.#thrown ??= { error };
    }
  }
}

function describeDetails(details: AssertionDetails | undefined): string {
  if (details === undefined) return "";
  try {
    const values = typeof details === "function" ? details() : details;
    return shorten(stringifyJson(values), MAX_DETAILS_LENGTH);
  } catch (error) {
    return `its details cannot be shown: ${errorText(error)}`;
  }
}

function problemOf(holds: () => boolean): string | undefined {
  try {
    return holds() ? undefined : "";
  } catch (error) {
    return `: its check threw ${errorText(error)}`;
  }
}
