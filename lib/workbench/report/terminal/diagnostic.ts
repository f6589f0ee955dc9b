/** Diagnostics as text. */
import { type Diagnostic, type DiagnosticKind, HINTS } from "../../diagnostics/kinds.ts";

/** Describes a diagnostic: what is wrong, what the node sent and why, and how to fix the program. */
export function describeDiagnostic(diagnostic: Diagnostic): string {
  const { node, kind, reason, sent, received, ignored } = diagnostic;
  const context = REPLY_KINDS.has(kind) ? "in reply to     " : "after receiving ";
  return [
    `${node}, ${kind}: ${reason}`,
    `  it sent         ${sent}`,
    ...(received === undefined ? [] : [`  ${context}${received}`]),
    `  ${HINTS[kind]}.`,
    ...(ignored ? [`  As in Maelstrom, all later output of ${node} is ignored.`] : []),
  ].join("\n");
}

const REPLY_KINDS: ReadonlySet<DiagnosticKind> = new Set([
  "second-reply",
  "extra-field",
  "malformed-reply",
  "other-transaction",
]);
