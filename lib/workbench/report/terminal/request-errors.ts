/** Describes the requests that nodes answered with an error, or not at all. */
import { enumerate, plural } from "../../checkers/wording.ts";
import type { RequestErrors } from "../../run/request-errors.ts";

/** Maximum number of groups to list. */
const MAX_LISTED = 6;
/** Maximum number of nodes to name. */
const MAX_NODES = 4;

/** Facts about the run that the advice depends on. */
export interface ErrorContext {
  readonly workload: string;
  readonly valid: boolean | "unknown";
  /** Number of `ok` operations, of all and by operation, if known. */
  readonly okCount?: number | undefined;
  readonly okCountOf?: (f: string) => number | undefined;
  /** Nodes whose output was ignored from some time on. */
  readonly ignoredNodes?: readonly string[];
}

/** Lists the most frequent groups, one per line, with advice on how to fix the program. */
export function describeRequestErrors(
  groups: readonly RequestErrors[],
  context: ErrorContext,
): string[] {
  if (groups.length === 0) return [];
  const listed = groups.slice(0, MAX_LISTED);
  const more = groups.slice(MAX_LISTED);
  const moreCount = more.reduce((sum, { count }) => sum + count, 0);
  return [
    context.valid === true ? "Errors, which the verdict allows:" : "Errors:",
    ...listed.flatMap((group) => [
      `  ${describeGroup(group)}`,
      ...(isNeverAnswered(group, groups, context) ? logLines(group) : []),
    ]),
    ...(more.length === 0
      ? []
      : [`  and ${plural(more.length, "other error")}, ${plural(moreCount, "time")} in all`]),
    ...(context.valid === true ? [] : adviceOn(groups, context).map((text) => `  ${text}`)),
  ];
}

/** Describes a group: `n0 answered 9 × error 13 (crash) to echo: TypeError: ..., at echo.ts:6`. */
export function describeGroup(group: RequestErrors): string {
  const { kind, request, count, text, isVaried, location, timeoutMs } = group;
  const nodes = namesOf(group);
  const varied = isVaried ? " (the numbers in it vary)" : "";
  const at = location === undefined ? "" : `, at ${location}`;
  const said = text === "" ? "" : `: ${text.replaceAll(/\s*\n\s*/g, " ")}`;
  const reason = `${said}${varied}${at}`;
  switch (kind) {
    case "timeout": {
      const within = timeoutMs === undefined ? " in time" : ` within ${timeoutMs / 1000} s`;
      const faults = text === "" ? "" : `; faults at that time: ${text}`;
      return `${nodes} did not answer ${count} × ${request}${within}${faults}`;
    }
    case "error":
      return `${nodes} answered ${count} × ${describeCode(group)} to ${request}${reason}`;
    case "malformed-reply":
      return `${nodes} answered ${count} × malformed reply to ${request}${reason}`;
    case "exception":
      return `${count} × ${request} to ${nodes} failed${reason}`;
    default:
      throw new Error("Unexpected kind of error", { cause: kind satisfies never });
  }
}

/** The last lines that a node logged before the end, for requests that it did not answer. */
function logLines({ nodes, lastLog = [] }: RequestErrors): string[] {
  const [node] = Object.keys(nodes);
  if (node === undefined || lastLog.length === 0) return [];
  const lines = [`The last lines of the stderr of ${node}:`, ...lastLog.map((line) => `  ${line}`)];
  return lines.map((line) => `    ${line}`);
}

function describeCode({ code, name }: RequestErrors): string {
  if (name !== undefined && name !== "unknown") {
    return code === undefined ? `error "${name}"` : `error ${code} (${name})`;
  }
  if (code !== undefined) return `error ${code}`;
  return name === undefined ? "error without an integer code" : "error of unknown code";
}

/** Names the nodes, with their numbers of requests if there are several. */
function namesOf({ nodes }: RequestErrors): string {
  const entries = Object.entries(nodes).sort(([one], [other]) =>
    one.localeCompare(other, "en", { numeric: true }),
  );
  const [first] = entries;
  if (first === undefined) return "nodes";
  if (entries.length === 1) return first[0];
  const named = entries.slice(0, MAX_NODES).map(([node, count]) => `${node} (${count})`);
  const more = entries.length - named.length;
  if (more > 0) return `${named.join(", ")} and ${plural(more, "more node")}`;
  return `${named.slice(0, -1).join(", ")} and ${named.at(-1)}`;
}

function adviceOn(groups: readonly RequestErrors[], context: ErrorContext): string[] {
  const isNotSupported = ({ code }: RequestErrors) => code === NOT_SUPPORTED;
  // Workloads share types of requests, such as read, but not the replies.
  const isOther = (group: RequestErrors) =>
    isNotSupported(group) || group.kind === "malformed-reply";
  if (context.okCount === 0 && groups.some(isNotSupported) && groups.every(isOther)) {
    return [
      `The program handles no request of ${context.workload} correctly. If it was written for another workload, choose that with -w`,
    ];
  }
  const unanswered = groups.find((group) => isNeverAnswered(group, groups, context));
  if (unanswered === undefined) return [];
  const ignored = Object.keys(unanswered.nodes).filter((node) =>
    context.ignoredNodes?.includes(node),
  );
  if (ignored.length > 0) {
    return [`All output of ${enumerate(ignored, String)} was ignored after an invalid line`];
  }
  if (unanswered.text !== "") {
    return [
      `No ${unanswered.request} was ever answered. The faults may be the reason: run longer, with --time-limit, or with fewer faults`,
    ];
  }
  return [
    `No ${unanswered.request} was ever answered. A handler must reply to every request: look for a path without a reply, and for a promise that never settles`,
  ];
}

/** Whether a run that is not valid has no answer to these requests, not even an error. */
function isNeverAnswered(
  { kind, request }: RequestErrors,
  groups: readonly RequestErrors[],
  { valid, okCount, okCountOf }: ErrorContext,
): boolean {
  if (valid === true || kind !== "timeout") return false;
  if (okCount !== 0 && okCountOf?.(request) !== 0) return false;
  return groups.every((other) => other.kind === "timeout" || other.request !== request);
}

const NOT_SUPPORTED = 10;
