import type { Crash } from "../clusters/cluster.ts";

/** A test that could not be carried out, so that no verdict exists: a node crashed or did not start. */
export class TestCrash extends Error {
  override readonly name = "TestCrash";
}

/**
 * Describes the crash of a node, with its last output.
 *
 * @param received The last message that the node received.
 */
export function describeCrash(
  { node, status, stdout, stderr }: Crash,
  received: string | undefined,
): string {
  return [
    `Node ${node} crashed with ${status}: a node must run until it is killed`,
    ...(received === undefined ? [] : ["The last message it received:", received]),
    ...lastLines("stderr", stderr),
    ...lastLines("stdout", stdout),
  ].join("\n");
}

function lastLines(name: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? [`Its ${name} is empty`]
    : [`The last lines of its ${name}:`, ...lines];
}
