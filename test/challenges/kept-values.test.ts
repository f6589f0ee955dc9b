/**
 * Every value that a challenge accepts can be sent to other nodes, stored, read back and returned. No
 * value breaks a message or a batch that contains it.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TestCluster } from "../../lib/testing/index.ts";
import { type AnyBody, parseJson, stringifyJson } from "../../lib/vortex/index.ts";
import { challenge } from "../support/simulations/challenges.ts";

/** Maximum nesting depth of values. */
const MAX_DEPTH = 1000;

const CONTAINERS = [
  ["[", "]"],
  ['{"a":', "}"],
  ['{"__proto__":', "}"],
  ['[0,{"":', "},1.0]"],
] as const;

const integerText = fc.oneof(
  fc.integer().map(String),
  fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }).map(String),
  fc.constantFrom("0", "-0", "2147483648", "-1", "9007199254740993", "18446744073709551616"),
);

const leafText = fc.oneof(
  integerText,
  fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
  fc.constantFrom("null", "true", "[]", "{}", "1.0", "1e400", "-1e-400", '"\\ud800"', '"\\u0000"'),
);

/** A JSON text and its nesting depth. */
interface Text {
  readonly text: string;
  readonly depth: number;
}

const anyText: fc.Arbitrary<Text> = fc
  .record({
    leaf: leafText,
    wrappers: fc.oneof(fc.nat(3), {
      arbitrary: fc.constantFrom(MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1, 20_000),
      weight: 1,
    }),
    container: fc.constantFrom(...CONTAINERS),
  })
  .map(({ leaf, wrappers, container: [open, close] }) => {
    const perWrapper = [...open].filter((sign) => sign === "[" || sign === "{").length;
    const own = leaf === "[]" || leaf === "{}" ? 1 : 0;
    const count = Math.floor(wrappers / perWrapper);
    return {
      text: `${open.repeat(count)}${leaf}${close.repeat(count)}`,
      depth: count * perWrapper + own,
    };
  });

const integerOnly: fc.Arbitrary<Text> = integerText.map((text) => ({ text, depth: 0 }));

interface Case {
  readonly name: string;
  readonly options?: AnyBody;
  readonly texts?: fc.Arbitrary<Text>;
  /** Gives a node values, all at once. */
  give(value: unknown, index: number): AnyBody;
  /** Asks for the value at this index of those given. */
  ask(index: number): AnyBody;
  /** Whether the reply shows the value. */
  shows(answer: AnyBody, text: string, index: number): boolean;
}

const isIn = (list: unknown, text: string) =>
  Array.isArray(list) && list.some((value) => stringifyJson(value) === text);

const broadcast = (options: AnyBody): Case => ({
  name: "broadcast",
  options,
  give: (message) => ({ type: "broadcast", message }),
  ask: () => ({ type: "read" }),
  shows: ({ messages }, text) => isIn(messages, text),
});

const KEYS = ["7", "__proto__", "constructor"];
const keyOf = (index: number) => KEYS[index % KEYS.length] ?? "";

const kafka = (options: AnyBody): Case => ({
  name: "kafka",
  options,
  give: (msg, index) => ({ type: "send", key: keyOf(index), msg }),
  ask: (index) => ({ type: "poll", offsets: parseJson(`{"${keyOf(index)}":0}`) }),
  shows: ({ msgs }, text, index) => {
    const polled = new Map(Object.entries(msgs as Record<string, [number, unknown][]>));
    return (polled.get(keyOf(index)) ?? []).some(([, msg]) => stringifyJson(msg) === text);
  },
});

const CASES: readonly Case[] = [
  broadcast({}),
  broadcast({ flushMs: 0 }),
  broadcast({ durable: true }),
  {
    name: "g-set",
    give: (element) => ({ type: "add", element }),
    ask: () => ({ type: "read" }),
    shows: ({ value }, text) => isIn(value, text),
  },
  kafka({}),
  kafka({ durable: false }),
  {
    name: "txn-rw-register",
    texts: integerOnly,
    give: (value, index) => ({ type: "txn", txn: [["w", index, value]] }),
    ask: (index) => ({ type: "txn", txn: [["r", index, null]] }),
    shows: ({ txn }, text) => stringifyJson((txn as [string, number, unknown][])[0]?.[2]) === text,
  },
  {
    name: "txn-rw-register",
    texts: integerOnly,
    give: (key, index) => ({ type: "txn", txn: [["w", key, index]] }),
    ask: () => ({ type: "txn", txn: [["r", 0, null]] }),
    shows: ({ type }) => type === "txn_ok",
  },
];

describe("Every accepted value", () => {
  test.each(CASES.map((one) => [one.name, JSON.stringify(one.options ?? {}), one] as const))(
    "of %s %s reaches the other node, and the same node after a kill",
    async (name, _, { options = {}, texts = anyText, give, ask, shows }) => {
      const program = challenge(name);
      const property = fc.asyncProperty(
        fc.array(texts, { minLength: 1, maxLength: 20 }),
        async (given) => {
          const cluster = new TestCluster({ nodeIds: ["n0", "n1"], program, options });
          await cluster.advance(1000);
          const replies = given.map(({ text }, index) =>
            cluster.request("n0", give(parseJson(text), index)),
          );
          await cluster.advance(3000);
          for (const [index, { depth }] of given.entries()) {
            const code = depth > MAX_DEPTH ? 12 : undefined;
            expect(replies[index]?.()?.["code"]).toBe(code);
          }
          const accepted = [...given.entries()].filter(([, { depth }]) => depth <= MAX_DEPTH);
          const expectAllAt = async (node: string) => {
            for (const [index, { text }] of accepted) {
              expect(shows(await cluster.ask(node, ask(index)), text, index)).toBe(true);
            }
          };
          await expectAllAt("n1");
          cluster.start("n0");
          await cluster.advance(1000);
          await cluster.ask("n0", ask(0));
          await cluster.advance(3000);
          await expectAllAt("n0");
          expect(cluster.logs.filter((log) => log.includes("Error"))).toEqual([]);
        },
      );
      await fc.assert(property, { numRuns: Number(process.env["FC_RUNS"] ?? 15) });
    },
  );
});
