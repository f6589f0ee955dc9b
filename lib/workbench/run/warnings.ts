/**
 * Finds the signs that a valid verdict proves little.
 *
 * The thresholds are conservative: a sound program does not cause a warning in the official stages.
 * `docs/workbench.md` lists them.
 */
import * as v from "valibot";
import type { CheckOptions } from "../checkers/checker.ts";
import { downtimesOf, isDuring } from "../checkers/every-test/downtimes.ts";
import { isExempt } from "../checkers/every-test/stats.ts";
import {
  type History,
  nemesisOperations,
  type Operation,
  type Pair,
  pairs,
} from "../history/history.ts";
import { type FaultCounts, isFault } from "../nemesis/faults.ts";
import type { TestOptions } from "./test-options.ts";
import { isTimeout } from "./timeout-faults.ts";

export const Warning = v.variant("kind", [
  /** The main phase had far fewer operations than `--rate` asks for. */
  v.object({ kind: v.literal("low-rate"), asked: v.number(), ran: v.number() }),
  /** A requested fault separated no nodes, or affected no message or node. */
  v.object({
    kind: v.literal("fault-without-effect"),
    fault: v.string(),
    reason: v.picklist([
      "separated-no-nodes",
      "hit-no-message",
      "hit-no-node",
      "hit-no-sync",
      "did-nothing",
    ]),
    nodeCount: v.number(),
  }),
  /** A fault was active during the final operations: its nemesis could not stop it. */
  v.object({ kind: v.literal("not-healed"), fault: v.string(), reason: v.string() }),
  /** A node of this library logged that an assertion of its program failed. Processes only. */
  v.object({ kind: v.literal("logged-assertion"), node: v.string(), text: v.string() }),
  /** So few operations were `ok` that a wrong program may pass. */
  v.object({ kind: v.literal("few-operations"), okCount: v.number() }),
  /** From some time on a node answered no request, although no fault kept it from answering. */
  v.object({
    kind: v.literal("node-stopped-answering"),
    node: v.string(),
    /** Time of its last answer in ns; absent if it never answered. */
    lastAnswer: v.exactOptional(v.number()),
    unansweredCount: v.number(),
  }),
  /** Hardly any operation of a type was `ok`. */
  v.object({
    kind: v.literal("rarely-ok"),
    f: v.string(),
    okCount: v.number(),
    count: v.number(),
  }),
]);
export type Warning = v.InferOutput<typeof Warning>;
type Ineffective = Extract<Warning, { readonly kind: "fault-without-effect" }>;

/**
 * Fraction of the asked operations below which the rate is low. A machine with a load of 17 on two
 * cores ran half of stage 3e's.
 */
const LOW_RATE = 0.25;
/** The same for tests that kill or pause nodes: clients wait 5 s for each node that is down. */
const LOW_RATE_WITH_DOWNTIME = 0.02;
/** The same for tests of many operations, which prove much, and which a slow machine limits. */
const LOW_RATE_OF_MANY = 0.05;
const MANY_OPERATIONS = 500;
/** Fewer asked operations vary too much: the times of operations are random. */
const LOW_RATE_MIN_ASKED = 20;
/** Number of `ok` operations below which a run proves little. */
const FEW_OPERATIONS = 10;
/** Fraction of `ok` operations of a type below which it is rarely ok, and their least number. */
const RARELY_OK = { fraction: 0.1, minCount: 10 } as const;
/** Errors by which a node answers correctly: a cas that finds another value, a key without one. */
const EXPECTED_ERRORS: ReadonlySet<unknown> = new Set([
  "key-does-not-exist",
  "key-already-exists",
  "precondition-failed",
]);

/** The record of a valid test. */
export interface WarningEvidence {
  readonly options: Pick<TestOptions, "nodeIds" | "rate" | "timeLimitS" | "nemesis">;
  readonly history: History;
  /** Types of operation that may never be `ok`. */
  readonly mayNeverBeOk?: boolean | readonly string[];
  /** How often each fault took effect. */
  readonly faults: FaultCounts;
  /** Number of messages that nodes sent each other. */
  readonly messagesBetweenNodes: number;
}

/** Finds the warnings of a valid test. */
export function warningsOf(evidence: WarningEvidence): readonly Warning[] {
  const all = pairs(evidence.history);
  return [
    ...lowRate(evidence, all),
    ...faultsWithoutEffect(evidence),
    ...fewOperations(all),
    ...nodesThatStopped(evidence, all),
    ...rarelyOk(all, evidence),
  ];
}

function lowRate({ options, history }: WarningEvidence, all: readonly Pair[]): Warning[] {
  const { rate, timeLimitS, nemesis } = options;
  const asked = Math.round(rate * timeLimitS);
  let ran = 0;
  for (const { invocation } of all) if (invocation.time < timeLimitS * 1e9) ran++;
  const hasDowntime =
    nemesis.includes("kill") || nemesis.includes("pause") || downtimesOf(history).length > 0;
  const least = hasDowntime
    ? LOW_RATE_WITH_DOWNTIME
    : ran < MANY_OPERATIONS
      ? LOW_RATE
      : LOW_RATE_OF_MANY;
  return asked >= LOW_RATE_MIN_ASKED && ran < asked * least
    ? [{ kind: "low-rate", asked, ran }]
    : [];
}

function faultsWithoutEffect({
  options,
  history,
  faults,
  messagesBetweenNodes,
}: WarningEvidence): Warning[] {
  const nodeCount = options.nodeIds.length;
  const own = Object.keys(faults).filter((name) => !isFault(name));
  return [...options.nemesis.filter(isFault), ...own].flatMap((fault): Warning[] => {
    const warn = (reason: Ineffective["reason"]): Warning[] => [
      { kind: "fault-without-effect", fault, reason, nodeCount },
    ];
    if (!isFault(fault)) return faults[fault] === 0 ? warn("did-nothing") : [];
    if (fault === "kill" || fault === "pause")
      return faults[fault] === 0 ? warn("hit-no-node") : [];
    if (fault === "disk") return faults[fault] === 0 ? warn("hit-no-sync") : [];
    if (fault !== "partition" && fault !== "one-way-partition") {
      return faults[fault] === 0 ? warn("hit-no-message") : [];
    }
    if (!hasSeparated(history, fault)) return warn("separated-no-nodes");
    // Nodes that never talk to each other are separated all the same.
    return faults[fault] === 0 && messagesBetweenNodes > 0 ? warn("hit-no-message") : [];
  });
}

/** Whether any start of a partition cut a link: its value is `["isolated", {node: [refused, ...]}]`. */
function hasSeparated(history: History, fault: string): boolean {
  return history.some(({ process, f, value }) => {
    if (process !== "nemesis" || f !== `start-${fault}` || !Array.isArray(value)) return false;
    const [, grudge] = value;
    return (
      typeof grudge === "object" &&
      grudge !== null &&
      Object.values(grudge).some((refused) => Array.isArray(refused) && refused.length > 0)
    );
  });
}

function fewOperations(all: readonly Pair[]): Warning[] {
  let okCount = 0;
  for (const pair of all) {
    if (isOk(pair)) okCount++;
    if (okCount >= FEW_OPERATIONS) break;
  }
  return okCount < FEW_OPERATIONS ? [{ kind: "few-operations", okCount }] : [];
}

function nodesThatStopped({ options, history }: WarningEvidence, all: readonly Pair[]): Warning[] {
  const faultSpans = faultSpansOf(history);
  const downtimes = downtimesOf(history);
  const lastAnswers = new Map<Operation["node"], number>();
  const timeouts: Pair[] = [];
  for (const pair of all) {
    const { invocation, completion } = pair;
    if (completion === undefined) continue;
    const { node } = invocation;
    if (isTimeout(completion.error, completion.exception?.class)) timeouts.push(pair);
    else lastAnswers.set(node, Math.max(lastAnswers.get(node) ?? -1, completion.index));
  }
  return options.nodeIds.flatMap((node): Warning[] => {
    const lastAnswer = lastAnswers.get(node) ?? -1;
    const excused = [...faultSpans, ...downtimes.filter((one) => one.node === node)];
    const unanswered = timeouts.filter(
      ({ invocation, completion }) =>
        invocation.node === node &&
        invocation.index > lastAnswer &&
        !excused.some((span) => isDuring({ invocation, completion }, span)),
    );
    if (unanswered.length === 0) return [];
    const answer = history[lastAnswer];
    return [
      {
        kind: "node-stopped-answering",
        node,
        ...(answer === undefined ? {} : { lastAnswer: answer.time }),
        unansweredCount: unanswered.length,
      },
    ];
  });
}

/** The spans of faults that keep nodes from each other, as indexes of the history. */
function faultSpansOf(history: History): { readonly from: number; readonly until: number }[] {
  const changes = nemesisOperations(history).flatMap(({ f, index }) => {
    const [, change, fault] = /^(start|stop)-(.*)$/.exec(f) ?? [];
    return fault === undefined ? [] : [{ change, fault, index }];
  });
  return changes.flatMap(({ change, fault, index: from }) => {
    if (change !== "start") return [];
    // The second entry of a stop is its completion.
    const [, stop] = changes.filter(
      (one) => one.index > from && one.change === "stop" && one.fault === fault,
    );
    return [{ from, until: stop?.index ?? Number.POSITIVE_INFINITY }];
  });
}

function rarelyOk(all: readonly Pair[], options: CheckOptions): Warning[] {
  const counts = new Map<string, { count: number; okCount: number }>();
  for (const pair of all) {
    if (isExpectedError(pair.completion?.error)) continue;
    const ofF = counts.getOrInsertComputed(pair.invocation.f, () => ({ count: 0, okCount: 0 }));
    ofF.count++;
    if (isOk(pair)) ofF.okCount++;
  }
  return [...counts].flatMap(([f, { count, okCount }]): Warning[] => {
    const { minCount, fraction } = RARELY_OK;
    if (isExempt(f, options) || count < minCount || okCount >= count * fraction) return [];
    return [{ kind: "rarely-ok", f, okCount, count }];
  });
}

function isExpectedError(error: unknown): boolean {
  return Array.isArray(error) && EXPECTED_ERRORS.has(error[0]);
}

function isOk({ completion }: Pair): boolean {
  return completion?.type === "ok";
}
