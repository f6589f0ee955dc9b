/** Reports the assertions of the program that failed during a simulation. */
import type { FailingAssertion, NodeId } from "../../../vortex/index.ts";
import { type History, pairs } from "../../history/history.ts";
import type { Finding, Verdict } from "../checker.ts";
import { EXAMPLES_PER_KIND, seconds, withMore } from "../wording.ts";

/** The first failure of an assertion on a node. */
export interface FailedAssertion {
  readonly kind: FailingAssertion;
  readonly name: string;
  readonly node: NodeId;
  /** Nanoseconds since the test's clock zero. */
  readonly time: number;
  /** The details as JSON; of an invariant, the event after which it did not hold. May be empty. */
  readonly circumstances: string;
}

export interface AssertionsVerdict extends Verdict {
  readonly valid: false;
  readonly failures: readonly FailedAssertion[];
}

/** Maximum number of operations of a finding. */
const MAX_OPERATIONS = 10;

/**
 * Makes the verdict; `undefined` without failures.
 *
 * @param failures In order of time.
 */
export function checkAssertions(
  failures: readonly FailedAssertion[],
  history: History,
): AssertionsVerdict | undefined {
  if (failures.length === 0) return undefined;
  const examples = failures.slice(0, EXAMPLES_PER_KIND).map((failure) => explain(failure, history));
  return { valid: false, failures, explanation: withMore(examples, failures.length) };
}

function explain(failure: FailedAssertion, history: History): Finding {
  return {
    anomaly: "failed-assertion",
    sentence: describeFailedAssertion(failure),
    operations: operationsDuring(failure, history),
  };
}

/** Describes a failure: `"the total is not negative" did not hold on n1 at 3.214 s: {"total":-1}`. */
export function describeFailedAssertion(failure: FailedAssertion): string {
  const { kind, name, node, time, circumstances } = failure;
  const verb = kind === "unreachable" ? "was reached" : "did not hold";
  const details = kind === "invariant" ? `, ${circumstances}` : `: ${circumstances}`;
  const when = time < 0 ? "while nodes started" : `at ${seconds(time)}`;
  return `"${name}" ${verb} on ${node} ${when}${circumstances === "" ? "" : details}`;
}

/** The operations that the node was asked for and had not completed. */
function operationsDuring({ node, time }: FailedAssertion, history: History) {
  return pairs(history)
    .filter(
      ({ invocation, completion }) =>
        invocation.node === node &&
        invocation.time <= time &&
        (completion === undefined || completion.time >= time),
    )
    .slice(-MAX_OPERATIONS)
    .map(({ invocation }) => invocation);
}
