import type { NodeId } from "../protocol/message.ts";
import { errorText } from "./error-text.ts";

/** An invariant of a program that did not hold. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
  readonly invariant: string;
  readonly node: NodeId;

  constructor(invariant: string, node: NodeId, circumstances: string) {
    super(`Invariant "${invariant}" does not hold on ${node} ${circumstances}`);
    this.invariant = invariant;
    this.node = node;
  }
}

interface Invariant {
  readonly name: string;
  readonly holds: () => boolean;
}

/** The invariants of one node. */
export class Invariants {
  readonly #onViolation: ((violation: InvariantViolation) => void) | undefined;
  #invariants: Invariant[] = [];

  /** @param onViolation If undefined, invariants are not even stored. */
  constructor(onViolation: ((violation: InvariantViolation) => void) | undefined) {
    this.#onViolation = onViolation;
  }

  add(name: string, holds: () => boolean): void {
    if (this.#onViolation !== undefined) this.#invariants.push({ name, holds });
  }

  clear(): void {
    this.#invariants = [];
  }

  get count(): number {
    return this.#invariants.length;
  }

  /** Reports the first invariant that does not hold; checks nothing after a violation. */
  check(node: NodeId, circumstances: () => string): void {
    for (const { name, holds } of this.#invariants) {
      const problem = problemOf(holds);
      if (problem === undefined) continue;
      this.clear();
      this.#onViolation?.(new InvariantViolation(name, node, `${circumstances()}${problem}`));
      return;
    }
  }
}

function problemOf(holds: () => boolean): string | undefined {
  try {
    return holds() ? undefined : "";
  } catch (error) {
    return `: its check threw ${errorText(error)}`;
  }
}
