import { describe, expect, test } from "bun:test";
import { checkKafka } from "../../../../../lib/workbench/checkers/kafka/index.ts";
import type { History } from "../../../../../lib/workbench/history/history.ts";
import {
  assign,
  events,
  poll,
  send,
  sequence,
  type Written,
} from "../../../../support/histories/kafka-operations.ts";

/** Four messages in key 1, sent by process 0, and a process 9 that polls them all in the end. */
const sent = [1, 2, 3, 4].map((message) => send(0, "1", message, message - 1));
const all = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
] as const;
const polledByAnother = poll(9, { "1": all });

function check(...operations: Written[]) {
  return checkKafka(sequence(...operations), {});
}

function explain(history: History): readonly string[] {
  return checkKafka(history, {}).explanation?.map(({ sentence }) => sentence) ?? [];
}

describe("kafka checker", () => {
  test("accepts a log that every process polls in order", () => {
    expect(
      check(...sent, poll(1, { "1": all.slice(0, 2) }), poll(1, { "1": all.slice(2) })),
    ).toEqual({
      valid: true,
      errorTypes: [],
      badErrorTypes: [],
      counts: {},
      worstRealtimeLag: 0.003,
      explanation: [],
    });
  });

  test("accepts offsets with holes that no message was ever seen at", () => {
    const operations = [send(0, "1", 1, 5), send(0, "1", 2, 1000)];
    const both = poll(1, {
      "1": [
        [5, 1],
        [1000, 2],
      ],
    });
    expect(check(...operations, both).valid).toBe(true);
  });

  test("throws on a history without operations", () => {
    expect(() => checkKafka([], {})).toThrow("The history has no operations");
  });

  test("throws on a poll that it cannot read", () => {
    expect(() => check(send(0, "1", 1, 0), poll(1, { "1": [[0.5, 1]] }))).toThrow(
      "Operation 3, a poll, has no [[offset, message], ...] for key 1",
    );
  });

  test("throws on a polled message whose send never completed", () => {
    const [invocation] = send(0, "1", 1, 0);
    const history = events([invocation, ...poll(1, { "1": [[0, 1]] })]);
    expect(() => checkKafka(history, {})).toThrow(
      "Message 1 of key 1 was polled, but no send of it completed",
    );
  });

  test("tells a polled text from the number that was sent", () => {
    expect(() => check(send(0, "1", 3, 0), poll(1, { "1": [[0, "3"]] }))).toThrow(
      'Message "3" of key 1 was polled, but no send of it completed',
    );
  });

  test("throws on a key that was polled only as an empty list", () => {
    expect(() => check(send(0, "1", 1, 0), poll(1, { "1": [] }))).toThrow(
      "Key 1 was polled only as an empty list, never with a message",
    );
  });

  test("reports an empty transaction graph when nothing came after anything", () => {
    const { valid, counts } = check(assign(0, ["1"]), send(0, "1", 1, "fail"));
    expect([valid, counts]).toEqual([false, { "empty-transaction-graph": 1 }]);
  });

  test("takes one empty poll after another for a dependency", () => {
    expect(check(poll(0, {}), poll(0, {})).valid).toBe(true);
  });
});

describe("offsets", () => {
  test("two messages at one offset are inconsistent, and the one never polled is lost", () => {
    const history = sequence(send(0, "7", 1, 0), send(1, "7", 2, 0), poll(2, { "7": [[0, 1]] }));
    expect(checkKafka(history, {})).toMatchObject({
      valid: false,
      counts: { "inconsistent-offsets": 1, "lost-write": 1 },
      unseen: { "7": 1 },
    });
    expect(explain(history)[0]).toBe(
      "Offset 0 of key 7 holds several messages: " +
        "message 1 (process 0's send at 0.001 s); message 2 (process 1's send at 0.003 s)",
    );
  });

  test("one message at two offsets is a duplicate", () => {
    const history = sequence(send(0, "7", 1, 0), poll(2, { "7": [[4, 1]] }));
    expect(checkKafka(history, {}).counts).toEqual({ duplicate: 1 });
    expect(explain(history)).toEqual([
      "Key 7 has message 1 at several offsets: 0 (process 0's send at 0.001 s); 4 (process 2's poll at 0.003 s)",
    ]);
  });

  test("the offset of an info send counts once an ok poll returned the message", () => {
    const [invocation, completion] = send(0, "7", 1, 5);
    const uncertain: Written = [invocation, { ...completion, type: "info" }];
    expect(check(uncertain, poll(1, { "7": [[4, 1]] }), poll(1, {})).counts).toEqual({
      duplicate: 1,
    });
    expect(check(uncertain, poll(1, {}), poll(1, {})).counts).toEqual({});
  });

  test("a poll counts for offsets however it ended", () => {
    const shown = poll(1, { "1": [[9, 1]] }, "fail");
    expect(check(send(0, "1", 1, 0), shown, poll(2, { "1": [[0, 1]] })).counts).toEqual({
      duplicate: 1,
    });
  });

  test("offsets below zero have no place in a log", () => {
    expect(
      check(send(0, "1", 1, -1), send(0, "1", 2, 0), poll(1, { "1": [[0, 2]] })).counts,
    ).toEqual({});
  });
});

describe("missing messages", () => {
  test("a message before one that was polled is lost if nobody ever polls it", () => {
    const history = sequence(
      ...sent,
      poll(1, { "1": [all[0]] }),
      poll(2, { "1": [all[2]] }),
      poll(2, { "1": [all[3]] }),
    );
    expect(checkKafka(history, {})).toMatchObject({
      counts: { "lost-write": 1 },
      unseen: { "1": 1 },
    });
    expect(explain(history)).toEqual([
      "Key 1 has message 2 at offset 1 (process 0's send at 0.003 s), and polls got as far as " +
        "offset 3 (process 2's poll at 0.013 s), but none ever returned message 2",
      "Process 0's send at 0.003 s added message 2 to key 1, but no poll returned it until the end",
    ]);
  });

  test("a message after all that were polled is unseen, not lost", () => {
    const verdict = check(...sent, poll(1, { "1": all.slice(0, 2) }));
    expect(verdict).toMatchObject({
      valid: false,
      badErrorTypes: ["unseen"],
      counts: {},
      unseen: { "1": 2 },
    });
  });

  test.each(["fail", "info"] as const)("a message whose send ended as %s may be missing", (end) => {
    expect(check(send(0, "1", 1, end), send(0, "1", 2, 1), poll(1, { "1": [[1, 2]] })).valid).toBe(
      true,
    );
  });

  test("what only a failed poll returned is unseen", () => {
    const { unseen } = check(send(0, "1", 1, 0), poll(1, { "1": [[0, 1]] }, "fail"));
    expect(unseen).toEqual({ "1": 1 });
  });

  test("a key that the last ok operation is the first to mention passes for unseen", () => {
    const operations = [send(0, "1", 1, "info"), poll(1, { "1": [[0, 1]] })];
    expect(check(...operations).unseen).toEqual({ "1": 1 });
    expect(check(...operations, poll(1, {})).unseen).toBeUndefined();
  });
});

describe("polls", () => {
  test("returning what a failed send sent is G1a, each time", () => {
    const history = sequence(
      send(0, "1", 1, "fail"),
      poll(1, { "1": [[0, 1]] }),
      poll(2, { "1": [[0, 1]] }),
      poll(2, {}),
    );
    expect(checkKafka(history, {}).counts).toEqual({ G1a: 2 });
    expect(explain(history)[0]).toBe(
      "Process 1's poll at 0.003 s returned message 1 at offset 0 of key 1, " +
        "but the send of that message failed: process 0's send at 0.001 s",
    );
  });

  test("returning a message before its send began is G1c-realtime", () => {
    const history = sequence(poll(1, { "1": [[0, 1]] }), send(0, "1", 1, 0));
    expect(checkKafka(history, {}).badErrorTypes).toEqual([
      "G1c-realtime",
      "strong-PL-2-cycle-exists",
    ]);
    expect(explain(history)).toEqual([
      "Process 1's poll at 0.001 s returned message 1 at offset 0 of key 1, " +
        "which process 0 began to send only later, at 0.002 s",
    ]);
  });

  test("returning a message while it is being sent is fine", () => {
    const [invocation, completion] = send(0, "1", 1, 0);
    const history = events([invocation, ...poll(1, { "1": [[0, 1]] }), completion]);
    expect(checkKafka(history, {}).valid).toBe(true);
  });

  test("a hole between two polls of a process is a poll-skip", () => {
    const history = sequence(
      ...sent,
      polledByAnother,
      poll(1, { "1": [all[0]] }),
      poll(1, { "1": [all[2]] }),
    );
    expect(checkKafka(history, {}).counts).toEqual({ "poll-skip": 1 });
    expect(explain(history)).toEqual([
      "Process 1's poll at 0.011 s got as far as message 1 at offset 0 of key 1; the next one of " +
        "that process to return the key, at 0.013 s, began with message 3 at offset 2, leaving " +
        "out message 2 at offset 1 (process 0's send at 0.003 s)",
    ]);
  });

  test("a hole in one poll is an int-poll-skip", () => {
    const history = sequence(...sent, polledByAnother, poll(1, { "1": [all[0], all[3]] }));
    expect(checkKafka(history, {}).counts).toEqual({ "int-poll-skip": 1 });
    expect(explain(history)).toEqual([
      "In process 1's poll at 0.011 s, message 4 at offset 3 of key 1 comes right after message 1 " +
        "at offset 0, leaving out message 2 at offset 1 (process 0's send at 0.003 s); " +
        "message 3 at offset 2 (process 0's send at 0.005 s)",
    ]);
  });

  test.each([
    ["a repeat", 1],
    ["a step back", 0],
  ])("%s from one poll of a process to its next is nonmonotonic", (name, next) => {
    const from = poll(1, { "1": all.slice(0, 2) });
    const history = sequence(
      ...sent,
      polledByAnother,
      from,
      poll(1, { "1": [all[next] ?? all[0]] }),
    );
    expect(checkKafka(history, {}).counts).toEqual({ "nonmonotonic-poll": 1 });
    expect(explain(history)[0]).toEndWith(`: ${name}`);
  });

  test("a step back in one poll is int-nonmonotonic", () => {
    const { counts } = check(...sent, polledByAnother, poll(1, { "1": [all[1], all[0]] }));
    expect(counts).toEqual({ "int-nonmonotonic-poll": 1 });
  });

  test.each([
    ["an assign without the key", assign(1, ["2"])],
    ["an info assign without the key", assign(1, ["2"], "info")],
    ["a poll that returned the key as an empty list", poll(1, { "1": [] })],
  ])("after %s a process may begin anywhere", (_, between) => {
    const from = poll(1, { "1": [all[0]] });
    expect(
      check(...sent, polledByAnother, from, between, poll(1, { "1": [all[2]] })).counts,
    ).toEqual({});
  });

  test.each([
    ["an assign that keeps the key", assign(1, ["2", "1"])],
    ["a failed assign", assign(1, ["2"], "fail")],
    ["a poll that returned nothing", poll(1, {})],
    ["a failed poll", poll(1, { "1": [all[1]] }, "fail")],
  ])("after %s a process goes on where it was", (_, between) => {
    const from = poll(1, { "1": [all[0]] });
    expect(
      check(...sent, polledByAnother, from, between, poll(1, { "1": [all[2]] })).counts,
    ).toEqual({ "poll-skip": 1 });
  });

  test("two processes go their own ways", () => {
    const { counts } = check(...sent, poll(1, { "1": all.slice(0, 2) }), poll(2, { "1": all }));
    expect(counts).toEqual({});
  });
});

describe("sends", () => {
  test("a process whose message lands before its last one is nonmonotonic", () => {
    const polled = poll(1, {
      "1": [
        [3, 2],
        [9, 1],
      ],
    });
    const history = sequence(send(0, "1", 1, 9), send(0, "1", 2, 3), polled);
    expect(checkKafka(history, {}).counts).toEqual({ "nonmonotonic-send": 1 });
    expect(explain(history)).toEqual([
      "Process 0's send at 0.001 s added message 1 at offset 9 of key 1; the next one of that " +
        "process to the key, at 0.003 s, added message 2 at offset 3, which is not after it",
    ]);
    const apart = sequence(send(0, "1", 1, 9), assign(0, []), send(0, "1", 2, 3), polled);
    expect(checkKafka(apart, {}).counts).toEqual({});
  });
});

describe("realtime lag", () => {
  test("is the time by which a poll was behind an offset known to exist", () => {
    // Acknowledged at 1 ms; a poll begun at 4 ms finds nothing, one begun at 6 ms finds it.
    const { worstRealtimeLag } = check(
      send(0, "1", 1, 0),
      assign(1, ["1"]),
      poll(1, {}),
      poll(1, { "1": [[0, 1]] }),
    );
    expect(worstRealtimeLag).toBe(0.003);
  });

  test("does not count keys that the process has not been assigned", () => {
    const operations = [
      send(0, "1", 1, 0),
      assign(1, ["2"]),
      poll(1, {}),
      poll(2, { "1": [[0, 1]] }),
    ];
    expect(check(...operations).worstRealtimeLag).toBe(0);
  });
});

describe("explanation", () => {
  test("tells the first few findings of a kind and counts them all", () => {
    const polls = Array.from({ length: 20 }, () => poll(1, { "1": [all[3], all[0]] }, "fail"));
    const { counts, explanation } = check(...sent, polledByAnother, ...polls);
    expect(counts).toEqual({ "int-nonmonotonic-poll": 20 });
    expect(explanation).toHaveLength(8);
  });

  test("gives a finding's operations in order", () => {
    const { explanation = [] } = check(
      ...sent,
      polledByAnother,
      poll(1, { "1": [all[0]] }),
      poll(1, { "1": [all[2]] }),
    );
    expect(explanation[0]?.operations.map(({ index }) => index)).toEqual([3, 11, 13]);
  });
});
