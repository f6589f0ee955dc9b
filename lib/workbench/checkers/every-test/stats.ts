/**
 * Counts completions, and checks that every type of operation was `ok` at least once.
 *
 * @see Jepsen, `jepsen.checker/stats`, wrapped by `jepsen.tests.kafka/stats-checker`
 */
import { type History, isClientOperation, type Operation } from "../../history/history.ts";
import type { CheckOptions, Finding, Verdict } from "../checker.ts";
import { enumerate, plural } from "../wording.ts";

/** Completions of client operations: of all, or of one `f`. */
export interface Counts {
  readonly count: number;
  readonly okCount: number;
  readonly failCount: number;
  readonly infoCount: number;
  readonly valid: boolean;
}

export interface StatsVerdict extends Verdict, Counts {
  readonly valid: boolean;
  /** The same for each `f`, in alphabetical order. */
  readonly byF: { readonly [f: string]: Counts };
  /** The types of operation that were never `ok`, although they had to be; absent if empty. */
  readonly neverOk?: readonly string[];
}

/** Whether no operation of this type has to be `ok`. */
export function isExempt(f: string, { mayNeverBeOk = false }: CheckOptions): boolean {
  return typeof mayNeverBeOk === "boolean" ? mayNeverBeOk : mayNeverBeOk.includes(f);
}

/** Valid if every `f` that occurs was `ok` at least once, unless the options say that it need not be. */
export function checkStats(history: History, options: CheckOptions = {}): StatsVerdict {
  const all = new Counter();
  const counters = new Map<string, Counter>();
  // One pass without copies: histories have hundreds of thousands of operations.
  for (const operation of history) {
    if (operation.type === "invoke" || !isClientOperation(operation)) continue;
    let counter = counters.get(operation.f);
    if (counter === undefined) {
      counter = new Counter();
      counters.set(operation.f, counter);
    }
    counter.add(operation);
    all.add(operation);
  }
  const byF = [...counters].sort(([one], [other]) => (one < other ? -1 : 1));
  const failing = byF.filter(([f, { counts }]) => counts.okCount === 0 && !isExempt(f, options));
  return {
    ...all.counts,
    byF: Object.fromEntries(byF.map(([f, { counts }]) => [f, counts])),
    valid: failing.length === 0,
    ...(failing.length === 0 ? {} : { neverOk: failing.map(([f]) => f) }),
    explanation: failing.map(([f, counter]) => neverOk(f, counter)),
  };
}

/** Counts completions. */
class Counter {
  first: Operation | undefined;
  #count = 0;
  #okCount = 0;
  #failCount = 0;

  add(completion: Operation): void {
    this.first ??= completion;
    this.#count++;
    if (completion.type === "ok") this.#okCount++;
    else if (completion.type === "fail") this.#failCount++;
  }

  get counts(): Counts {
    const [count, okCount, failCount] = [this.#count, this.#okCount, this.#failCount];
    return {
      count,
      okCount,
      failCount,
      infoCount: count - okCount - failCount,
      valid: okCount > 0,
    };
  }
}

function neverOk(f: string, { first, counts }: Counter): Finding {
  const { count, failCount, infoCount } = counts;
  const failed = failCount > 0 ? [`${failCount} had no effect (fail)`] : [];
  const unknown = infoCount > 0 ? [`the effect of ${infoCount} is unknown (info)`] : [];
  return {
    anomaly: "never-ok",
    sentence:
      `none of ${plural(count, `${f} operation`)} was ok: ` +
      enumerate([...failed, ...unknown], (part) => part),
    operations: first === undefined ? [] : [first],
  };
}
