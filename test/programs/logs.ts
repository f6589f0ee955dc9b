/** Append-only logs by key, and the committed offsets of consumers, as a state machine. */
import * as v from "valibot";
import { type Machine, operation } from "./machine.ts";

const Offset = v.number();
const Offsets = v.record(v.string(), Offset);
const Send = v.object({ key: v.string(), msg: v.number() });
const Poll = v.object({ offsets: Offsets });
const CommitOffsets = v.object({ offsets: Offsets });
const ListCommittedOffsets = v.object({ keys: v.array(v.string()) });

/** Messages with their offsets, in order. */
export type Entries = readonly (readonly [offset: number, message: number])[];

export function logs(
  messages = new Map<string, number[]>(),
  {
    read = entriesFrom,
  }: { readonly read?: (log: readonly number[], offset: number) => Entries } = {},
) {
  const committed = new Map<string, number>();
  return {
    send: operation(Send, ({ key, msg }) => {
      const log = messages.get(key) ?? [];
      messages.set(key, log);
      return { type: "send_ok", offset: log.push(msg) - 1 };
    }),
    poll: operation(Poll, ({ offsets }) => {
      const polled = Object.entries(offsets).map(
        ([key, offset]) => [key, read(messages.get(key) ?? [], offset)] as const,
      );
      const msgs = Object.fromEntries(polled.filter(([, entries]) => entries.length > 0));
      return { type: "poll_ok", msgs };
    }),
    commit_offsets: operation(CommitOffsets, ({ offsets }) => {
      for (const [key, offset] of Object.entries(offsets)) {
        committed.set(key, Math.max(offset, committed.get(key) ?? 0));
      }
      return { type: "commit_offsets_ok" };
    }),
    list_committed_offsets: operation(ListCommittedOffsets, ({ keys }) => {
      const offsets = new Map(
        keys.flatMap((key) => {
          const offset = committed.get(key);
          return offset === undefined ? [] : [[key, offset] as const];
        }),
      );
      return { type: "list_committed_offsets_ok", offsets: Object.fromEntries(offsets) };
    }),
  } satisfies Machine;
}

/** Entries of a log from an offset on. */
export function entriesFrom(log: readonly number[], offset: number): Entries {
  return log.slice(offset).map((message, index) => [offset + index, message]);
}
