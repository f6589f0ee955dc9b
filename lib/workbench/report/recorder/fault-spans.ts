/** Times during which faults were active, from the nemesis's operations. */
import type { FaultSpan, Ticks } from "./run-data.ts";

export class FaultSpans {
  #spans: FaultSpan[] = [];
  readonly #active = new Map<string, { readonly from: Ticks; detail: string }>();

  /**
   * Adds a nemesis operation.
   *
   * @param f `"start-partition"`, `"stop-partition"` and the like; each has two history entries. Other
   *   operations, such as `"add-member"`, are spans of their own, between their two entries.
   * @param isFailed Whether the operation has failed: a fault goes on when its stop has.
   */
  add(f: string, time: Ticks, detail: string, isFailed = false): void {
    const [, verb, name = f] = /^(start|stop)-(.*)$/.exec(f) ?? [];
    const active = this.#active.get(name);
    if (verb === "stop" && isFailed) {
      this.#reopen(name, detail);
    } else if (verb === "start" || (verb === undefined && active === undefined)) {
      // The second entry holds the result, such as which links were cut.
      if (active !== undefined) active.detail = detail;
      else this.#active.set(name, { from: time, detail });
    } else if (active !== undefined) {
      this.#active.delete(name);
      const last = verb === undefined ? { from: active.from, detail } : active;
      this.#spans.push({ name, to: time, ...last });
    }
  }

  /** The spans; faults that are still active last until the end. */
  result(end: Ticks): readonly FaultSpan[] {
    const open = [...this.#active].map(([name, { from, detail }]) => ({
      ...{ name, from, to: end, detail },
    }));
    return [...this.#spans, ...open];
  }

  /** Continues the last span of a fault, which seemed to end when its stop was invoked. */
  #reopen(name: string, detail: string): void {
    const last = this.#spans.findLast((span) => span.name === name);
    if (last === undefined) return;
    this.#spans = this.#spans.filter((span) => span !== last);
    this.#active.set(name, { from: last.from, detail: `${last.detail}; stop ${detail}` });
  }
}
