/** Bounds searches by counted steps rather than time, so that their results are reproducible. */

/** A number of remaining steps. */
export class Budget {
  #remaining: number;
  readonly #whole: Budget | undefined;

  constructor(steps: number, whole?: Budget) {
    this.#remaining = steps;
    this.#whole = whole;
  }

  /** Returns a part of this budget: at most `most` steps, but `least` even if fewer remain. */
  slice(most: number, least: number): Budget {
    return new Budget(Math.max(least, Math.min(most, this.#remaining)), this);
  }

  /** @throws {BudgetExceeded} if the budget does not suffice. */
  spend(steps: number): void {
    this.#remaining -= steps;
    if (this.#whole !== undefined) this.#whole.#remaining -= steps;
    if (this.#remaining < 0) throw new BudgetExceeded();
  }
}

/** A search was given up because it took too many steps. */
export class BudgetExceeded extends Error {
  override name = "BudgetExceeded";
}
