import { describe, expect, test } from "bun:test";
import { shorten } from "../../lib/protocol/shorten.ts";
import { SERVICES } from "../../lib/services/index.ts";
import { TestHost } from "../../lib/testing/index.ts";
import { type AnyBody, KVNode, parseJson } from "../../lib/vortex/index.ts";
import { bindOptions } from "../../lib/vortex/program.ts";
import { randomStream } from "../../lib/workbench/random.ts";
import { receive, settled } from "../support/fake-host.ts";
import { challenge } from "../support/simulations/challenges.ts";

/** One node of a challenge, with the services. */
class Alone {
  readonly #host = new TestHost();
  readonly #node: KVNode;
  readonly #services = new Map(
    Object.entries(SERVICES).map(([name, make]) => [name, make(randomStream(1, name))]),
  );
  #lastId = 0;

  constructor(name: string) {
    this.#node = new KVNode(this.#host, bindOptions(challenge(name)));
  }

  /** Sends a request, lets services answer and time pass, and returns the reply. */
  async ask(body: AnyBody): Promise<AnyBody> {
    const id = ++this.#lastId;
    receive(this.#node, { ...body, msg_id: id });
    for (let waits = 0; waits < 200; ) {
      await settled();
      const sent = this.#host.takeSent();
      for (const { dest, src, body: asked } of sent) {
        if (dest === "c1" && asked["in_reply_to"] === id) return asked;
        const reply = this.#services.get(dest)?.handle(src, asked);
        if (reply !== undefined) receive(this.#node, reply, dest);
      }
      if (sent.length > 0) continue;
      await this.#host.clock.advance(20);
      waits++;
    }
    throw new Error(`No reply to ${JSON.stringify(body)}`);
  }
}

interface Case {
  readonly challenge: string;
  /** A valid request. */
  readonly request: { readonly type: string; readonly [field: string]: unknown };
  /** For each field, JSON texts that it must not hold. */
  readonly wrong: { readonly [field: string]: readonly string[] };
  /** Requests whose replies show the state. */
  readonly reads: readonly AnyBody[];
}

const NO_INTEGER = ['"1"', "1.5", "1.0", "1e400", "9007199254740993", "null", "true", "[]", "{}"];
const NO_TEXT = ["1", "null", "true", "[]", "{}", '{"__proto__":"a"}'];
const NO_OFFSETS = ["1", '"7"', "null", "[]", '{"7":"1"}', '{"7":1.5}', '{"7":null}', '{"7":1.0}'];
/** Values that could not be encoded again: one in a set or a log would make every message with it fail. */
const TOO_DEEP = [1001, 5000, 20_000].map((depth) => "[".repeat(depth) + "]".repeat(depth));
const READ = { type: "read" };
const POLLS = [
  { type: "poll", offsets: { 7: 0 } },
  { type: "list_committed_offsets", keys: ["7"] },
];

const CASES: readonly Case[] = [
  {
    challenge: "echo",
    request: { type: "echo", echo: 1 },
    wrong: { echo: [] },
    reads: [{ type: "echo", echo: 1 }],
  },
  {
    challenge: "broadcast",
    request: { type: "broadcast", message: 1 },
    wrong: { message: TOO_DEEP },
    reads: [READ],
  },
  {
    challenge: "g-set",
    request: { type: "add", element: 1 },
    wrong: { element: TOO_DEEP },
    reads: [READ],
  },
  {
    challenge: "g-counter",
    request: { type: "add", delta: 1 },
    wrong: { delta: [...NO_INTEGER, "-1"] },
    reads: [READ],
  },
  {
    challenge: "pn-counter",
    request: { type: "add", delta: -1 },
    wrong: { delta: NO_INTEGER },
    reads: [READ],
  },
  {
    challenge: "kafka",
    request: { type: "send", key: "7", msg: 1 },
    wrong: { key: NO_TEXT, msg: TOO_DEEP },
    reads: POLLS,
  },
  {
    challenge: "kafka",
    request: { type: "poll", offsets: { 7: 0 } },
    wrong: { offsets: NO_OFFSETS },
    reads: POLLS,
  },
  {
    challenge: "kafka",
    request: { type: "commit_offsets", offsets: { 7: 0 } },
    wrong: { offsets: NO_OFFSETS },
    reads: POLLS,
  },
  {
    challenge: "kafka",
    request: { type: "list_committed_offsets", keys: ["7"] },
    wrong: { keys: ["1", '"7"', "null", "{}", "[1]", "[null]", '[["7"]]'] },
    reads: POLLS,
  },
  {
    challenge: "txn-rw-register",
    request: { type: "txn", txn: [["w", 1, 5]] },
    wrong: {
      txn: [
        ...["1", '"r"', "null", "{}", "[1]", "[[]]", '["r",1,null]', '[["x",1,2]]', '[["r",1]]'],
        ...[
          '[["w",1,null]]',
          '[["w",1,"a"]]',
          '[["w",1,1.5]]',
          '[["w","1",1]]',
          '[["r",null,null]]',
        ],
        ...['[["r",1,null,4]]', '[["w",1,9],["w",1]]', '[["w",1,9],["append",1,2]]', '[{"0":"r"}]'],
      ],
    },
    reads: [{ type: "txn", txn: [["r", 1, null]] }],
  },
];

const cases = CASES.flatMap(({ challenge: name, request, wrong, reads }) =>
  Object.entries({ ...wrong, type: NO_TEXT }).flatMap(([field, values]) => {
    const { [field]: _, ...without } = request;
    const spoilt = values.map((text) => ({ ...request, [field]: parseJson(text) }));
    return [without, ...spoilt].map((body) => ({ name, request, field, body, reads }));
  }),
);

/** Messages between nodes, and requests that show whether they had an effect. */
const AMONG_NODES = [
  ["broadcast", { type: "eager", values: [7] }, [READ]],
  ["broadcast", { type: "gossip", from: "n1~a", have: [], news: [["n1~a", 0, 7]] }, [READ]],
  ["g-counter", { type: "local" }, [READ]],
  ["pn-counter", { type: "local" }, [READ]],
  [
    "kafka",
    {
      type: "push",
      from: 0,
      records: [{ time: 0, messages: [["7", 7]], commits: [["7", 7]] }],
      watermark: 9,
      knownRecords: 0,
      knownWatermark: 0,
      wantsAck: true,
    },
    POLLS,
  ],
  [
    "txn-rw-register",
    { type: "replicate", from: "a", ack: 0, wantsAck: true, snapshot: [[1, 7, 7, "a"]] },
    [{ type: "txn", txn: [["r", 1, null]] }],
  ],
] as const;

/** Asks a node for everything that shows its state. */
async function initialized(name: string) {
  const node = new Alone(name);
  await node.ask({ type: "init", node_id: "n0", node_ids: ["n0"] });
  return {
    ask: (body: AnyBody) => node.ask(body),
    look: async (reads: readonly AnyBody[]) => {
      const shown: AnyBody[] = [];
      for (const read of reads) {
        const { in_reply_to: _, ...answer } = await node.ask(read);
        shown.push(answer);
      }
      return shown;
    },
  };
}

describe("Every challenge", () => {
  test.each(cases.map((one) => [one.name, shorten(JSON.stringify(one.body)), one] as const))(
    "%s replies malformed-request (12) to %s, names the field, and changes nothing",
    async (name, _, { request, field, body, reads }) => {
      const { ask, look } = await initialized(name);
      await ask(request);
      const before = await look(reads);
      const { type, code, text } = await ask(body);
      expect({ type, code }).toEqual({ type: "error", code: 12 });
      expect(text).toMatch(new RegExp(`"${field}[".]`));
      expect(await look(reads)).toEqual(before);
    },
  );

  test.each(AMONG_NODES)(
    "%s replies malformed-request (12) to a client that sends %o, and changes nothing",
    async (name, body, reads) => {
      const { ask, look } = await initialized(name);
      const before = await look(reads);
      const text = `Nodes send each other "${body.type}", but "c1" is not a peer`;
      expect(await ask(body)).toMatchObject({ type: "error", code: 12, text });
      expect(await look(reads)).toEqual(before);
    },
  );
});
