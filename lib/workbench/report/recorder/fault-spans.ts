/** Times during which faults were active, from the nemesis's operations. */
import type { FaultSpan, Ticks } from "./run-data.ts";

export class FaultSpans {
  readonly #spans: FaultSpan[] = [];
  readonly #active = new Map<string, { readonly from: Ticks; detail: string }>();

  /**
   * Adds a nemesis operation.
   *
   * @param f `"start-partition"`, `"stop-partition"` and the like; each has two history entries.
   */
  add(f: string, time: Ticks, detail: string): void {
    const [, verb, name = f] = /^(start|stop)-(.*)$/.exec(f) ?? [];
    const active = this.#active.get(name);
    if (verb === "start") {
      // The second entry holds the result, such as which links were cut.
      if (active !== undefined) active.detail = detail;
      else this.#active.set(name, { from: time, detail });
    } else if (active !== undefined) {
      this.#active.delete(name);
      this.#spans.push({ name, to: time, ...active });
    }
  }

  /** The spans; faults that are still active last until the end. */
  result(end: Ticks): readonly FaultSpan[] {
    const open = [...this.#active].map(([name, { from, detail }]) => ({
      ...{ name, from, to: end, detail },
    }));
    return [...this.#spans, ...open];
  }
}
