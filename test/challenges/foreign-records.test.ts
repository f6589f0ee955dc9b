/**
 * A service may hold values that another program, or another version of this one, stored under the same
 * keys. Nodes report that, and continue once the value is repaired.
 */
import { describe, expect, test } from "bun:test";
import { TestCluster } from "../../lib/testing/index.ts";
import { type AnyBody, type Json, parseJson } from "../../lib/vortex/index.ts";
import { challenge } from "../support/simulations/challenges.ts";

interface Case {
  readonly name: string;
  readonly options: AnyBody;
  /** The key that holds a foreign value. */
  readonly key: string;
  /** A value that the challenge might have stored there. */
  readonly mended: unknown;
  /** The request that fails until the value is repaired. */
  readonly request: AnyBody;
  readonly done: AnyBody;
}

const BUCKET = { id: "n0-before-1", version: 1, total: 3 };

const CASES: readonly Case[] = [
  {
    name: "broadcast",
    options: { durable: true },
    key: "broadcast/n0/0",
    mended: { id: "before", record: ["n0~before", 0, 8] },
    request: { type: "broadcast", message: 7 },
    done: { type: "broadcast_ok" },
  },
  {
    name: "g-set",
    options: {},
    key: "g-set/n0/0",
    mended: { id: "before", record: [8] },
    request: { type: "add", element: 7 },
    done: { type: "add_ok" },
  },
  {
    name: "g-set",
    options: {},
    key: "g-set/n1/0",
    mended: { id: "before", record: [8] },
    request: { type: "read" },
    done: { type: "read_ok", value: [8] },
  },
  ...["g-counter", "pn-counter"].flatMap((name): Case[] => [
    {
      name,
      options: {},
      key: "counter/n0",
      mended: BUCKET,
      request: { type: "add", delta: 2 },
      done: { type: "add_ok" },
    },
    {
      name,
      options: { durable: false },
      key: "counter/n0",
      mended: BUCKET,
      request: { type: "read" },
      done: { type: "read_ok", value: 3 },
    },
    {
      name,
      options: {},
      key: "counter/n1",
      mended: BUCKET,
      request: { type: "read" },
      done: { type: "read_ok", value: 3 },
    },
  ]),
  ...[{ durable: true }, { durable: false }].map((options): Case => {
    return {
      name: "kafka",
      options,
      key: "kafka/n1/0",
      mended: { id: "before", record: { time: 5, messages: [["7", 8]], commits: [] } },
      request: { type: "send", key: "7", msg: 9 },
      done: { type: "send_ok", offset: expect.any(Number) },
    };
  }),
];

const FOREIGN = ["null", "7", '"text"', "[]", "{}", '{"id":1,"record":{}}', '{"__proto__":1.0}'];

const cases = CASES.flatMap((one) =>
  FOREIGN.map((text) => [one.name, JSON.stringify(one.options), one.key, text, one] as const),
);

describe("A node that reads a foreign value", () => {
  test.each(cases)(
    "of %s %s under %s, %s, replies crash (13) with the key, and continues once the value is repaired",
    async (name, _, key, text, { options, mended, request, done }) => {
      const program = challenge(name);
      const cluster = new TestCluster({ nodeIds: ["n0", "n1"], program, options });
      const service = key.startsWith("counter") ? cluster.seqKv : cluster.linKv;
      const store = (value: Json) => service.write(key, value);
      // A peer that does not exist cannot answer: its bucket or log is read instead.
      cluster.kill("n1");
      store(parseJson(text) as Json);
      await cluster.advance(1000);
      for (let attempt = 0; attempt < 2; attempt++) {
        const answer = await cluster.ask("n0", request);
        expect(answer).toMatchObject({ type: "error", code: 13 });
        expect(answer["text"]).toContain(`the value stored under "${key}" in `);
      }

      // Further requests must not flood its log.
      const before = cluster.logs.length;
      for (let times = 0; times < 200; times++)
        cluster.request("n0", { type: name === "kafka" ? "poll" : "read", offsets: {} });
      await cluster.settle();
      const remarks = cluster.logs.slice(before).filter((log) => log.includes("Cannot start"));
      expect(remarks.length).toBeLessThanOrEqual(1);

      store(mended as Json);
      await cluster.advance(1000);
      expect(await cluster.ask("n0", request)).toMatchObject(done);
    },
  );
});

test("broadcast --durable shows its stored values once they can be read, without a new broadcast", async () => {
  const cluster = new TestCluster({
    nodeIds: ["n0"],
    program: challenge("broadcast"),
    options: { durable: true },
  });
  const store = (value: Json) => cluster.linKv.write("broadcast/n0/0", value);
  store("foreign");
  expect(await cluster.ask("n0", { type: "read" })).toMatchObject({ messages: [] });
  await cluster.advance(5000);
  store({ id: "before", record: ["n0~before", 0, 8] });
  await cluster.ask("n0", { type: "read" });
  await cluster.settle();
  expect(await cluster.ask("n0", { type: "read" })).toMatchObject({ messages: [8] });
});
