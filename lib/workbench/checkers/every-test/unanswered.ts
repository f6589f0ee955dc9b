/**
 * Merges verdicts, excusing operations that got no answer because their node was killed or paused.
 *
 * In Maelstrom a test is invalid if an `f` was never `ok`. Maelstrom does not kill or pause nodes, so
 * the program is at fault. With such faults, all requests of an `f` may happen to go to nodes that are
 * down: a client waits 5 s for each answer, so in 20 s it sends four. Such a test is inconclusive,
 * and its verdict is `"unknown"`.
 */
import { type History, type Pair, pairs } from "../../history/history.ts";
import { type CheckOptions, mergeValidity, type Validity, type Verdict } from "../checker.ts";
import { enumerate, plural } from "../wording.ts";
import { type Downtime, downtimesOf, isDuring } from "./downtimes.ts";
import { isExempt } from "./stats.ts";

/** Verdicts on a history by name. `workload` and `stats` depend on `ok` operations. */
export interface Verdicts {
  readonly workload?: Verdict | undefined;
  readonly stats?: Verdict | undefined;
  readonly [name: string]: Verdict | undefined;
}

/** Present if no operation of some `f` could be answered. */
export interface UnansweredVerdict extends Verdict {
  readonly valid: "unknown";
  /** Number of operations for each such `f`. */
  readonly counts: { readonly [f: string]: number };
}

export interface MergedVerdict {
  /** Verdicts that are invalid only because of unanswered operations count as `"unknown"`. */
  readonly valid: Validity;
  readonly unanswered?: UnansweredVerdict;
}

/** Merges the verdicts on a history. */
export function mergeVerdicts(
  history: History,
  verdicts: Verdicts,
  options: CheckOptions = {},
): MergedVerdict {
  const all = pairs(history);
  const isAnyOk = all.some(isOk);
  const neverOk = neverOkIn(all, options);
  const downtimes = neverOk.length === 0 ? [] : downtimesOf(history);
  const unanswered = neverOk.filter(([, ofF]) =>
    ofF.every((pair) => isUnanswerable(pair, downtimes)),
  );
  const isExcused = (name: string) =>
    name === "stats"
      ? unanswered.length > 0 && unanswered.length === neverOk.length
      : name === "workload" && unanswered.length > 0 && !isAnyOk;
  const valid = mergeValidity(
    Object.entries(verdicts).map(([name, verdict]) =>
      isExcused(name) ? "unknown" : (verdict?.valid ?? true),
    ),
  );
  return unanswered.length === 0 ? { valid } : { valid, unanswered: verdictOn(unanswered) };
}

/** The operations of each `f` that was never `ok`. */
function neverOkIn(
  all: readonly Pair[],
  options: CheckOptions,
): (readonly [f: string, ofF: readonly Pair[]])[] {
  const wasOk = new Set<string>();
  for (const pair of all) if (isOk(pair)) wasOk.add(pair.invocation.f);
  const others = all.filter(({ invocation: { f } }) => !wasOk.has(f) && !isExempt(f, options));
  return [...Map.groupBy(others, ({ invocation }) => invocation.f)];
}

function isOk({ completion }: Pair): boolean {
  return completion?.type === "ok";
}

/** Whether an operation got no answer, and its node was down at some time in between. */
function isUnanswerable({ invocation, completion }: Pair, downtimes: readonly Downtime[]): boolean {
  if (completion !== undefined && completion.error !== "net-timeout") return false;
  return downtimes.some(
    (downtime) =>
      downtime.node === invocation.node && isDuring({ invocation, completion }, downtime),
  );
}

function verdictOn(
  unanswered: readonly (readonly [f: string, ofF: readonly Pair[]])[],
): UnansweredVerdict {
  const operations = enumerate(unanswered, ([f, ofF]) => plural(ofF.length, `${f} operation`));
  return {
    valid: "unknown",
    counts: Object.fromEntries(unanswered.map(([f, ofF]) => [f, ofF.length])),
    explanation: [
      {
        anomaly: "unanswered",
        sentence: `${operations} could not be answered because their nodes were killed or paused; the result is inconclusive`,
        operations: unanswered.flatMap(([, [first]]) => first?.invocation ?? []),
      },
    ],
  };
}
