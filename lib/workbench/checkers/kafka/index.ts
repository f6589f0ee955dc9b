/**
 * Checks histories of the kafka workload: append-only logs, sent to and polled by key.
 *
 * The rules are those of Jepsen 0.3.7's `jepsen.tests.kafka` for operations of a single send or
 * poll. Jepsen's other error types need several micro-operations per operation, or write-write
 * dependencies, which Maelstrom turns off. All remaining types make a history invalid.
 *
 * `analysis.ts` reads the history into logs (`log.ts`), each other file checks one kind of rule, and
 * `findings.ts` counts and describes the anomalies.
 *
 * @see https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/tests/kafka.clj
 */
import type { Checker, Verdict } from "../checker.ts";
import { analyse } from "./analysis.ts";
import { Findings } from "./findings.ts";
import { checkLost, checkUnseen } from "./missing.ts";
import { checkOffsets } from "./offsets.ts";
import { checkPolls } from "./polls.ts";
import { worstRealtimeLagNs } from "./realtime-lag.ts";
import { checkSends } from "./sends.ts";

export interface KafkaVerdict extends Verdict {
  /** The types of errors found, sorted. */
  readonly errorTypes: readonly string[];
  /** The types that make the history invalid. */
  readonly badErrorTypes: readonly string[];
  /** Type -> number of errors, without `unseen`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Key -> number of acknowledged messages that were never polled; absent if empty. */
  readonly unseen?: Readonly<Record<string, number>>;
  /** The longest time, in seconds, by which a poll was behind an offset known to exist. */
  readonly worstRealtimeLag: number;
}

/** Checks a history of the kafka workload. @throws {Error} where Jepsen's checker throws. */
export const checkKafka: Checker<KafkaVerdict> = (history, { mayNeverBeOk }) => {
  const analysis = analyse(history);
  const findings = new Findings();
  for (const log of analysis.logs.values()) {
    checkOffsets(log, findings);
    checkLost(log, findings);
  }
  checkPolls(analysis, findings);
  checkSends(analysis, findings);
  const unseen = checkUnseen(analysis, findings);
  if (!analysis.hasDependencies && mayNeverBeOk !== true) {
    findings.add("empty-transaction-graph", () => ({
      sentence:
        "no poll returned a message, and no send or poll started after another was ok, " +
        "so the order cannot be checked",
      operations: [],
    }));
  }

  const counts = findings.counts();
  const errorTypes = [...counts.keys()];
  return {
    valid: errorTypes.length === 0,
    errorTypes,
    badErrorTypes: errorTypes,
    counts: Object.fromEntries([...counts].filter(([anomaly]) => anomaly !== "unseen")),
    ...(unseen.size > 0 && { unseen: Object.fromEntries(unseen) }),
    worstRealtimeLag: worstRealtimeLagNs(analysis) / 1e9,
    explanation: findings.examples(),
  };
};
