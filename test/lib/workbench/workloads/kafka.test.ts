import { describe, expect, test } from "bun:test";
import type { AnyProgram, Json } from "../../../../lib/vortex/index.ts";
import type { Invocation } from "../../../../lib/workbench/clients/generator.ts";
import type { Completion } from "../../../../lib/workbench/clients/interpreter.ts";
import type { Operation } from "../../../../lib/workbench/history/history.ts";
import { byLeader } from "../../../programs/leader.ts";
import { logs } from "../../../programs/logs.ts";
import { invocations, runGenerator } from "../../../support/simulations/generators.ts";
import { runSimulated } from "../../../support/simulations/simulate.ts";
import {
  asked,
  converse,
  firstInvocations,
  limited,
  makeWorkload,
  partOf,
  type Respond,
} from "../../../support/simulations/workloads.ts";

type Body = { readonly [field: string]: Json };

const poll = asked("poll", [["poll"]]);
const send = (key: string, message: number) => asked("send", [["send", key, message]]);
const assign = (...keys: string[]) => asked("assign", keys);
const crash = asked("crash");
const fromBeginning = (...keys: string[]) => ({ ...assign(...keys), seekToBeginning: true });

/** Answers polls with these messages, one after the other, and every other request as it should. */
function broker(...polls: readonly Body[]): Respond {
  const remaining = [...polls];
  return ({ type }) => {
    switch (type) {
      case "poll":
        return { type: "poll_ok", msgs: remaining.shift() ?? {} };
      case "send":
        return { type: "send_ok", offset: 7 };
      case "commit_offsets":
        return { type: "commit_offsets_ok" };
      default:
        return { type: "list_committed_offsets_ok", offsets: {} };
    }
  };
}

function act(operations: readonly Invocation[], answer: Respond = broker()) {
  return converse(makeWorkload("kafka"), operations, answer);
}

/** The offsets that each poll asked for. */
function polledFrom(operations: readonly Invocation[], answer?: Respond): unknown[] {
  const { requests } = act(operations, answer);
  return requests.filter(({ type }) => type === "poll").map(({ offsets }) => offsets);
}

describe("a poll whose reply has null instead of a key's list", () => {
  test("is ok, and reads it as empty", () => {
    const { completions, requests } = act([poll], broker({ "9": null, "4": [[3, 1]] }));
    expect(completions).toEqual([{ type: "ok", value: [["poll", { "9": [], "4": [[3, 1]] }]] }]);
    expect(requests.at(-1)).toEqual({ type: "commit_offsets", offsets: { "4": 3 } });
  });

  test("continues the key at its position, or at 0", () => {
    const answer = broker({ "1": [[3, 1]] }, { "1": null, "9": null });
    expect(polledFrom([assign("1"), poll, poll, poll], answer).at(-1)).toEqual({ "1": 4, "9": 0 });
  });

  test("commits nothing if it has no messages", () => {
    expect(act([poll], broker({ "9": null })).requests).toHaveLength(1);
  });

  test.each([{ "9": {} }, { "9": [null] }, { "9": [[null, 1]] }, null])(
    "must be a map of lists of pairs, so not %j",
    (msgs) => {
      const { completions } = act([poll], () => ({ type: "poll_ok", msgs }));
      expect(completions).toMatchObject([{ exception: { class: "MalformedReply" } }]);
    },
  );
});

describe("a send", () => {
  test("completes with the offset of the message", () => {
    const { completions, requests } = act([send("4", 2)]);
    expect(requests).toEqual([{ type: "send", key: "4", msg: 2 }]);
    expect(completions).toEqual([{ type: "ok", value: [["send", "4", [7, 2]]] }]);
  });

  test.each([null, "7", 7.5])("does not take %j for an offset", (offset) => {
    const { completions } = act([send("4", 2)], () => ({ type: "send_ok", offset }));
    expect(completions).toMatchObject([
      {
        type: "info",
        exception: { class: "MalformedReply", message: expect.stringContaining('"offset"') },
      },
    ]);
  });

  test("completes as info without a reply", () => {
    const { completions } = act([send("4", 2)], () => undefined);
    expect(completions).toMatchObject([{ type: "info", error: "net-timeout" }]);
  });
});

describe("an assign", () => {
  test("requests the committed offsets of its keys", () => {
    expect(act([assign("1", "2")]).requests).toEqual([
      { type: "list_committed_offsets", keys: ["1", "2"] },
    ]);
  });

  test("starts at 0, whatever was committed, as in Maelstrom", () => {
    const answer: Respond = (request) =>
      request["type"] === "list_committed_offsets"
        ? { type: "list_committed_offsets_ok", offsets: { "1": 12 } }
        : broker()(request);
    expect(polledFrom([assign("1"), poll], answer)).toEqual([{ "1": 0 }]);
  });

  test("keeps the positions of its keys, and forgets those of others", () => {
    const answer = broker({ "1": [[3, 1]], "2": [[5, 1]] });
    const operations = [assign("1", "2"), poll, assign("2", "3"), poll, assign("1"), poll];
    expect(polledFrom(operations, answer)).toEqual([
      { "1": 0, "2": 0 },
      { "2": 6, "3": 0 },
      { "1": 0 },
    ]);
  });

  test("to the beginning sends no request, and starts all keys at 0", () => {
    const operations = [assign("1"), poll, fromBeginning("1", "2"), poll];
    const { requests, completions } = act(operations, broker({ "1": [[3, 1]] }));
    expect(requests.map(({ type }) => type)).toEqual([
      "list_committed_offsets",
      "poll",
      "commit_offsets",
      "poll",
    ]);
    expect(requests.at(-1)?.["offsets"]).toEqual({ "1": 0, "2": 0 });
    expect(completions[2]).toEqual({ type: "ok", value: ["1", "2"] });
  });

  test("completes as fail without a reply, or after an indefinite error", () => {
    const silent = act([assign("1")], () => undefined);
    const crashed = act([assign("1")], () => ({ type: "error", code: 13, text: "oops" }));
    expect([...silent.completions, ...crashed.completions]).toMatchObject([
      { type: "fail", error: "net-timeout" },
      { type: "fail", error: ["crash", "oops"] },
    ]);
  });

  test("that failed leaves the positions as they were", () => {
    const answer: Respond = (request) =>
      (request["keys"] as Json[] | undefined)?.includes("2")
        ? { type: "error", code: 11 }
        : broker()(request);
    expect(polledFrom([assign("1"), assign("2"), poll], answer)).toEqual([{ "1": 0 }]);
  });

  test.each<[Json]>([[{ "1": null }], [[]]])("is unknown after committed offsets %j", (offsets) => {
    const { completions } = act([assign("1")], () => ({
      type: "list_committed_offsets_ok",
      offsets,
    }));
    expect(completions).toMatchObject([{ type: "info", exception: { class: "MalformedReply" } }]);
  });
});

describe("a poll", () => {
  test("requests no keys before the first assign", () => {
    expect(polledFrom([poll])).toEqual([{}]);
  });

  test("continues after the highest offset of each key, and commits that offset", () => {
    const answer = broker({
      "1": [
        [3, 1],
        [4, 2],
      ],
    });
    const { requests } = act([assign("1", "2"), poll, poll], answer);
    expect(requests.slice(1)).toEqual([
      { type: "poll", offsets: { "1": 0, "2": 0 } },
      { type: "commit_offsets", offsets: { "1": 4 } },
      { type: "poll", offsets: { "1": 5, "2": 0 } },
    ]);
  });

  test("never goes back, even after older offsets", () => {
    const answer = broker({ "1": [[9, 1]] }, { "1": [[2, 2]] });
    expect(polledFrom([assign("1"), poll, poll, poll], answer)).toEqual([
      { "1": 0 },
      { "1": 10 },
      { "1": 10 },
    ]);
  });

  test("accepts messages of other keys, and requests those keys from then on", () => {
    expect(polledFrom([poll, poll], broker({ "8": [[0, 1]] }))).toEqual([{}, { "8": 1 }]);
  });

  test.each<Body>([{}, { "1": [] }])("without messages, %j, commits nothing", (msgs) => {
    const { requests, completions } = act([assign("1"), poll], broker(msgs));
    expect(requests.map(({ type }) => type)).toEqual(["list_committed_offsets", "poll"]);
    expect(completions[1]).toEqual({ type: "ok", value: [["poll", msgs]] });
  });

  test.each<[Json]>([
    [{ "1": [[0]] }],
    [{ "1": [[0, 1, 2]] }],
    [{ "1": [["0", 1]] }],
    [{ "1": 0 }],
    [[]],
    [null],
  ])("does not take %j for messages", (msgs) => {
    const { completions } = act([poll], () => ({ type: "poll_ok", msgs }));
    expect(completions).toMatchObject([{ type: "info", exception: { class: "MalformedReply" } }]);
  });

  test.each([
    [11, "fail"],
    [13, "info"],
  ])("whose commit ends with error %i ends as %s, but has moved on", (code, type) => {
    const answer: Respond = (request) =>
      request["type"] === "commit_offsets" ? { type: "error", code } : broker()(request);
    const first = broker({ "1": [[3, 1]] });
    let isFirst = true;
    const { completions, requests } = act([assign("1"), poll, poll], (request) => {
      if (request["type"] !== "poll" || !isFirst) return answer(request);
      isFirst = false;
      return first(request);
    });
    expect(completions[1]).toMatchObject({ type });
    expect(requests.at(-1)).toEqual({ type: "poll", offsets: { "1": 4 } });
  });
});

describe("a crash", () => {
  test("sends no request, and completes as info", () => {
    const { requests, completions } = act([crash]);
    expect(requests).toEqual([]);
    expect(completions).toEqual([{ type: "info", value: null }]);
  });
});

/** Completes operations as a broker with one log per key would. */
function perfectBroker() {
  const logs = new Map<string, number>();
  return ({ f, value }: Invocation): Completion => {
    if (f === "crash") return { type: "info", value };
    if (f !== "send") return { type: "ok", value: f === "poll" ? [["poll", {}]] : value };
    const [[, key, message]] = value as [["send", string, number]];
    const offset = logs.get(key) ?? 0;
    logs.set(key, offset + 1);
    return { type: "ok", value: [["send", key, [offset, message]]] };
  };
}

const MANY = 20_000;

function main(count = MANY, options = {}): Operation[] {
  const { generator } = makeWorkload("kafka", options);
  return firstInvocations(generator, count, { complete: perfectBroker() });
}

const sent = (operations: readonly Operation[]) =>
  operations
    .filter(({ f }) => f === "send")
    .map(({ value }) => (value as [["send", string, number]])[0])
    .map(([, key, message]) => ({ key, message }));

describe("the main phase of kafka", () => {
  test("sends and polls equally often, and assigns in one of 64 operations", () => {
    const operations = main().filter(({ f }) => f !== "crash");
    const part = (f: string) => partOf(operations, (operation) => operation.f === f);
    expect(Math.abs(part("assign") - 1 / 64)).toBeLessThan(0.003);
    expect(Math.abs(part("send") - part("poll"))).toBeLessThan(0.02);
  });

  test("sends 1, 2, 3, ... to each key, up to the maximum", () => {
    const byKey = Map.groupBy(sent(main(MANY, { maxWritesPerKey: 5 })), ({ key }) => key);
    for (const messages of byKey.values()) {
      const numbers = messages.map(({ message }) => message);
      expect(numbers).toEqual([1, 2, 3, 4, 5].slice(0, numbers.length));
    }
  });

  test("uses strings as keys", () => {
    for (const { key } of sent(main(1000))) expect(key).toMatch(/^\d+$/);
  });

  test("assigns the key of the next operation", () => {
    const operations = main().filter(({ f }) => f !== "crash");
    const sendsAfterAssigns = operations.flatMap((operation, index) => {
      const next = operations[index + 1];
      return operation.f === "assign" && next?.f === "send" ? [{ operation, next }] : [];
    });
    expect(sendsAfterAssigns.length).toBeGreaterThan(100);
    for (const { operation, next } of sendsAfterAssigns) {
      expect((operation.value as string[])[0]).toBe(sent([next])[0]?.key ?? "");
    }
  });

  test("includes all keys with unpolled messages in one of three assigns", () => {
    // Nothing is ever polled here, so that these are all keys but the few that nothing was sent to.
    const assigns = main().filter(({ f }) => f === "assign");
    const many = partOf(assigns, ({ value }) => (value as string[]).length > 1);
    expect(Math.abs(many - 1 / 3)).toBeLessThan(0.1);
  });

  test("crashes the first client at once, and each client every 30 s", () => {
    const concurrency = 3;
    const { generator } = makeWorkload("kafka", { concurrency });
    const history = runGenerator(limited(generator, 60_000), {
      concurrency,
      tookMs: () => 10,
      complete: perfectBroker(),
    });
    const crashes = invocations(history).filter(({ f }) => f === "crash");
    const lastS = (history.at(-1)?.time ?? 0) / 1e9;
    expect(crashes[0]?.time).toBeLessThan(1e9);
    expect(Math.abs(crashes.length / lastS - concurrency / 30)).toBeLessThan(0.04);
  });
});

/** The final operations of two client threads. */
function finalPhase(program: AnyProgram): Map<number, Operation[]> {
  const concurrency = 2;
  const { history } = runSimulated("kafka", program, { concurrency, rate: 100, recoveryS: 100 });
  const final = invocations(history).filter(({ time }) => time > 100e9);
  return Map.groupBy(final, ({ process }) => Number(process) % concurrency);
}

describe("the final phase of kafka", () => {
  test("starts each thread with a crash, and all keys at the beginning", () => {
    const threads = finalPhase(byLeader(logs));
    expect([...threads.keys()].toSorted()).toEqual([0, 1]);
    for (const [crash, assign] of threads.values()) {
      expect(crash).toMatchObject({ f: "crash" });
      expect(assign).toMatchObject({ f: "assign", seekToBeginning: true });
      expect((assign?.value as string[] | undefined)?.length).toBeGreaterThan(20);
    }
  });

  test("ends when each thread has polled the highest offset of every key", () => {
    for (const [, , ...polls] of finalPhase(byLeader(logs)).values()) {
      expect(polls).toMatchObject([{ f: "poll" }]);
    }
  });

  test("ends after 10 s if a message is never polled, with five polls per second and thread", () => {
    const hidesTheLast = byLeader(() =>
      logs(new Map(), {
        read: (log, offset) =>
          log.slice(offset, -1).map((message, index) => [offset + index, message]),
      }),
    );
    for (const [, , ...polls] of finalPhase(hidesTheLast).values()) {
      const lastedS = ((polls.at(-1)?.time ?? 0) - (polls[0]?.time ?? 0)) / 1e9;
      expect(lastedS).toBeGreaterThan(9);
      expect(lastedS).toBeLessThan(10);
      expect(Math.abs(polls.length - 50)).toBeLessThan(20);
    }
  });

  test("is empty if no offset is known", () => {
    const { finalGenerator } = makeWorkload("kafka");
    expect(finalGenerator && runGenerator(finalGenerator)).toEqual([]);
  });
});
