/** Broken programs for kafka. */
import type { Node } from "../../lib/vortex/index.ts";
import { byLeader } from "../programs/leader.ts";
import { type Entries, entriesFrom, logs } from "../programs/logs.ts";
import { operation } from "../programs/machine.ts";
import { type BrokenCase, CALM, LOSSY, PARTITIONED } from "./case.ts";
import { every, withReplies } from "./intercept.ts";
import { DEFINITE_ERROR_ON_TIMEOUT, RETRIES_WITH_NEW_ID, SEPARATE_COPIES } from "./leader-bugs.ts";

const correct = byLeader(logs);

/** Logs with another way to read an offset. */
const polling = (read: (log: readonly number[], offset: number) => Entries) =>
  byLeader(() => logs(new Map(), { read }));

/** Logs that acknowledge a message without storing it; `scheduleStore` may store it later. */
function unreliable(scheduleStore: (offset: number, store: () => void) => void) {
  const messages = new Map<string, number[]>();
  const correctLogs = logs(messages, {
    read: (log, offset) => entriesFrom(log, offset).filter(([, message]) => message !== undefined),
  });
  return {
    ...correctLogs,
    send: operation(correctLogs.send.schema, ({ key, msg }) => {
      const reply = correctLogs.send.apply({ key, msg });
      const log = messages.get(key) ?? [];
      delete log[reply.offset];
      scheduleStore(reply.offset, () => {
        log[reply.offset] = msg;
      });
      return reply;
    }),
  };
}

/** Logs that remove every 20th message again, so that the next message gets the same offset. */
function forgetful() {
  const messages = new Map<string, number[]>();
  const correctLogs = logs(messages);
  const isRemoved = every(20);
  return {
    ...correctLogs,
    send: operation(correctLogs.send.schema, (body) => {
      const reply = correctLogs.send.apply(body);
      if (isRemoved()) messages.get(body.key)?.pop();
      return reply;
    }),
  };
}

/** Logs whose offsets count down from 1,000,000. */
function downward() {
  const correctLogs = logs();
  const offsetOf = (index: number) => 1_000_000 - index;
  return {
    ...correctLogs,
    send: operation(correctLogs.send.schema, (body) => {
      const { offset } = correctLogs.send.apply(body);
      return { type: "send_ok", offset: offsetOf(offset) };
    }),
    poll: operation(correctLogs.poll.schema, ({ offsets }) => {
      const everything = Object.fromEntries(Object.keys(offsets).map((key) => [key, 0]));
      const { msgs } = correctLogs.poll.apply({ offsets: everything });
      const turned = Object.entries(msgs).map(([key, entries]) => [
        key,
        entries
          .map(([index, message]) => [offsetOf(index), message] as const)
          .filter(([offset]) => offset >= (offsets[key] ?? 0))
          .toReversed(),
      ]);
      return { type: "poll_ok", msgs: Object.fromEntries(turned) };
    }),
  };
}

/** A program whose polls return messages in another form. */
function polledAs(form: (key: string, offset: number, message: number) => readonly unknown[]) {
  return withReplies(correct, "poll_ok", () => (body) => {
    // Cast: replies of the correct program have this shape.
    const msgs = Object.entries(body["msgs"] as { readonly [key: string]: Entries });
    const formed = msgs.map(([key, entries]) => [
      key,
      entries.map(([offset, message]) => form(key, offset, message)),
    ]);
    return { ...body, msgs: Object.fromEntries(formed) };
  });
}

export const BROKEN_KAFKA: readonly BrokenCase[] = [
  {
    bug: "polls from one offset too late",
    workload: "kafka",
    program: polling((log, offset) => entriesFrom(log, offset + 1)),
    options: CALM,
    shows: "poll-skip",
    withinSeeds: 1,
  },
  {
    bug: "polls from one offset too early",
    workload: "kafka",
    // A consumer receives a message again, so its offsets go back between polls.
    program: polling((log, offset) => entriesFrom(log, Math.max(0, offset - 1))),
    options: CALM,
    shows: "nonmonotonic-poll",
    withinSeeds: 1,
  },
  {
    bug: "skips every tenth offset within a poll",
    workload: "kafka",
    program: polling((log, offset) =>
      entriesFrom(log, offset).filter(([offset]) => offset % 10 !== 5),
    ),
    options: CALM,
    shows: "int-poll-skip",
    withinSeeds: 1,
  },
  {
    bug: "returns the latest messages first",
    workload: "kafka",
    program: polling((log, offset) => entriesFrom(log, offset).toReversed()),
    options: CALM,
    shows: "int-nonmonotonic-poll",
    withinSeeds: 1,
  },
  {
    bug: "never returns the last message of a log",
    workload: "kafka",
    // The final polls miss an acknowledged message.
    program: polling((log, offset) => entriesFrom(log, offset).slice(0, -1)),
    options: CALM,
    shows: "unseen",
    withinSeeds: 1,
  },
  {
    bug: "reuses the offset of every 20th message",
    workload: "kafka",
    // The next message gets the same offset and replaces it.
    program: byLeader(forgetful),
    options: CALM,
    shows: "inconsistent-offsets",
    withinSeeds: 1,
  },
  {
    bug: "keeps separate logs on each node",
    workload: "kafka",
    // Each node assigns the same offsets to different messages.
    program: byLeader(logs, SEPARATE_COPIES),
    options: CALM,
    shows: "inconsistent-offsets",
    withinSeeds: 1,
  },
  {
    bug: "assigns decreasing offsets",
    workload: "kafka",
    program: byLeader(downward),
    options: CALM,
    shows: "nonmonotonic-send",
    withinSeeds: 1,
  },
  {
    bug: "retries a send with a new request id",
    workload: "kafka",
    // The leader appends the message twice.
    program: byLeader(logs, RETRIES_WITH_NEW_ID),
    options: LOSSY,
    shows: "duplicate",
    withinSeeds: 2,
  },
  {
    bug: "replies with a definite error when the leader times out",
    workload: "kafka",
    // The message of a "failed" send may be in the log, where polls read it.
    program: byLeader(logs, DEFINITE_ERROR_ON_TIMEOUT),
    options: LOSSY,
    shows: "G1a",
    withinSeeds: 2,
  },
  {
    bug: "makes up an offset while the leader is unreachable",
    workload: "kafka",
    // The send is acknowledged, but its message is in no log.
    program: byLeader(logs, {
      onTimeout: (_machine, { type }) =>
        type === "send" ? { type: "send_ok", offset: 1_000_000 } : undefined,
    }),
    options: PARTITIONED,
    shows: "unseen",
    withinSeeds: 3,
  },
  {
    bug: "acknowledges every tenth message without storing it",
    workload: "kafka",
    // Polls return later messages of the log but never this one.
    program: byLeader(() => unreliable((offset, store) => offset % 10 !== 5 && store())),
    options: CALM,
    shows: "lost-write",
    withinSeeds: 1,
  },
  {
    bug: "stores messages after it has acknowledged them",
    workload: "kafka",
    // Messages appear out of order: a poll returns a later offset before an earlier one is stored.
    program: (node: Node) =>
      byLeader(() => unreliable((_, store) => void node.after(node.random() * 500, store)))(node),
    options: CALM,
    shows: "int-poll-skip",
    withinSeeds: 1,
  },
  {
    bug: "returns one message per poll",
    workload: "kafka",
    // Consumers never catch up, so final polls miss acknowledged messages.
    program: polling((log, offset) => entriesFrom(log, offset).slice(0, 1)),
    options: { ...CALM, rate: 200, keyCount: 1, maxWritesPerKey: 1000 },
    shows: "unseen",
    withinSeeds: 1,
  },
  {
    bug: "returns messages as strings",
    workload: "kafka",
    // The checker cannot compare them with the numbers that were sent.
    program: polledAs((_key, offset, message) => [offset, String(message)]),
    options: CALM,
    shows: "no verdict",
    withinSeeds: 1,
  },
  {
    bug: "returns triples instead of pairs",
    workload: "kafka",
    program: polledAs((key, offset, message) => [offset, message, key]),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
