/** How often an assertion was evaluated, and with which outcome. */
export interface AssertionCount {
  trueCount: number;
  falseCount: number;
}

/** Maximum number of names of one kind. */
const MAX_NAMES = 1000;

/** Counts the outcomes of assertions by name. For hosts that observe a program. */
export class AssertionCounts {
  readonly always = new Map<string, AssertionCount>();
  readonly sometimes = new Map<string, AssertionCount>();

  /** @throws {RangeError} when there are too many names. */
  add(kind: "always" | "sometimes", name: string, condition: boolean): void {
    const counts = this[kind];
    let count = counts.get(name);
    if (count === undefined) {
      if (counts.size >= MAX_NAMES) {
        throw new RangeError(
          `node.${kind} has been called with more than ${MAX_NAMES} names. A name must not vary: put what varies into the details`,
        );
      }
      count = { trueCount: 0, falseCount: 0 };
      counts.set(name, count);
    }
    if (condition) count.trueCount++;
    else count.falseCount++;
  }

  /** How often each `sometimes` was reached; 0 where its condition never held. */
  reached(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.sometimes].map(([name, { trueCount }]) => [name, trueCount]),
    );
  }

  /** How often each `always` was evaluated. */
  evaluated(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      [...this.always].map(([name, { trueCount, falseCount }]) => [name, trueCount + falseCount]),
    );
  }
}
