/** Wakes all who wait for something to change. */
export class Signal {
  #next = Promise.withResolvers<void>();

  /** Resolves when {@link fire} is called next. */
  get fired(): Promise<void> {
    return this.#next.promise;
  }

  fire(): void {
    this.#next.resolve();
    this.#next = Promise.withResolvers();
  }
}
