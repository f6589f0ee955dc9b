import type { Node } from "../../lib/vortex/index.ts";
import { byLeader } from "../programs/leader.ts";
import { type Entries, entriesFrom, logs } from "../programs/logs.ts";
import { errorReply, operation } from "../programs/machine.ts";
import { type BrokenCase, CALM, LOSSY, PARTITIONED } from "./case.ts";
import { every, withReplies } from "./intercept.ts";

const correct = byLeader(logs);

/** Logs of which a poll shows something else. */
const polling = (read: (log: readonly number[], offset: number) => Entries) =>
  byLeader(() => logs(new Map(), { read }));

/** Logs whose messages do not all get to the place that they are promised. */
function unreliable(store: (index: number, store: () => void) => void) {
  const messages = new Map<string, number[]>();
  const kept = logs(messages, {
    read: (log, offset) => entriesFrom(log, offset).filter(([, message]) => message !== undefined),
  });
  return {
    ...kept,
    send: operation(kept.send.schema, ({ key, msg }) => {
      const reply = kept.send.apply({ key, msg });
      const log = messages.get(key) ?? [];
      delete log[reply.offset];
      store(reply.offset, () => {
        log[reply.offset] = msg;
      });
      return reply;
    }),
  };
}

/** Logs that give an offset to two messages from time to time: the first of them is forgotten. */
function forgetful() {
  const messages = new Map<string, number[]>();
  const kept = logs(messages);
  const isForgotten = every(20);
  return {
    ...kept,
    send: operation(kept.send.schema, (body) => {
      const reply = kept.send.apply(body);
      if (isForgotten()) messages.get(body.key)?.pop();
      return reply;
    }),
  };
}

/** Logs that begin at their end: each message gets a lower offset than those before it. */
function downward() {
  const kept = logs();
  const offsetOf = (index: number) => 1_000_000 - index;
  return {
    ...kept,
    send: operation(kept.send.schema, (body) => {
      const { offset } = kept.send.apply(body);
      return { type: "send_ok", offset: offsetOf(offset) };
    }),
    poll: operation(kept.poll.schema, ({ offsets }) => {
      const everything = Object.fromEntries(Object.keys(offsets).map((key) => [key, 0]));
      const { msgs } = kept.poll.apply({ offsets: everything });
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

/** A program whose polls give each message back in another form. */
function polledAs(form: (key: string, offset: number, message: number) => readonly unknown[]) {
  return withReplies(correct, "poll_ok", () => (body) => {
    // The replies of the correct program have this shape.
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
    wrong: "polls from behind the offset that was asked for",
    workload: "kafka",
    program: polling((log, offset) => entriesFrom(log, offset + 1)),
    options: CALM,
    shows: "poll-skip",
    withinSeeds: 1,
  },
  {
    wrong: "polls from before the offset that was asked for",
    workload: "kafka",
    program: polling((log, offset) => entriesFrom(log, Math.max(0, offset - 1))),
    options: CALM,
    shows: "nonmonotonic-poll",
    withinSeeds: 1,
  },
  {
    wrong: "leaves every tenth offset out of what is polled",
    workload: "kafka",
    program: polling((log, offset) =>
      entriesFrom(log, offset).filter(([offset]) => offset % 10 !== 5),
    ),
    options: CALM,
    shows: "int-poll-skip",
    withinSeeds: 1,
  },
  {
    wrong: "polls the latest messages first",
    workload: "kafka",
    program: polling((log, offset) => entriesFrom(log, offset).toReversed()),
    options: CALM,
    shows: "int-nonmonotonic-poll",
    withinSeeds: 1,
  },
  {
    wrong: "never shows the last message of a log",
    workload: "kafka",
    program: polling((log, offset) => entriesFrom(log, offset).slice(0, -1)),
    options: CALM,
    shows: "unseen",
    withinSeeds: 1,
  },
  {
    wrong: "gives every 20th message's offset to the next one, and forgets it",
    workload: "kafka",
    program: byLeader(forgetful),
    options: CALM,
    shows: "inconsistent-offsets",
    withinSeeds: 1,
  },
  {
    wrong: "keeps a log of its own on each node",
    workload: "kafka",
    program: byLeader(logs, { leaderOf: (node) => node.id }),
    options: CALM,
    shows: "inconsistent-offsets",
    withinSeeds: 1,
  },
  {
    wrong: "gives out falling offsets",
    workload: "kafka",
    program: byLeader(downward),
    options: CALM,
    shows: "nonmonotonic-send",
    withinSeeds: 1,
  },
  {
    wrong: "lets the leader append a message again when it is sent again",
    workload: "kafka",
    program: byLeader(logs, { renamesRetries: true }),
    options: LOSSY,
    shows: "duplicate",
    withinSeeds: 2,
  },
  {
    wrong: "says that a send has failed when the leader is silent, though it may have happened",
    workload: "kafka",
    program: byLeader(logs, {
      onSilence: () => errorReply("temporarily-unavailable", "The leader is silent"),
    }),
    options: LOSSY,
    shows: "G1a",
    withinSeeds: 2,
  },
  {
    wrong: "invents an offset while the leader is silent, and drops the message",
    workload: "kafka",
    program: byLeader(logs, {
      onSilence: (_machine, { type }) =>
        type === "send" ? { type: "send_ok", offset: 1_000_000 } : undefined,
    }),
    options: PARTITIONED,
    shows: "unseen",
    withinSeeds: 3,
  },
  {
    wrong: "acknowledges every tenth message of a log without storing it",
    workload: "kafka",
    program: byLeader(() => unreliable((offset, store) => offset % 10 !== 5 && store())),
    options: CALM,
    shows: "lost-write",
    withinSeeds: 1,
  },
  {
    wrong: "gives out an offset at once and stores the message later, when polls have gone past it",
    workload: "kafka",
    program: (node: Node) =>
      byLeader(() => unreliable((_, store) => void node.after(node.random() * 500, store)))(node),
    options: CALM,
    shows: "int-poll-skip",
    withinSeeds: 1,
  },
  {
    wrong: "shows one message of a key at a time",
    workload: "kafka",
    program: polling((log, offset) => entriesFrom(log, offset).slice(0, 1)),
    options: { ...CALM, rate: 200, keyCount: 1, maxWritesPerKey: 1000 },
    shows: "unseen",
    withinSeeds: 1,
  },
  {
    wrong: "gives messages back as strings",
    workload: "kafka",
    program: polledAs((_key, offset, message) => [offset, String(message)]),
    options: CALM,
    shows: "no verdict",
    withinSeeds: 1,
  },
  {
    wrong: "gives triples back where pairs of an offset and a message were asked for",
    workload: "kafka",
    program: polledAs((key, offset, message) => [offset, message, key]),
    options: CALM,
    shows: "malformed replies",
    withinSeeds: 1,
  },
];
