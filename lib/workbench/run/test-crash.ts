import type { Crash } from "../clusters/cluster.ts";

/** A test that could not be carried out, so that no verdict exists: a node crashed or did not start. */
export class TestCrash extends Error {
  override readonly name = "TestCrash";
}

/**
 * Describes the crash of a node, with its last output.
 *
 * @param received The last messages that the node received.
 */
export function describeCrash(crash: Crash, received: readonly string[]): string {
  return [
    `Node ${crash.node} crashed with ${crash.status}: a node must run until it is killed`,
    ...lastMessagesAndLines(crash, received),
  ].join("\n");
}

/** Describes a node that exited instead of answering a request. */
export function describeExit(crash: Crash, request: string, received: readonly string[]): string {
  const { node, status, stderr } = crash;
  const exit = status.startsWith("exit ")
    ? `exited with ${status.slice("exit ".length)}`
    : `was ended by ${status}`;
  const reason = stderr.findLast((line) => line.trim() !== "");
  return [
    `${node} did not answer ${request}; it ${exit}${reason === undefined ? "" : `: ${reason}`}`,
    "A node must run until it is killed.",
    ...lastMessagesAndLines(crash, received),
  ].join("\n");
}

/** Number of lines of stdout to show: most are replies, and explain less than stderr. */
const STDOUT_LINES = 8;

function lastMessagesAndLines({ stderr, stdout }: Crash, received: readonly string[]): string[] {
  return [
    ...describeReceived(received),
    ...lastLines("stderr", stderr),
    ...lastLines("stdout", stdout.slice(-STDOUT_LINES)),
  ];
}

function describeReceived(received: readonly string[]): string[] {
  if (received.length === 0) return [];
  const which = received.length === 1 ? "message it received" : "messages it received";
  return [`The last ${which}:`, ...received];
}

/** Lists the last lines of a node's stderr, or states that it is empty. */
export function lastLines(name: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? [`Its ${name} is empty`]
    : [`The last lines of its ${name}:`, ...lines];
}
