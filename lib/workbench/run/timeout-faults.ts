/** Names the faults that kept nodes from answering, beside the requests that got no answer. */
import { isArray } from "../../protocol/json-key.ts";
import { isObject } from "../../protocol/message.ts";
import type { NodeId } from "../../vortex/index.ts";
import { downtimesOf, isDuring, type Span } from "../checkers/every-test/downtimes.ts";
import { enumerate, seconds } from "../checkers/wording.ts";
import { type History, nemesisOperations, type Pair, pairs } from "../history/history.ts";
import { compareNaturally } from "../natural-order.ts";
import { describeFault } from "../nemesis/describe-fault.ts";
import type { RequestErrors } from "./request-errors.ts";

/** Whether no reply came in time: an error of the protocol, or an exception, by the workload. */
export function isTimeout(error: unknown, thrown: string | undefined): boolean {
  return error === "net-timeout" || thrown === "NetTimeout";
}

/** Adds to each group of timeouts, as its text, the faults on its nodes at that time. */
export function withTimeoutFaults(
  groups: readonly RequestErrors[],
  history: History,
): readonly RequestErrors[] {
  if (groups.every(({ kind }) => kind !== "timeout")) return groups;
  const spans = faultSpansOf(history);
  if (spans.length === 0) return groups;
  return groups.map((group) =>
    group.kind === "timeout" ? { ...group, text: describeSpans(group, spans, history) } : group,
  );
}

/** A fault that keeps nodes from answering, or from reaching each other. */
interface FaultSpan extends Span {
  readonly nodes: ReadonlySet<NodeId>;
  /** Names the fault and the given nodes. */
  readonly describe: (nodes: readonly NodeId[]) => string;
}

/** Maximum number of faults to name. */
const MAX_NAMED = 3;

function describeSpans(
  { request, nodes }: RequestErrors,
  spans: readonly FaultSpan[],
  history: History,
): string {
  const timeouts = pairs(history).filter(
    ({ invocation: { node }, completion }) =>
      node !== undefined &&
      Object.hasOwn(nodes, node) &&
      isTimeout(completion?.error, completion?.exception?.class),
  );
  // The requests of some operations have another type.
  const ofRequest = timeouts.filter(({ invocation }) => invocation.f === request);
  const found = spans.flatMap((span) =>
    describeSpan(span, ofRequest.length > 0 ? ofRequest : timeouts, history),
  );
  const named = found.slice(0, MAX_NAMED);
  const more = found.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

/** Describes a fault if it was active during one of the timeouts on its nodes. */
function describeSpan(span: FaultSpan, timeouts: readonly Pair[], history: History): string[] {
  const affected = new Set(
    timeouts
      .filter(({ invocation: { node = "" } }) => span.nodes.has(node))
      .filter((pair) => isDuring(pair, span))
      .map(({ invocation: { node = "" } }) => node),
  );
  if (affected.size === 0) return [];
  const end = history[span.until]?.time;
  const until = end === undefined ? "on" : `to ${seconds(end)}`;
  const nodes = [...affected].sort(compareNaturally);
  return [`${span.describe(nodes)} from ${seconds(history[span.from]?.time ?? 0)} ${until}`];
}

function faultSpansOf(history: History): readonly FaultSpan[] {
  const spans = [...downtimeSpans(history), ...cutSpans(history)];
  return spans.sort((one, other) => one.from - other.from);
}

/** Nodes that went down and came up together share a span. */
function downtimeSpans(history: History): FaultSpan[] {
  const alike = Map.groupBy(downtimesOf(history), ({ from, until, how }) =>
    [from, until, how].join(" "),
  );
  return [...alike.values()].flatMap((downtimes) =>
    downtimes.slice(0, 1).map(({ from, until, how }) => ({
      from,
      until,
      nodes: new Set(downtimes.map(({ node }) => node)),
      describe: (nodes) => `${enumerate(nodes, (node) => node, " ")} ${how}`,
    })),
  );
}

function cutSpans(history: History): FaultSpan[] {
  const operations = nemesisOperations(history);
  return operations.flatMap(({ f, index: from, value }): FaultSpan[] => {
    const [name, grudge] = isArray(value) ? value : [];
    if (name !== "isolated" || !isObject(grudge)) return [];
    const fault = f.replace(/^start-/, "");
    const stop = operations.find((one) => one.index > from && one.f === `stop-${fault}`);
    const sources = Object.values(grudge).flatMap((each) =>
      isArray(each) ? each.map(String) : [],
    );
    return [
      {
        from,
        until: stop?.index ?? Number.POSITIVE_INFINITY,
        nodes: new Set([...Object.keys(grudge), ...sources]),
        describe: () => `${fault} ${describeFault(value)}`,
      },
    ];
  });
}
