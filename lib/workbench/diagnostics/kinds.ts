import type { NodeId } from "../../vortex/index.ts";

/** Kinds of diagnostics, each with a hint on how to fix the program. */
export const HINTS = {
  "debug-line": "Only messages may go to stdout; print remarks to stderr",
  "missing-newline": 'A message ends with a line break: print one after each, "\\n"',
  "malformed-message":
    'A message is one JSON object on a line of its own: {"src": ..., "dest": ..., "body": {...}}',
  "unknown-dest": "node_ids in init names all nodes; replies go to the request's src",
  "unknown-src": "src is the name that init gave the node, its node_id",
  "late-reply": "A client leaves once its request has timed out; reply sooner",
  "second-reply": "Send one reply per request; clients drop any other",
  "unmatched-reply":
    'in_reply_to is the msg_id of the request, the same integer: 1, not 1.0 or "1". Clients drop other messages',
  "error-code":
    "The code of an error is an integer. Without one the outcome of the operation is unknown",
  "extra-field":
    "Send the fields of the reply's type and no others, or the outcome of the operation is unknown",
  "malformed-reply":
    "Send the fields that the workload expects, or the outcome of the operation is unknown",
  "malformed-request": "Send the fields that the workload's handler of this message expects",
  "other-transaction":
    "txn_ok has the operations of the request, in their order; only the values of reads are filled in",
} as const;

export type DiagnosticKind = keyof typeof HINTS;

/** A problem in one node's output: its first occurrence, and how often it occurred. */
export interface Diagnostic {
  readonly node: NodeId;
  readonly kind: DiagnosticKind;
  /** The problem of the output. */
  readonly reason: string;
  /** The line that the node sent; cut if it is long. */
  readonly sent: string;
  /** The request that this answered, or else the last message that the node received. */
  readonly received?: string;
  /** Whether all later output of the node is ignored. */
  readonly ignored?: true;
  readonly count: number;
}
