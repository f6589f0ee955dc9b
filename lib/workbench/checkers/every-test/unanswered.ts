/**
 * Operations that nobody could answer, since their node was killed or paused at the time.
 *
 * A sort of operation that was never ok makes a test invalid in Maelstrom, which leaves nodes alone;
 * there it is the program's fault. Where nodes are killed and paused, clients may happen to ask dead
 * ones only: each waits 5 s for an answer, so in 20 s it asks four times. Such a test shows nothing,
 * neither for the program nor against it, so it is "unknown".
 */
import type { Json, NodeId } from "../../../vortex/index.ts";
import { type History, type Pair, pairs } from "../../history/history.ts";
import { mergeValidity, type Validity, type Verdict } from "../checker.ts";
import { enumerate, plural } from "../wording.ts";
import { mayNeverBeOk } from "./stats.ts";

/** What was judged of a history, by name; `workload` and `stats` depend on operations that are ok. */
export interface Verdicts {
  readonly workload?: Verdict | undefined;
  readonly stats?: Verdict | undefined;
  readonly [name: string]: Verdict | undefined;
}

/** Present where nobody could answer any operation of some sort. */
export interface UnansweredVerdict extends Verdict {
  readonly valid: "unknown";
  /** How many operations of each such sort there were. */
  readonly counts: { readonly [f: string]: number };
}

export interface MergedVerdict {
  /** What unanswerable operations alone made invalid counts as unknown. */
  readonly valid: Validity;
  readonly unanswered?: UnansweredVerdict;
}

/** Merges what was judged of a history. */
export function mergeVerdicts(history: History, verdicts: Verdicts): MergedVerdict {
  const all = pairs(history);
  const isAnyOk = all.some(isOk);
  const neverOk = [...Map.groupBy(all, ({ invocation }) => invocation.f)].filter(
    ([f, ofF]) => !mayNeverBeOk(f) && !ofF.some(isOk),
  );
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

function isOk({ completion }: Pair): boolean {
  return completion?.type === "ok";
}

/** When a node was down, as positions in the history: up before the one, and after the other. */
interface Downtime {
  readonly node: NodeId;
  readonly from: number;
  readonly until: number;
}

const DOWN: ReadonlySet<Json | undefined> = new Set(["killed", "paused"]);
const UP: ReadonlySet<Json | undefined> = new Set(["started", "resumed"]);

function downtimesOf(history: History): readonly Downtime[] {
  const changes = history.flatMap(({ process, f, index, value }) => {
    if (process !== "nemesis" || typeof value !== "object" || value === null) return [];
    const fault = f.replace(/^(?:start|stop)-/, "");
    return Object.entries(value).map(([node, did]) => ({ node, fault, index, did }));
  });
  return changes.flatMap(({ node, fault, index: from, did }) => {
    if (!DOWN.has(did)) return [];
    const end = changes.find(
      (one) => one.index > from && one.node === node && one.fault === fault && UP.has(one.did),
    );
    return { node, from, until: end?.index ?? Number.POSITIVE_INFINITY };
  });
}

/** Whether an operation got no answer, and its node was down meanwhile. */
function isUnanswerable({ invocation, completion }: Pair, downtimes: readonly Downtime[]): boolean {
  if (completion !== undefined && completion.error !== "net-timeout") return false;
  const end = completion?.index ?? Number.POSITIVE_INFINITY;
  return downtimes.some(
    ({ node, from, until }) => node === invocation.node && from < end && until > invocation.index,
  );
}

function verdictOn(
  unanswered: readonly (readonly [f: string, ofF: readonly Pair[]])[],
): UnansweredVerdict {
  const sorts = enumerate(unanswered, ([f, ofF]) => plural(ofF.length, `${f} operation`));
  return {
    valid: "unknown",
    counts: Object.fromEntries(unanswered.map(([f, ofF]) => [f, ofF.length])),
    explanation: [
      {
        anomaly: "unanswered",
        sentence: `${sorts} could not be answered because their nodes were killed or paused; the result is inconclusive`,
        operations: unanswered.flatMap(([, [first]]) => first?.invocation ?? []),
      },
    ],
  };
}
