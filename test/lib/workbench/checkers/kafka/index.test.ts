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

/** Four messages in key 1, sent by process 0; process 9 polls them all at the end. */
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

  test("throws on a malformed poll", () => {
    expect(() => check(send(0, "1", 1, 0), poll(1, { "1": [[0.5, 1]] }))).toThrow(
      "Operation 3, a poll, has no [[offset, message], ...] for key 1",
    );
  });

  test("throws on an offset beyond the integers of a double, with advice", () => {
    const advice = /above 9007199254740991 .*Count the messages of each key from 0/;
    expect(() => check(send(0, "1", 1, 2 ** 53))).toThrow(advice);
    expect(() => check(send(0, "1", 1, 0), poll(1, { "1": [[2 ** 60, 1]] }))).toThrow(advice);
    expect(() => check(send(0, "1", 1, 2 ** 53 - 1))).not.toThrow(advice);
  });

  test("throws on a polled message whose send never completed", () => {
    const [invocation] = send(0, "1", 1, 0);
    const history = events([invocation, ...poll(1, { "1": [[0, 1]] })]);
    expect(() => checkKafka(history, {})).toThrow(
      "Message 1 of key 1 was polled, but no send of it completed",
    );
  });

  test("distinguishes a polled string from the number that was sent", () => {
    expect(() => check(send(0, "1", 3, 0), poll(1, { "1": [[0, "3"]] }))).toThrow(
      'Message "3" of key 1 was polled, but no send of it completed',
    );
  });

  test("throws on a key that was polled only as an empty list", () => {
    expect(() => check(send(0, "1", 1, 0), poll(1, { "1": [] }))).toThrow(
      "Key 1 was polled only as an empty list, never with a message",
    );
  });

  test("reports an empty transaction graph if no operation depends on another", () => {
    const { valid, counts } = check(assign(0, ["1"]), send(0, "1", 1, "fail"));
    expect([valid, counts]).toEqual([false, { "empty-transaction-graph": 1 }]);
  });

  test("counts null as an empty list", () => {
    const polls = (empty: [] | null) => [poll(1, { "1": empty }), poll(1, { "1": [[0, 1]] })];
    const verdict = check(send(0, "1", 1, 0), ...polls(null));
    expect(verdict).toEqual(check(send(0, "1", 1, 0), ...polls([])));
    expect(verdict.valid).toBe(true);
    expect(() => check(send(0, "1", 1, 0), poll(1, { "1": null }))).toThrow(
      "Key 1 was polled only as an empty list",
    );
  });

  test("counts one empty poll after another as a dependency", () => {
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
      "offset 0 of key 7 holds several messages: " +
        "message 1 (process 0's send at 0.001 s); message 2 (process 1's send at 0.003 s)",
    );
  });

  test("one message at two offsets is a duplicate", () => {
    const history = sequence(send(0, "7", 1, 0), poll(2, { "7": [[4, 1]] }));
    expect(checkKafka(history, {}).counts).toEqual({ duplicate: 1 });
    expect(explain(history)).toEqual([
      "message 1 of key 7 has several offsets: 0 (process 0's send at 0.001 s); 4 (process 2's poll at 0.003 s)",
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

  test("offsets in a poll count whatever its outcome", () => {
    const shown = poll(1, { "1": [[9, 1]] }, "fail");
    expect(check(send(0, "1", 1, 0), shown, poll(2, { "1": [[0, 1]] })).counts).toEqual({
      duplicate: 1,
    });
  });

  test("offsets below zero are ignored", () => {
    expect(
      check(send(0, "1", 1, -1), send(0, "1", 2, 0), poll(1, { "1": [[0, 2]] })).counts,
    ).toEqual({});
  });
});

describe("missing messages", () => {
  test("a message below a polled one is lost if no poll returns it", () => {
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
      "no poll returned message 2 at offset 1 of key 1 (process 0's send at 0.003 s), " +
        "although polls reached offset 3 (process 2's poll at 0.013 s)",
      "no poll ever returned message 2 of key 1 (process 0's send at 0.003 s)",
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

  test("a message that only a failed poll returned is unseen", () => {
    const { unseen } = check(send(0, "1", 1, 0), poll(1, { "1": [[0, 1]] }, "fail"));
    expect(unseen).toEqual({ "1": 1 });
  });

  test("a key that only the last ok operation mentions counts as unseen", () => {
    const operations = [send(0, "1", 1, "info"), poll(1, { "1": [[0, 1]] })];
    expect(check(...operations).unseen).toEqual({ "1": 1 });
    expect(check(...operations, poll(1, {})).unseen).toBeUndefined();
  });
});

describe("polls", () => {
  test("returning a message of a failed send is G1a, each time", () => {
    const history = sequence(
      send(0, "1", 1, "fail"),
      poll(1, { "1": [[0, 1]] }),
      poll(2, { "1": [[0, 1]] }),
      poll(2, {}),
    );
    expect(checkKafka(history, {}).counts).toEqual({ G1a: 2 });
    expect(explain(history)[0]).toBe(
      "process 1's poll at 0.003 s returned message 1 at offset 0 of key 1, " +
        "whose send failed: process 0's send at 0.001 s",
    );
  });

  test("returning a message before its send began is G1c-realtime", () => {
    const history = sequence(poll(1, { "1": [[0, 1]] }), send(0, "1", 1, 0));
    expect(checkKafka(history, {}).badErrorTypes).toEqual([
      "G1c-realtime",
      "strong-PL-2-cycle-exists",
    ]);
    expect(explain(history)).toEqual([
      "process 1's poll at 0.001 s returned message 1 at offset 0 of key 1, " +
        "before process 0 started to send it at 0.002 s",
    ]);
  });

  test("returning a message before its send completed is valid", () => {
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
      "process 1's poll at 0.011 s ended with message 1 at offset 0 of key 1; the process's next " +
        "poll of the key, at 0.013 s, started with message 3 at offset 2, skipping " +
        "message 2 at offset 1 (process 0's send at 0.003 s)",
    ]);
  });

  test("a hole in one poll is an int-poll-skip", () => {
    const history = sequence(...sent, polledByAnother, poll(1, { "1": [all[0], all[3]] }));
    expect(checkKafka(history, {}).counts).toEqual({ "int-poll-skip": 1 });
    expect(explain(history)).toEqual([
      "process 1's poll at 0.011 s returned message 4 at offset 3 of key 1 right after message 1 " +
        "at offset 0, skipping message 2 at offset 1 (process 0's send at 0.003 s); " +
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
  ])("after %s a process may start anywhere", (_, between) => {
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
  ])("after %s a process must continue where it left off", (_, between) => {
    const from = poll(1, { "1": [all[0]] });
    expect(
      check(...sent, polledByAnother, from, between, poll(1, { "1": [all[2]] })).counts,
    ).toEqual({ "poll-skip": 1 });
  });

  test("the positions of two processes are independent", () => {
    const { counts } = check(...sent, poll(1, { "1": all.slice(0, 2) }), poll(2, { "1": all }));
    expect(counts).toEqual({});
  });
});

describe("sends", () => {
  test("a send that gets a lower offset than the process's previous one is nonmonotonic", () => {
    const polled = poll(1, {
      "1": [
        [3, 2],
        [9, 1],
      ],
    });
    const history = sequence(send(0, "1", 1, 9), send(0, "1", 2, 3), polled);
    expect(checkKafka(history, {}).counts).toEqual({ "nonmonotonic-send": 1 });
    expect(explain(history)).toEqual([
      "process 0's send at 0.001 s put message 1 at offset 9 of key 1; its next send to the key, " +
        "at 0.003 s, put message 2 at offset 3, which is not after it",
    ]);
    const apart = sequence(send(0, "1", 1, 9), assign(0, []), send(0, "1", 2, 3), polled);
    expect(checkKafka(apart, {}).counts).toEqual({});
  });
});

describe("realtime lag", () => {
  test("is the time by which a poll was behind an offset known to exist", () => {
    // Acknowledged at 1 ms; a poll from 4 ms returns nothing, a poll from 6 ms returns the message.
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
  test("describes the first few findings of each type, and counts all", () => {
    const polls = Array.from({ length: 20 }, () => poll(1, { "1": [all[3], all[0]] }, "fail"));
    const { counts, explanation } = check(...sent, polledByAnother, ...polls);
    expect(counts).toEqual({ "int-nonmonotonic-poll": 20 });
    expect(explanation).toHaveLength(8);
  });

  test("lists the operations of a finding in order", () => {
    const { explanation = [] } = check(
      ...sent,
      polledByAnother,
      poll(1, { "1": [all[0]] }),
      poll(1, { "1": [all[2]] }),
    );
    expect(explanation[0]?.operations.map(({ index }) => index)).toEqual([3, 11, 13]);
  });
});
