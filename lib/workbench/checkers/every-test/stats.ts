/**
 * Counts completions, and checks that every kind of operation was `ok` at least once.
 *
 * @see Jepsen, `jepsen.checker/stats`, wrapped by `jepsen.tests.kafka/stats-checker`
 */
import { type History, isClientOperation, type Operation } from "../../history/history.ts";
import type { CheckOptions, Finding, Verdict } from "../checker.ts";
import { plural } from "../wording.ts";

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
}

/** Kinds of operation that need not ever be `ok`: kafka's `crash` always ends as `info`. */
const EXEMPT: ReadonlySet<string> = new Set(["crash", "debug-topic-partitions"]);

/** Whether no operation of this kind has to be `ok`. */
export function mayNeverBeOk(f: string): boolean {
  return EXEMPT.has(f);
}

/** Valid if every `f` that occurs was `ok` at least once, unless the options say that it need not be. */
export function checkStats(
  history: History,
  { mayNeverBeOk: isExempt = false }: CheckOptions = {},
): StatsVerdict {
  const completions = history.filter(
    (operation) => isClientOperation(operation) && operation.type !== "invoke",
  );
  const byF = [...Map.groupBy(completions, ({ f }) => f)].sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  const failing = byF.filter(([f, ofF]) => !isExempt && !mayNeverBeOk(f) && !ofF.some(isOk));
  return {
    ...countsOf(completions),
    byF: Object.fromEntries(byF.map(([f, ofF]) => [f, countsOf(ofF)])),
    valid: failing.length === 0,
    explanation: failing.map(([f, ofF]) => neverOk(f, ofF)),
  };
}

function countsOf(completions: readonly Operation[]): Counts {
  let okCount = 0;
  let failCount = 0;
  for (const { type } of completions) {
    if (type === "ok") okCount++;
    else if (type === "fail") failCount++;
  }
  return {
    count: completions.length,
    okCount,
    failCount,
    infoCount: completions.length - okCount - failCount,
    valid: okCount > 0,
  };
}

function isOk(operation: Operation): boolean {
  return operation.type === "ok";
}

function neverOk(f: string, completions: readonly Operation[]): Finding {
  const { count, failCount, infoCount } = countsOf(completions);
  return {
    anomaly: "never-ok",
    sentence:
      `none of ${plural(count, `${f} operation`)} was ok: ` +
      `${failCount} ended as fail, ${infoCount} as info`,
    operations: completions.slice(0, 1),
  };
}
