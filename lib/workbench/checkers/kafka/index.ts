/**
 * Judges a history of the kafka workload: append-only logs, sent to and polled by key.
 *
 * The rules are those of Jepsen 0.3.7's `jepsen.tests.kafka` for operations of one send or one poll
 * each. Its other kinds of error need several of them in one operation, or write-write
 * dependencies, which Maelstrom leaves off. So every kind that remains makes a history invalid.
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
  /** The kinds of error that were found, sorted. */
  readonly errorTypes: readonly string[];
  /** Those of them that make the history invalid. */
  readonly badErrorTypes: readonly string[];
  /** Kind -> number of errors; `unseen` has counts of its own. */
  readonly counts: Readonly<Record<string, number>>;
  /** Key -> number of messages that were acknowledged and never polled; only if there are any. */
  readonly unseen?: Readonly<Record<string, number>>;
  /** Seconds by which the worst poll was behind an offset that was known to exist. */
  readonly worstRealtimeLag: number;
}

/** Judges a history of the kafka workload. @throws {Error} where Jepsen's checker throws. */
export const checkKafka: Checker<KafkaVerdict> = (history) => {
  const analysis = analyse(history);
  const findings = new Findings();
  for (const log of analysis.logs.values()) {
    checkOffsets(log, findings);
    checkLost(log, findings);
  }
  checkPolls(analysis, findings);
  checkSends(analysis, findings);
  const unseen = checkUnseen(analysis, findings);
  if (!analysis.hasDependencies) {
    findings.add("empty-transaction-graph", () => ({
      sentence:
        "No poll returned a message, and no send or poll began after another had succeeded: " +
        "there is nothing to judge the order of messages by",
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
