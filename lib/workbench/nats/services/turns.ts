/** Lets requests for one key take turns, in the order of their arrival. */
export class Turns {
  /** Key -> the last of its requests; a key without requests has no entry. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Runs a function after the earlier ones for the key have ended. */
  async take<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = before === undefined ? run() : before.then(run, run);
    this.#last.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    }
  }
}
