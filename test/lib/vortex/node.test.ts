import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import {
  type AnyBody,
  type Node,
  type OutgoingBody,
  parseJson,
  type Request,
  RpcError,
} from "../../../lib/vortex/index.ts";
import { INIT, newNode, receive, settled, startNode } from "../../support/fake-host.ts";

const Any = v.object({});
const Read = v.object({ key: v.string() });

describe("Node before init", () => {
  test("does not run its program", () => {
    let runs = 0;
    newNode(() => void runs++);
    expect(runs).toBe(0);
  });

  test("replies temporarily-unavailable (11), under the name it was addressed by", () => {
    const { node, host } = newNode((starting) => starting.handle("read", Read, () => {}));
    receive(node, { type: "read", msg_id: 7, key: "a" }, "c3", "n9");
    expect(host.takeSent()).toEqual([
      {
        src: "n9",
        dest: "c3",
        body: {
          type: "error",
          in_reply_to: 7,
          code: 11,
          text: 'n9 is not initialized: "read" came before "init"',
        },
      },
    ]);
  });

  test("drops replies", () => {
    const { node, host } = newNode();
    receive(node, { type: "read_ok", in_reply_to: 1 });
    expect(host.takeSent()).toEqual([]);
  });

  test("replies malformed-request (12) to a malformed init, and init_ok to the next one", () => {
    const { node, host } = newNode();
    receive(node, { ...INIT, node_ids: "n0" });
    receive(node, INIT);
    expect(host.takeBodies()).toEqual([
      {
        type: "error",
        in_reply_to: 1,
        code: 12,
        text: 'Malformed "init": "node_ids" must be an array, but is "n0"',
      },
      { type: "init_ok", in_reply_to: 1 },
    ]);
  });
});

describe("Node at init", () => {
  test("replies init_ok", () => {
    const { node, host } = newNode();
    receive(node, INIT, "c0");
    expect(host.takeSent()).toEqual([
      { src: "n0", dest: "c0", body: { type: "init_ok", in_reply_to: 1 } },
    ]);
  });

  test("takes its name, all nodes in the order of the message, and its peers from it", () => {
    const { node } = newNode();
    receive(node, { ...INIT, node_id: "n1", node_ids: ["n2", "n1", "n10"] });
    expect(node.id).toBe("n1");
    expect(node.nodeIds).toEqual(["n2", "n1", "n10"]);
    expect(node.peers).toEqual(["n2", "n10"]);
  });

  test("ignores duplicate names", () => {
    const { node } = newNode();
    receive(node, { ...INIT, node_ids: ["n0", "n1", "n0", "n1"] });
    expect(node.nodeIds).toEqual(["n0", "n1"]);
  });

  test("runs the program, which has its name and peers", () => {
    const seen: unknown[] = [];
    startNode(({ id, nodeIds, peers, neighbours }) => {
      seen.push(id, nodeIds, peers, neighbours);
    });
    expect(seen).toEqual(["n0", ["n0", "n1", "n2"], ["n1", "n2"], ["n1", "n2"]]);
  });

  test("sends the messages of the program after init_ok, as they were when sent", () => {
    const values = [1];
    const { node, host } = newNode((starting) => {
      starting.send("n1", { type: "hello", values });
      values.push(2);
      starting.rpc("n2", { type: "ask" }, Any, () => {});
      expect(host.takeSent()).toEqual([]);
    });
    receive(node, INIT);
    expect(host.takeBodies()).toEqual([
      { type: "init_ok", in_reply_to: 1 },
      { type: "hello", values: [1] },
      { type: "ask", msg_id: 1 },
    ]);
  });

  test("delays init_ok until a promise resolves, but no message of the program", async () => {
    const ready = Promise.withResolvers<void>();
    const { node, host } = newNode((starting) => {
      starting.delayInit(ready.promise);
      starting.send("n1", { type: "hello" });
    });
    receive(node, INIT);
    expect(host.takeBodies()).toEqual([{ type: "hello" }]);
    ready.resolve();
    await settled();
    expect(host.takeBodies()).toEqual([{ type: "init_ok", in_reply_to: 1 }]);
  });

  test("replies with the error of the promise that init_ok waits for", async () => {
    const { node, host } = newNode((starting) => {
      starting.delayInit(Promise.reject(new Error("No peer answers")));
    });
    receive(node, INIT);
    await settled();
    const [reply, ...others] = host.takeBodies();
    expect(reply).toMatchObject({ type: "error", code: 13, in_reply_to: 1 });
    expect(reply?.["text"]).toContain("No peer answers");
    expect(others).toEqual([]);
  });

  test("throws to a program that delays init_ok when it was sent", () => {
    const { node } = startNode();
    expect(() => node.delayInit(Promise.resolve())).toThrow("Cannot delay init_ok: it was sent");
  });

  test("throws to a program that sends what is not JSON", () => {
    const { host } = startNode((starting) => {
      expect(() => starting.send("n1", { type: "big", value: 1n })).toThrow(TypeError);
    });
    expect(host.sent).toEqual([]);
  });

  test("replies crash (13) when the program throws, and undoes what it did", async () => {
    let runs = 0;
    const { node, host } = newNode((starting) => {
      starting.handle("read", Any, () => ({ type: "read_ok" }));
      starting.send("n1", { type: "hello" });
      starting.every(10, () => starting.log("tick"));
      starting.rpc("n1", { type: "ask" }, Any, () => {});
      if (++runs === 1) throw new RpcError("abort", "no luck");
    });
    receive(node, INIT);
    receive(node, { type: "read", msg_id: 2 });
    expect(host.takeBodies()).toMatchObject([
      {
        type: "error",
        in_reply_to: 1,
        code: 13,
        text: expect.stringMatching(/^RpcError: no luck \(at .*node\.test\.ts:\d+:\d+\)?\)$/),
      },
      { type: "error", in_reply_to: 2, code: 11 },
    ]);
    expect(host.clock.pendingTimers).toBe(0);
    expect(host.logged).toHaveLength(1);
    expect(host.logged[0]).toStartWith("Error in program: RpcError: no luck\n");

    receive(node, INIT);
    receive(node, { type: "read", msg_id: 2 });
    expect(host.takeBodies().map(({ type }) => type)).toEqual([
      "init_ok",
      "hello",
      "ask",
      "read_ok",
    ]);
  });

  test("logs the rejection of an asynchronous program, after init_ok", async () => {
    const { node, host } = newNode(async (starting) => {
      await starting.sleep(10);
      throw new Error("too late");
    });
    receive(node, INIT);
    expect(host.takeBodies()).toEqual([{ type: "init_ok", in_reply_to: 1 }]);
    await host.clock.advance(10);
    expect(host.logged[0]).toStartWith("Error in program: Error: too late\n");
  });

  test.each([
    ["only other nodes", ["n1", "n2"]],
    ["an inherited property name", ["__proto__", "constructor"]],
  ])("replies malformed-request (12) to node_ids with %s, and accepts a later init", (_, ids) => {
    const { node, host } = newNode();
    receive(node, { ...INIT, node_ids: ids });
    receive(node, INIT);
    expect(host.takeBodies()).toEqual([
      {
        type: "error",
        in_reply_to: 1,
        code: 12,
        text: 'Malformed "init": "node_ids" must contain the node\'s own id, "n0"',
      },
      { type: "init_ok", in_reply_to: 1 },
    ]);
    expect(node.peers).toEqual(["n1", "n2"]);
  });
});

describe("Node at an init with empty node_ids", () => {
  test("is the only node", () => {
    const { node, host } = newNode();
    receive(node, { ...INIT, node_ids: [] });
    expect(host.takeBodies()).toEqual([{ type: "init_ok", in_reply_to: 1 }]);
    expect([node.nodeIds, node.peers]).toEqual([["n0"], []]);
  });
});

describe("Node at a second init", () => {
  /** A node that has handled messages, and the number of runs of its program. */
  function atWork() {
    const state = { runs: 0 };
    const started = startNode(() => void state.runs++);
    receive(started.node, { type: "topology", msg_id: 2, topology: { n0: ["n2"] } });
    started.host.takeSent();
    return { ...started, state };
  }

  test("of the same name and nodes replies init_ok, and changes nothing", () => {
    const { node, host, state } = atWork();
    const id = node.generateId();
    receive(node, { ...INIT, msg_id: 3, node_ids: [...INIT.node_ids, "n0"] }, "c9");
    expect(host.takeSent()).toEqual([
      { src: "n0", dest: "c9", body: { type: "init_ok", in_reply_to: 3 } },
    ]);
    expect([node.id, node.peers, node.neighbours]).toEqual(["n0", ["n1", "n2"], ["n2"]]);
    expect(node.generateId()).toStartWith(id.slice(0, -1));
    expect(state.runs).toBe(1);
  });

  test.each([
    ["another name", "n1", ["n0", "n1", "n2"], '"n1" of n0, n1, n2'],
    ["other nodes", "n0", ["n0", "n1", "n3"], '"n0" of n0, n1, n3'],
    ["fewer nodes", "n0", ["n0", "n1"], '"n0" of n0, n1'],
    ["another order of nodes", "n0", ["n1", "n0", "n2"], '"n0" of n1, n0, n2'],
  ])("of %s replies precondition-failed (22), and changes nothing", (_, id, ids, wanted) => {
    const { node, host, state } = atWork();
    receive(node, { ...INIT, msg_id: 3, node_id: id, node_ids: ids }, "c9");
    const text = `Cannot become ${wanted}: this process is "n0" of n0, n1, n2`;
    expect(host.takeSent()).toEqual([
      { src: "n0", dest: "c9", body: { type: "error", in_reply_to: 3, code: 22, text } },
    ]);
    expect([node.id, node.nodeIds, node.peers, node.neighbours]).toEqual([
      "n0",
      ["n0", "n1", "n2"],
      ["n1", "n2"],
      ["n2"],
    ]);
    expect(state.runs).toBe(1);
  });
});

describe("Node neighbours", () => {
  test("are all peers until a topology arrives", () => {
    expect(startNode().node.neighbours).toEqual(["n1", "n2"]);
  });

  test("are those of the last topology", () => {
    const { node, host } = startNode();
    receive(node, { type: "topology", msg_id: 1, topology: { n0: ["n1"], n1: ["n0"], n2: [] } });
    expect(node.neighbours).toEqual(["n1"]);
    receive(node, { type: "topology", msg_id: 2, topology: { n0: ["n2"] } });
    expect(node.neighbours).toEqual(["n2"]);
    expect(host.takeBodies()).toEqual([
      { type: "topology_ok", in_reply_to: 1 },
      { type: "topology_ok", in_reply_to: 2 },
    ]);
  });

  test("are none when the topology omits the node, as Maelstrom's line of one node does", () => {
    const { node } = startNode();
    receive(node, { type: "topology", msg_id: 1, topology: {} });
    expect(node.neighbours).toEqual([]);
  });

  test("are none for a node named like an inherited property", () => {
    const { node } = newNode();
    receive(node, { ...INIT, node_id: "toString", node_ids: ["toString"] });
    receive(node, { type: "topology", msg_id: 1, topology: {} });
    expect(node.neighbours).toEqual([]);
  });

  test("are in the topology's order, without the node itself and names that are not a peer's", () => {
    const { node } = startNode();
    const n0 = ["n2", "n9", "n0", "c1", "__proto__", "n1", "n2"];
    receive(node, { type: "topology", msg_id: 1, topology: { n0 } });
    expect(node.neighbours).toEqual(["n2", "n1"]);
  });

  test("do not change when a topology is malformed", () => {
    const { node, host } = startNode();
    receive(node, { type: "topology", msg_id: 1, topology: { n0: "n1" } });
    expect(host.takeBodies()).toMatchObject([{ type: "error", code: 12 }]);
    expect(node.neighbours).toEqual(["n1", "n2"]);
  });

  test("are all peers if the program handles topology itself", () => {
    const { node, host } = startNode((starting) => {
      starting.handle("topology", Any, (request) => starting.reply(request, { type: "mine" }));
    });
    receive(node, { type: "topology", msg_id: 1, topology: { n0: [] } });
    expect(host.takeBodies()).toEqual([{ type: "mine", in_reply_to: 1 }]);
    expect(node.neighbours).toEqual(["n1", "n2"]);
  });
});

describe("Node.handle", () => {
  test("calls the handler with sender, receiver, msg_id and the output of the schema", () => {
    const requests: Request<{ key: string }>[] = [];
    const { node } = startNode((starting) => {
      starting.handle("read", Read, (request) => void requests.push(request));
    });
    receive(node, { type: "read", msg_id: 4, key: "a", extra: true }, "c8", "n0");
    expect(requests).toEqual([
      { src: "c8", dest: "n0", msg_id: 4, body: { key: "a" }, answered: false },
    ]);
  });

  test("refuses a second handler for one type", () => {
    const { node } = startNode((starting) => starting.handle("read", Any, () => {}));
    expect(() => node.handle("read", Any, () => {})).toThrow(
      'Cannot register handler for "read": one is already registered',
    );
  });

  test("refuses a handler for init", () => {
    expect(() => startNode().node.handle("init", Any, () => {})).toThrow(
      'Cannot register handler for "init"',
    );
  });

  test("treats types named like inherited properties as any other", () => {
    const { node, host } = startNode();
    for (const type of ["constructor", "__proto__", "toString"]) {
      receive(node, { type, msg_id: 2 });
    }
    expect(host.takeBodies().map(({ code }) => code)).toEqual([10, 10, 10]);
  });
});

/** The messages and log lines of a node whose handler of "read" does nothing. */
function answers(body: AnyBody): { bodies: AnyBody[]; logged: readonly string[] } {
  const { node, host } = startNode((starting) => starting.handle("read", Read, () => {}));
  receive(node, body);
  return { bodies: host.takeBodies(), logged: host.logged };
}

describe("Node.handlePeer", () => {
  const listen = () => {
    const heard: string[] = [];
    const started = startNode((starting) => {
      starting.handlePeer("gossip", Read, ({ src, body }) => {
        heard.push(`${src}: ${body.key}`);
      });
    });
    return { ...started, heard };
  };

  test("calls the handler with messages of a peer", () => {
    const { node, heard } = listen();
    receive(node, { type: "gossip", key: "a" }, "n2");
    expect(heard).toEqual(["n2: a"]);
  });

  test.each(["c1", "n3", "n0", "seq-kv", "__proto__", ""])(
    "replies malformed-request (12) to %p, which is not a peer",
    (src) => {
      const { node, host, heard } = listen();
      receive(node, { type: "gossip", key: "a", msg_id: 4 }, src);
      const text = `Nodes send each other "gossip", but "${src}" is not a peer`;
      expect(host.takeBodies()).toEqual([{ type: "error", in_reply_to: 4, code: 12, text }]);
      expect(heard).toEqual([]);
    },
  );

  test("replies with the error of the handler, synchronous or not", async () => {
    const { node, host } = startNode((starting) => {
      starting.handlePeer("now", Any, () => {
        throw new RpcError("abort", "now");
      });
      starting.handlePeer("later", Any, async () => {
        throw new RpcError("abort", "later");
      });
    });
    receive(node, { type: "now", msg_id: 1 }, "n1");
    receive(node, { type: "later", msg_id: 2 }, "n1");
    await settled();
    expect(host.takeBodies().map(({ code, text }) => [code, text])).toEqual([
      [14, "now"],
      [14, "later"],
    ]);
  });
});

describe("Node replies", () => {
  test("not-supported (10) to a message type without a handler", () => {
    expect(answers({ type: "frob", msg_id: 2 }).bodies).toEqual([
      { type: "error", in_reply_to: 2, code: 10, text: 'No handler for "frob"' },
    ]);
  });

  test("malformed-request (12) to a body that its schema refuses, and names field, expectation and value", () => {
    expect(answers({ type: "read", msg_id: 2, key: 5 }).bodies).toEqual([
      {
        type: "error",
        in_reply_to: 2,
        code: 12,
        text: 'Malformed "read": "key" must be a string, but is 5',
      },
    ]);
  });

  test("crash (13) to a body that makes its schema throw, and logs the stack trace", () => {
    const { node, host } = startNode((starting) => {
      const Parsed = v.pipe(v.string(), v.transform(JSON.parse));
      starting.handle("parse", v.object({ text: Parsed }), () => {});
    });
    receive(node, { type: "parse", msg_id: 2, text: "{" });
    expect(host.takeBodies()).toMatchObject([{ type: "error", in_reply_to: 2, code: 13 }]);
    expect(host.logged[0]).toStartWith('Error in handler of "parse": SyntaxError: ');
  });

  test("malformed-request (12) to a body without a type, or with one that is not a string", () => {
    expect(answers({ msg_id: 2 }).bodies).toMatchObject([
      { code: 12, in_reply_to: 2, text: '"type" is missing' },
    ]);
    expect(answers({ msg_id: 2, type: 5 }).bodies).toMatchObject([
      { code: 12, in_reply_to: 2, text: '"type" must be a string, but is 5' },
    ]);
  });

  test.each(["0", "-1", "9007199254740993", "123456789012345678901234567890"])(
    "to msg_id %s with that number, digit for digit",
    (text) => {
      const { bodies } = answers({ type: "frob", msg_id: parseJson(text) });
      expect(JSON.stringify(bodies[0]?.["in_reply_to"])).toBe(text);
    },
  );

  test("nothing to a request without msg_id, but logs the error", () => {
    expect(answers({ type: "frob" })).toEqual({
      bodies: [],
      logged: ['Message from c1 failed: No handler for "frob"'],
    });
  });

  test.each([['"5"'], ["1.0"], ["1.5"], ["null"], ["[1]"], ["true"]])(
    "nothing to a msg_id of %s, which no in_reply_to can match, but logs it",
    (text) => {
      const { bodies, logged } = answers({ type: "read", msg_id: parseJson(text), key: "a" });
      expect(bodies).toEqual([]);
      expect(logged).toHaveLength(1);
      expect(logged[0]).toStartWith('Message from c1 failed: "msg_id" must be an integer, but is ');
    },
  );

  test.each(["0", "null", '"x"', "1.0", "99"])(
    "nothing to an unsolicited reply, with in_reply_to %s",
    (text) => {
      const { bodies, logged } = answers({ type: "read", in_reply_to: parseJson(text), msg_id: 3 });
      expect([bodies, logged]).toEqual([[], []]);
    },
  );

  test("under its own name, whatever the dest of the request", () => {
    const { node, host } = startNode();
    receive(node, { type: "frob", msg_id: 2 }, "c1", "n7");
    expect(host.takeSent()).toMatchObject([{ src: "n0", dest: "c1", body: { code: 10 } }]);
  });

  test("with a text of bounded length to any request", () => {
    const long = "x".repeat(1_000_000);
    for (const body of [
      { type: long },
      { type: "read", key: { [long]: 1 } },
      { type: "read", [long]: 1 },
    ]) {
      const [error] = answers({ ...body, msg_id: 2 }).bodies;
      expect(JSON.stringify(error).length).toBeLessThan(1000);
    }
  });
});

describe("Node.reply", () => {
  test("sends the body to the sender, with in_reply_to", () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Read, (request) => {
        starting.reply(request, { type: "read_ok", value: [1, { deep: null }] });
      });
    });
    receive(node, { type: "read", msg_id: 0, key: "a" }, "c5");
    expect(host.takeSent()).toEqual([
      {
        src: "n0",
        dest: "c5",
        body: { type: "read_ok", value: [1, { deep: null }], in_reply_to: 0 },
      },
    ]);
  });

  test("replaces an in_reply_to in the body", () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, (request) => {
        starting.reply(request, { type: "read_ok", in_reply_to: 99 });
      });
    });
    receive(node, { type: "read", msg_id: 3 });
    expect(host.takeBodies()).toEqual([{ type: "read_ok", in_reply_to: 3 }]);
  });

  test("does nothing for a request without msg_id", () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, (request) => starting.reply(request, { type: "read_ok" }));
    });
    receive(node, { type: "read" });
    expect([host.takeSent(), host.logged]).toEqual([[], []]);
  });

  test("works long after the handler has returned, and marks the request as answered", async () => {
    const answered: boolean[] = [];
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, (request) => {
        starting.after(100, () => {
          answered.push(request.answered);
          starting.reply(request, { type: "read_ok" });
          answered.push(request.answered);
        });
      });
    });
    receive(node, { type: "read", msg_id: 1 });
    expect(host.takeSent()).toEqual([]);
    await host.clock.advance(100);
    expect(host.takeBodies()).toEqual([{ type: "read_ok", in_reply_to: 1 }]);
    expect(answered).toEqual([false, true]);
  });

  test("throws at a second reply, and sends only the first", () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, (request) => {
        starting.reply(request, { type: "read_ok" });
        starting.reply(request, { type: "again" });
      });
    });
    receive(node, { type: "read", msg_id: 1 });
    expect(host.takeBodies()).toEqual([{ type: "read_ok", in_reply_to: 1 }]);
    expect(host.logged.join()).toContain('Cannot reply "again" to c1: it has been replied to');
  });

  test("replies crash (13) in place of a body that is not JSON", () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, (request) => {
        starting.reply(request, { type: "read_ok", value: 1n });
      });
    });
    receive(node, { type: "read", msg_id: 1 });
    const bodies = host.takeBodies();
    expect(bodies).toMatchObject([{ type: "error", code: 13, in_reply_to: 1 }]);
    expect(bodies[0]?.["text"]).toStartWith("TypeError");
  });
});

describe("A reply that a handler returns", () => {
  /** The messages and log lines of a node whose handler returns a value. */
  async function returned(
    handler: (request: Request, node: Node) => OutgoingBody | Promise<OutgoingBody>,
    request: AnyBody = { msg_id: 2 },
  ) {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, (received) => handler(received, starting));
    });
    receive(node, { type: "read", ...request });
    await settled();
    return { bodies: host.takeBodies(), logged: host.logged };
  }

  test("is sent at once", () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Read, ({ body }) => ({ type: "read_ok", value: body.key }));
    });
    receive(node, { type: "read", msg_id: 0, key: "a" }, "c5");
    expect(host.takeSent()).toEqual([
      { src: "n0", dest: "c5", body: { type: "read_ok", value: "a", in_reply_to: 0 } },
    ]);
  });

  test("is sent when its promise resolves", async () => {
    const { bodies } = await returned(async () => ({ type: "read_ok" }));
    expect(bodies).toEqual([{ type: "read_ok", in_reply_to: 2 }]);
  });

  test("is sent to a peer too", () => {
    const { node, host } = startNode((starting) => {
      starting.handlePeer("ask", Any, () => ({ type: "ask_ok" }));
    });
    receive(node, { type: "ask", msg_id: 3 }, "n1");
    expect(host.takeBodies()).toEqual([{ type: "ask_ok", in_reply_to: 3 }]);
  });

  test("is not sent to a request without msg_id", async () => {
    const { bodies, logged } = await returned(() => ({ type: "read_ok" }), {});
    expect([bodies, logged]).toEqual([[], []]);
  });

  test.each(["at once", "later"])(
    "%s, after another reply, is not sent, but logged as an error",
    async (when) => {
      const { bodies, logged } = await returned((request, node) => {
        node.reply(request, { type: "first" });
        const second = { type: "second" };
        return when === "later" ? Promise.resolve(second) : second;
      });
      expect(bodies).toEqual([{ type: "first", in_reply_to: 2 }]);
      expect(logged.join()).toContain('Cannot reply "second" to c1: it has been replied to');
    },
  );

  test.each([
    ["without a type", { value: 1 }],
    ["that is not an object", 7],
  ])("%s becomes crash (13)", async (_, value) => {
    const { bodies } = await returned(() => value as never);
    const text = 'TypeError: The handler of "read" returned a value without a "type"';
    expect(bodies).toEqual([{ type: "error", in_reply_to: 2, code: 13, text }]);
  });

  test("that is not JSON becomes crash (13)", async () => {
    const { bodies } = await returned(async () => ({ type: "read_ok", value: 1n }));
    expect(bodies).toMatchObject([{ type: "error", in_reply_to: 2, code: 13 }]);
  });
});

/** The messages and log lines of a node whose handler throws, or rejects with, a value. */
async function thrown(error: unknown, how: "throws" | "rejects", body: AnyBody = { msg_id: 2 }) {
  const { node, host } = startNode((starting) => {
    starting.handle("read", Any, () => {
      if (how === "throws") throw error;
      return Promise.reject(error);
    });
  });
  receive(node, { type: "read", ...body });
  await settled();
  return { bodies: host.takeBodies(), logged: host.logged };
}

describe.each(["throws", "rejects"] as const)("A handler that %s", (how) => {
  test("an RpcError replies with it, and logs nothing", async () => {
    expect(await thrown(new RpcError("precondition-failed", "2 is not 3"), how)).toEqual({
      bodies: [{ type: "error", in_reply_to: 2, code: 22, text: "2 is not 3" }],
      logged: [],
    });
  });

  test("an RpcError with a custom code replies with that code", async () => {
    const { bodies } = await thrown(new RpcError(1001, "Out of seats"), how);
    expect(bodies).toEqual([{ type: "error", in_reply_to: 2, code: 1001, text: "Out of seats" }]);
  });

  test("the RpcError of another copy of the library replies with it", async () => {
    const path = require.resolve("../../../lib/protocol/errors.ts");
    const copy: typeof import("../../../lib/protocol/errors.ts") = await import(`${path}?other`);
    const { bodies } = await thrown(new copy.RpcError("abort"), how);
    expect(bodies).toEqual([{ type: "error", in_reply_to: 2, code: 14, text: "abort" }]);
  });

  test("any other error replies crash (13), and logs the stack trace", async () => {
    const { bodies, logged } = await thrown(new TypeError("x is not iterable"), how);
    expect(bodies).toEqual([
      { type: "error", in_reply_to: 2, code: 13, text: "TypeError: x is not iterable" },
    ]);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toStartWith('Error in handler of "read": TypeError: x is not iterable\n');
    expect(logged[0]).toContain("node.test.ts");
  });

  const unreadable = new Error("hidden");
  Object.defineProperty(unreadable, "stack", {
    get() {
      throw new Error("no stack either");
    },
  });
  test.each([
    ["a string", "oops", "oops"],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a symbol", Symbol("oops"), "Symbol(oops)"],
    ["an object without prototype", Object.create(null), "an error that cannot be shown"],
    ["an error whose stack cannot be read", unreadable, "Error: hidden"],
  ])("%s replies crash (13), and the node continues", async (_, error, text) => {
    const { bodies, logged } = await thrown(error, how);
    expect(bodies).toEqual([{ type: "error", in_reply_to: 2, code: 13, text }]);
    expect(logged).toEqual([`Error in handler of "read": ${text}`]);
  });

  test("on a request without msg_id only logs", async () => {
    const { bodies, logged } = await thrown(new RpcError("abort", "no"), how, {});
    expect(bodies).toEqual([]);
    expect(logged).toEqual(["Message from c1 failed: no"]);
  });

  test("shortens a long text", async () => {
    const { bodies } = await thrown(new RpcError("abort", "x".repeat(100_000)), how);
    expect(JSON.stringify(bodies).length).toBeLessThan(1000);
  });
});

describe("A handler", () => {
  test("that throws after its reply sends no second one, and logs the error", async () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, async (request) => {
        starting.reply(request, { type: "read_ok" });
        throw new RpcError("abort", "too late");
      });
    });
    receive(node, { type: "read", msg_id: 1 });
    await settled();
    expect(host.takeBodies()).toEqual([{ type: "read_ok", in_reply_to: 1 }]);
    expect(host.logged).toEqual(["Message from c1 failed: too late"]);
  });

  test("may return a thenable, whose rejection becomes the reply", async () => {
    const rejecting: PromiseLike<void> = {
      // biome-ignore lint/suspicious/noThenProperty: The test is about thenables.
      then: (onOk, onError) => Promise.reject(new RpcError("abort")).then(onOk, onError),
    };
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, (() => rejecting) as () => Promise<void>);
    });
    receive(node, { type: "read", msg_id: 1 });
    await settled();
    expect(host.takeBodies()).toMatchObject([{ code: 14, in_reply_to: 1 }]);
  });
});

describe("Node.send", () => {
  test("sends a body without adding msg_id or in_reply_to", () => {
    const { node, host } = startNode();
    node.send("n2", { type: "gossip", values: [1, 2] });
    expect(host.takeSent()).toEqual([
      { src: "n0", dest: "n2", body: { type: "gossip", values: [1, 2] } },
    ]);
  });

  test("encodes the body at once, so that later changes are not sent", () => {
    const { node, host } = startNode();
    const values = [1];
    node.send("n2", { type: "gossip", values });
    values.push(2);
    expect(host.takeBodies()).toEqual([{ type: "gossip", values: [1] }]);
  });
});

describe("Node.generateId", () => {
  test("is unique within a process", () => {
    const { node } = startNode();
    const ids = new Set(Array.from({ length: 10_000 }, () => node.generateId()));
    expect(ids.size).toBe(10_000);
  });

  test("is unique across restarts under one name", () => {
    const ids = new Set<string>();
    for (let seed = 0; seed < 1000; seed++) {
      const { node } = startNode(() => {}, seed);
      for (let index = 0; index < 10; index++) ids.add(node.generateId());
    }
    expect(ids.size).toBe(10_000);
  });

  test("differs between nodes that drew the same random number", () => {
    const idOf = (name: string) => {
      const { node } = newNode(() => {}, 1);
      receive(node, { ...INIT, node_id: name, node_ids: [name] });
      return node.generateId();
    };
    const names = ["n1", "n11", "n", "n-1", "n1-1", "-", "1", ""];
    expect(new Set(names.map(idOf)).size).toBe(names.length);
  });
});

describe("Node", () => {
  test("replies under its own name, whatever the dest of a message", () => {
    const { node, host } = startNode();
    for (const dest of ["n2", "m0", "", "__proto__"]) {
      receive(node, { type: "topology", msg_id: 2, topology: {} }, "c1", dest);
    }
    expect(host.takeSent().map(({ src, body }) => [src, body["type"]])).toEqual(
      Array(4).fill(["n0", "topology_ok"]),
    );
  });

  test("uses the clock, randomness and logger of the host", async () => {
    const { node, host } = startNode(() => {}, 42);
    await host.clock.advance(1234.5);
    expect(node.nowMs()).toBe(1234.5);
    expect(node.random()).toBe(newNode(() => {}, 42).host.random.next());
    node.log("hello");
    expect(host.logged).toEqual(["hello"]);
  });
});

describe("Node.drain", () => {
  /** Starts to drain a node, and reports the end. */
  function drain(node: Node, limitMs = 5000): { isOver: boolean } {
    const state = { isOver: false };
    void node.drain(limitMs).then(() => {
      state.isOver = true;
    });
    return state;
  }

  test("ends at once without work in progress, and stops intervals", async () => {
    const { node, host } = startNode((starting) => starting.every(10, () => {}));
    await node.drain(5000);
    expect(host.clock.pendingTimers).toBe(0);
  });

  test("waits for handlers to end", async () => {
    const { node, host } = startNode((starting) => {
      starting.handle("read", Any, async (request) => {
        await starting.sleep(300);
        await settled();
        starting.reply(request, { type: "read_ok" });
      });
    });
    receive(node, { type: "read", msg_id: 1 });
    const draining = drain(node);
    await host.clock.advance(299);
    expect(draining.isOver).toBe(false);
    await host.clock.advance(1);
    await host.clock.advance(0);
    expect(host.takeBodies()).toEqual([{ type: "read_ok", in_reply_to: 1 }]);
    expect(draining.isOver).toBe(true);
  });

  test("waits for RPCs to time out", async () => {
    const { node, host } = startNode();
    node.rpc("n1", { type: "ask" }, Any, () => {}, { timeoutMs: 700 });
    const draining = drain(node);
    await host.clock.advance(699);
    expect(draining.isOver).toBe(false);
    await host.clock.advance(1);
    expect(draining.isOver).toBe(true);
  });

  test("waits for replies to RPCs", async () => {
    const { node, host } = startNode();
    node.rpc("n1", { type: "ask" }, Any, () => {});
    const draining = drain(node);
    receive(node, { type: "ask_ok", in_reply_to: host.takeBodies()[0]?.["msg_id"] }, "n1");
    await host.clock.advance(0);
    expect(draining.isOver).toBe(true);
  });

  test("waits for work that starts after the last reply, outside any handler", async () => {
    const { node, host } = startNode((starting) => {
      starting.handle("add", Any, () => {
        void starting.seqKv.update("sum", (sum) => Number(sum) + 1);
      });
    });
    const reply = (body: AnyBody) => {
      receive(node, { ...body, in_reply_to: host.takeBodies()[0]?.["msg_id"] }, "seq-kv");
    };
    receive(node, { type: "add" });
    const draining = drain(node);
    reply({ type: "read_ok", value: 4 });
    await host.clock.advance(0);
    expect(host.sent).toMatchObject([{ dest: "seq-kv", body: { type: "cas", from: 4, to: 5 } }]);
    expect(draining.isOver).toBe(false);
    reply({ type: "cas_ok" });
    await host.clock.advance(0);
    expect(draining.isOver).toBe(true);
  });

  test("waits for one-shot timers, and for work that they start", async () => {
    const { node, host } = startNode((starting) => {
      starting.after(50, async () => {
        await starting.sleep(50);
      });
    });
    const draining = drain(node);
    await host.clock.advance(99);
    expect(draining.isOver).toBe(false);
    await host.clock.advance(1);
    expect(draining.isOver).toBe(true);
  });

  test("does not wait for a timer that is cancelled", async () => {
    const { node, host } = startNode();
    const cancel = node.after(1e6, () => {});
    const draining = drain(node);
    await settled();
    expect(draining.isOver).toBe(false);
    cancel();
    await host.clock.advance(0);
    expect(draining.isOver).toBe(true);
  });

  test("ends at its limit, and leaves no timer behind", async () => {
    const { node, host } = startNode();
    node.every(10, () => {});
    node.after(1e6, () => {});
    node.rpc("n1", { type: "ask" }, Any, () => {}, { timeoutMs: 1e6 });
    const draining = drain(node, 2000);
    await host.clock.advance(1999);
    expect(draining.isOver).toBe(false);
    await host.clock.advance(1);
    await settled();
    expect(draining.isOver).toBe(true);
    expect(host.clock.pendingTimers).toBe(0);
  });
});
