/** Describes the signs that a valid verdict proves little. */
import { plural, seconds } from "../../checkers/wording.ts";
import type { Warning } from "../../run/warnings.ts";

/** Describes a warning in one line: what happened, and what to change. */
export function describeWarning(warning: Warning): string {
  switch (warning.kind) {
    case "low-rate":
      return `only ${warning.ran} of the ${plural(warning.asked, "operation")} that --rate asks for ran: clients wait for each answer. Use more clients (--concurrency), or look for slow answers`;
    case "few-operations":
      return `only ${plural(warning.okCount, "operation")} succeeded, too few to prove much. Raise --rate or --time-limit`;
    case "fault-without-effect":
      return describeFault(warning);
    case "logged-assertion":
      return `${warning.node} logged a failed assertion: ${warning.text}`;
    case "not-healed":
      return `${warning.fault} could not be healed (${warning.reason}), so it was active during the final operations`;
    case "node-stopped-answering": {
      const { node, lastAnswer, unansweredCount } = warning;
      const requests = plural(unansweredCount, "request");
      return lastAnswer === undefined
        ? `${node} answered none of its ${requests}`
        : `${node} stopped answering at ${seconds(lastAnswer)}: ${requests} after that got no reply`;
    }
    case "rarely-ok": {
      const { f, okCount, count } = warning;
      return `only ${okCount} of ${plural(count, `${f} operation`)} succeeded`;
    }
    default:
      throw new Error("Unexpected warning", { cause: warning satisfies never });
  }
}

function describeFault({
  fault,
  reason,
  nodeCount,
}: Extract<Warning, { readonly kind: "fault-without-effect" }>): string {
  const nodes = plural(nodeCount, "node");
  switch (reason) {
    case "separated-no-nodes":
      return nodeCount === 1
        ? `${fault} separated no nodes: the test has only one. Use a higher --node-count`
        : `${fault} separated no nodes: with ${nodes}, some partitions cut no link. Use a higher --node-count, a shorter --nemesis-interval, or another --seed`;
    case "hit-no-message":
      return fault === "partition" || fault === "one-way-partition"
        ? `${fault} dropped no message: nodes sent none over the links that it cut. Use a longer --time-limit, or another --seed`
        : `${fault} affected no message: nodes sent each other none while it was active`;
    case "hit-no-node":
      return nodeCount < 3
        ? `${fault} hit no node: with ${nodes}, it sometimes selects none. Use a higher --node-count, a shorter --nemesis-interval, or another --seed`
        : `${fault} hit no node: those it selected were down. Use a shorter --nemesis-interval, or another --seed`;
    case "hit-no-sync":
      return `${fault} affected no sync: nodes synced nothing to their disks while it was active`;
    case "did-nothing":
      return `${fault} did nothing: it found no node to affect, or its requests failed. Use a longer --time-limit or a shorter --nemesis-interval, or look at its operations in the history`;
    default:
      throw new Error("Unexpected reason", { cause: reason satisfies never });
  }
}

/** Lists the warnings, one per line. */
export function warningLines(warnings: readonly Warning[] = []): string[] {
  return warnings.map((warning) => `warning: ${describeWarning(warning)}`);
}
