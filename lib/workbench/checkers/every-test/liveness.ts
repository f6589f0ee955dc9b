/**
 * Checks that nodes make progress again once the faults have healed (`--liveness`).
 *
 * A history of errors and timeouts is safe, so other checkers accept it.
 */
import type { NodeId } from "../../../vortex/index.ts";
import type { History, Operation } from "../../history/history.ts";
import { type Finding, mergeValidity, type Validity, type Verdict } from "../checker.ts";
import { enumerate, plural, seconds } from "../wording.ts";

/** A type of operation, tried on a node again and again until it is answered or time is up. */
export interface Probe {
  /** The node; `undefined` if all nodes were asked in turn, because the workload chooses nodes. */
  readonly node: NodeId | undefined;
  readonly f: string;
  readonly attemptCount: number;
  /** Time to the answer in ms; absent if there was none. */
  readonly answeredMs?: number;
  /** The error of the last attempt; absent if it was not an error. */
  readonly error?: string;
}

export interface LivenessVerdict extends Verdict {
  /** Time in which every probe had to be answered, in seconds. */
  readonly limitS: number;
  readonly probes: readonly Probe[];
}

/** @param isHealed Whether all faults were over. If not, a missing answer proves nothing. */
export function checkLiveness(
  probes: readonly Probe[],
  { history, limitS, isHealed }: { history: History; limitS: number; isHealed: boolean },
): LivenessVerdict {
  const stuck = probes.filter(({ answeredMs }) => answeredMs === undefined);
  const isStuck = (f: string) =>
    probes.every((probe) => probe.f !== f || probe.answeredMs === undefined);
  const everywhere = [...Map.groupBy(stuck, ({ f }) => f)].filter(([f]) => isStuck(f));
  const byNode = Map.groupBy(
    stuck.filter(({ f }) => !isStuck(f)),
    ({ node }) => node,
  );
  const verdicts: Validity[] = stuck.map(() => (isHealed ? false : "unknown"));
  return {
    valid: mergeValidity(verdicts),
    limitS,
    probes,
    explanation: [
      ...everywhere.map(([f, ofF]) => explainStandstill(f, ofF, history, limitS)),
      ...[...byNode.values()].map((ofNode) => explainStuckNode(ofNode, history, limitS)),
    ],
  };
}

/** Explains an operation that no node carries out: no leader comes, or there is no quorum. */
function explainStandstill(
  f: string,
  probes: readonly Probe[],
  history: History,
  limitS: number,
): Finding {
  const attemptCount = probes.reduce((sum, probe) => sum + probe.attemptCount, 0);
  const last = lastOk(history, ({ f: other }) => other === f);
  return {
    anomaly: "no-progress",
    sentence: `no node answered ${f} within ${limitS} s of the recovery, in ${plural(attemptCount, "attempt")}: ${errorsOf(probes)}; ${since(last, f)}`,
    operations: last === undefined ? [] : [last],
  };
}

function explainStuckNode(probes: readonly Probe[], history: History, limitS: number): Finding {
  const node = probes[0]?.node ?? "";
  const operations = enumerate(probes, ({ f, attemptCount }) => `${f} (${attemptCount} ×)`);
  const isStuck = (f: string) => probes.some((probe) => probe.f === f);
  const last = lastOk(history, (operation) => operation.node === node && isStuck(operation.f));
  return {
    anomaly: "stuck-node",
    sentence: `${node} did not answer ${operations} within ${limitS} s of the recovery, other nodes did: ${errorsOf(probes)}; ${since(last, last?.f ?? "")}`,
    operations: last === undefined ? [] : [last],
  };
}

function errorsOf(probes: readonly Probe[]): string {
  const errors = new Set(probes.map(({ error = "no reply yet" }) => error));
  return enumerate([...errors], (error) => error, "; ");
}

function since(last: Operation | undefined, f: string): string {
  return last === undefined
    ? "none of them was ever ok"
    : `the last ${f} that was ok ended at ${seconds(last.time)}`;
}

function lastOk(
  history: History,
  isWanted: (operation: Operation) => boolean,
): Operation | undefined {
  return history.findLast((operation) => operation.type === "ok" && isWanted(operation));
}
