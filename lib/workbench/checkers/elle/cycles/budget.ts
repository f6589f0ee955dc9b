/** Bounds searches by counted work rather than by time, so that they end the same every time. */

/** A number of steps that may still be taken. */
export class Budget {
  #remaining: number;
  readonly #whole: Budget | undefined;

  constructor(steps: number, whole?: Budget) {
    this.#remaining = steps;
    this.#whole = whole;
  }

  /** A part of this budget: at most so many steps, yet some even where less is left. */
  portion(most: number, least: number): Budget {
    return new Budget(Math.max(least, Math.min(most, this.#remaining)), this);
  }

  /** @throws {BudgetExceeded} if nothing is left. */
  spend(steps: number): void {
    this.#remaining -= steps;
    if (this.#whole !== undefined) this.#whole.#remaining -= steps;
    if (this.#remaining < 0) throw new BudgetExceeded();
  }
}

/** Something was given up because it took too many steps. */
export class BudgetExceeded extends Error {
  override name = "BudgetExceeded";
}
