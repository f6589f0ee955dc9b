import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import fc from "fast-check";
import { decode } from "../../lib/protocol/codec.ts";
import { TestHost } from "../../lib/testing/index.ts";
import { type AnyProgram, KVNode, type Message } from "../../lib/vortex/index.ts";
import { bindOptions } from "../../lib/vortex/program.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { simulationSeeds } from "../support/seeds.ts";
import { challenge } from "../support/simulations/challenges.ts";
import { BROKEN_NODES } from "./broken-nodes.ts";
import { fuzzBinary } from "./fuzz-binary.ts";
import { FuzzedNode, fuzzInProcess } from "./fuzz-in-process.ts";
import { NODE_IDS } from "./noise.ts";
import { echo, SUBJECTS } from "./subjects.ts";

setDefaultTimeout(120_000);

const LINES = 3000;
const GIANT_BYTES = 500_000;

const cases = Object.keys(SUBJECTS).flatMap((name) =>
  simulationSeeds(1).map((seed) => [name, seed] as const),
);

describe("A compiled node under noise", () => {
  test.each(cases)(
    "of %s replies correctly and once to every request, and prints only messages, seed %d",
    async (name, seed) => {
      const result = await fuzzBinary(name, { lines: LINES, seed, giantBytes: GIANT_BYTES });
      expect(result.problems).toEqual([]);
      // Much of the noise must reach the handlers.
      expect(result.expectedReplies).toBeGreaterThan(LINES / 5);
      expect(result.probes).toBeGreaterThan(LINES / 50);
      if (process.platform === "linux") expect(result.maxMemoryBytes).toBeLessThan(400e6);
    },
  );
});

describe("An in-process node under noise", () => {
  test.each(cases)(
    "of %s replies correctly and once to every request, seed %d",
    async (name, seed) => {
      const checker = await fuzzInProcess(name, { lines: LINES, seed });
      expect(checker.problems).toEqual([]);
      expect(checker.expectedReplies).toBeGreaterThan(LINES / 5);
    },
  );

  const key = fc.oneof(
    fc.constantFrom("src", "dest", "body", "type", "msg_id", "in_reply_to", "echo", "__proto__"),
    fc.string(),
  );
  const { json } = fc.letrec((tie) => ({
    json: fc.oneof(
      { withCrossShrink: true },
      fc.constantFrom("null", "true", "0", "-0", "1.0", "1e400", "9007199254740993", "1e15"),
      fc.string({ unit: "binary" }).map((text) => JSON.stringify(text)),
      fc.array(tie("json")).map((items) => `[${items.join(",")}]`),
      tie("object"),
    ),
    object: fc
      .array(fc.tuple(key, tie("json")))
      .map(
        (fields) =>
          `{${fields.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`,
      ),
  }));
  const field = (name: string, usual: string) =>
    fc
      .oneof({ weight: 4, arbitrary: fc.constant(usual) }, json)
      .map((text) => `${JSON.stringify(name)}:${text}`);
  const stray = fc.tuple(key, json).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  const body = fc
    .tuple(
      field("type", '"echo"'),
      field("msg_id", "1"),
      field("echo", "[1.0]"),
      fc.array(stray, { maxLength: 2 }),
    )
    .map(([type, id, value, strays]) => `{${[type, id, value, ...strays].join(",")}}`);
  const message = fc
    .tuple(field("src", '"c1"'), field("dest", '"n0"'), body, fc.array(stray, { maxLength: 1 }))
    .map(([src, dest, text, strays]) => `{${[src, dest, `"body":${text}`, ...strays].join(",")}}`);
  const line = fc
    .oneof(
      { weight: 4, arbitrary: message.map((text) => new TextEncoder().encode(text)) },
      json.map((text) => new TextEncoder().encode(String(text))),
      fc.uint8Array(),
    )
    .map((bytes) => Buffer.concat([bytes.filter((byte) => byte !== 0x0a), Uint8Array.of(0x0a)]));

  test("replies once to every request, for arbitrary bytes and fields", () =>
    fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1 }), fc.nat(), async (lines, seed) => {
        const node = new FuzzedNode(challenge("echo"), echo(), seed);
        await node.initialize();
        for (const bytes of lines) await node.noise(bytes);
        await node.waitForReplies();
        await node.end();
        expect(node.checker.problems).toEqual([]);
      }),
    ));
});

describe("The templates of the noise", () => {
  test.each(Object.entries(SUBJECTS))("for %s are well-formed requests", (name, makeSubject) => {
    const host = new TestHost();
    const node = new KVNode(host, bindOptions(challenge(name)));
    const random = randomStream(1, "templates");
    const send = (fields: string[]) =>
      node.receive(parsed(`{"src":"n1","dest":"n0","body":{${fields.join(",")}}}`));
    send([
      '"type":"init"',
      '"msg_id":0',
      '"node_id":"n0"',
      `"node_ids":${JSON.stringify(NODE_IDS)}`,
    ]);
    for (const template of makeSubject().templates) {
      if (template.type === '"init"') continue;
      const fields = Object.entries(template).map(
        ([key, text]) => `"${key}":${typeof text === "string" ? text : text(random)}`,
      );
      send([...fields, '"msg_id":1']);
    }
    const malformed = host.takeSent().filter(({ body }) => body["code"] === 12);
    expect(malformed).toEqual([]);
  });

  function parsed(line: string): Message {
    const decoded = decode(line);
    if (!decoded.ok) throw new Error(`${decoded.reason}: ${line}`);
    return decoded.message;
  }
});

describe("The fuzzer detects a node that", () => {
  const broken = Object.entries(BROKEN_NODES);

  // At once: most of them wait for what never comes.
  test.concurrent.each(broken)("%s", async (name, { shows, patienceMs }) => {
    const command = [process.execPath, join(import.meta.dir, "broken-nodes.ts"), name];
    const { problems } = await fuzzBinary("echo", {
      lines: 2000,
      seed: 1,
      giantBytes: 1000,
      command,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    });
    expect(problems).toContainEqual(expect.stringMatching(shows));
  });

  test.each(broken.filter(([, { isInProcess }]) => isInProcess))(
    "%s, in process",
    async (_, { program, shows }) => {
      const checker = await fuzzInProcess("echo", {
        lines: LINES,
        seed: 1,
        program: program as AnyProgram,
      });
      expect(checker.problems).toContainEqual(expect.stringMatching(shows));
    },
  );
});
