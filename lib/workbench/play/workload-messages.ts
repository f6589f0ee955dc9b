/**
 * What clients send in a workload, and what nodes reply: for readers who write a program for it.
 *
 * @see Maelstrom workloads, "RPC" of each
 */
import type { WorkloadName } from "../workloads/index.ts";

/** A request and its reply: their types, and the fields beside `type`, `msg_id` and `in_reply_to`. */
export interface RequestForm {
  readonly type: string;
  readonly fields: readonly string[];
  readonly reply: readonly string[];
}

const ADD_DELTA = { type: "add", fields: ["delta"], reply: [] };
const READ_VALUE = { type: "read", fields: [], reply: ["value"] };
const TXN = { type: "txn", fields: ["txn"], reply: ["txn"] };

/** The replies are named as the requests, with `_ok`. Nodes of the library reply to `topology` themselves. */
export const REQUESTS: Readonly<Record<WorkloadName, readonly RequestForm[]>> = {
  broadcast: [
    { type: "broadcast", fields: ["message"], reply: [] },
    { type: "read", fields: [], reply: ["messages"] },
  ],
  echo: [{ type: "echo", fields: ["echo"], reply: ["echo"] }],
  "g-counter": [ADD_DELTA, READ_VALUE],
  "g-set": [{ type: "add", fields: ["element"], reply: [] }, READ_VALUE],
  kafka: [
    { type: "send", fields: ["key", "msg"], reply: ["offset"] },
    { type: "poll", fields: ["offsets"], reply: ["msgs"] },
    { type: "commit_offsets", fields: ["offsets"], reply: [] },
    { type: "list_committed_offsets", fields: ["keys"], reply: ["offsets"] },
  ],
  "lin-kv": [
    { type: "read", fields: ["key"], reply: ["value"] },
    { type: "write", fields: ["key", "value"], reply: [] },
    { type: "cas", fields: ["key", "from", "to"], reply: [] },
  ],
  "pn-counter": [ADD_DELTA, READ_VALUE],
  "txn-list-append": [TXN],
  "txn-rw-register": [TXN],
  "unique-ids": [{ type: "generate", fields: [], reply: ["id"] }],
};
